/**
 * Rare paths of the engine. A simulation campaign counts how often each was taken, and fails when one never
 * was: what nobody ever took, nobody has tested. The idea is TigerBeetle's coverage marks.
 */
export const MARKS = [
  'a call was refused as overload to the end',
  'a call went unanswered to the end',
  'a doubled write is answered from memory',
  'a home that knows nothing of an attempt says that it is aborted',
  'a large value is stored aside',
  'a page leaves a rest',
  'a part is prepared already',
  'a part was prepared again, and is not a part of the commit',
  'a participant asks what became of an attempt',
  'a prepare gives up for an older transaction',
  'a prepare is sent again',
  'a prepare waits for a younger transaction',
  'a refusal is answered again',
  'a request waits at a lock',
  'a request waits for a reservation',
  'a resend is answered from memory',
  'a resend is certainly the first to arrive',
  'a resend is recognised by its rows',
  'a timestamp is too far ahead to be followed',
  'a transaction makes another attempt',
  'a transaction that is sent again is answered from its record',
  'a transaction that is sent again joins the one under way',
  'a version runs ahead of the clock',
  'a write is undone',
  'a write was sent to the end, and nobody knows',
  'an absence may have been interrupted',
  'an attempt finds that it must not be committed',
  'an insert meets a row and updates it',
  'an instance opens what another has written',
  'an instance takes over locks',
  'nobody knows whether a resend happened',
  'the first write changes nothing and leaves nothing',
  'the first section that writes makes the tables',
  'the first write pins the settings',
  'the outcome of an attempt is told again',
  'the refusal of a transaction is stored',
  'the stored bound of the clock is raised',
] as const

export type Mark = (typeof MARKS)[number]

let observer: ((name: Mark) => void) | undefined

/**
 * Says that a rare path is taken. Write it under the label `MARK`, and the build leaves it out:
 *
 * @example
 * MARK: mark('a page leaves a rest')
 */
export function mark(name: Mark): void {
  observer?.(name)
}

/** Has every mark told to `observe` from now on, or to nobody. */
export function observeMarks(observe: ((name: Mark) => void) | undefined): void {
  observer = observe
}

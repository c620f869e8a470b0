/**
 * Rare paths of the engine. A simulation campaign counts how often each was taken, and fails when one never
 * was: what nobody ever took, nobody has tested. The idea is TigerBeetle's coverage marks.
 */
export const MARKS = [
  'a call was refused as overload to the end',
  'a call went unanswered to the end',
  'a change of intervals begins anew',
  'a copy of a write is passed on once',
  'a doubled write is answered from memory',
  'a hand-over is answered again',
  'a hand-over is declined',
  'a hash key is promoted',
  'a hash partition hands a child its keys',
  'a home has moved before it could decide',
  'a home that knows nothing of an attempt says that it is aborted',
  'a large value is stored aside',
  'a late answer to a target changes nothing',
  'a page leaves a rest',
  'a page of what is aggregated leaves a rest',
  'a part is prepared already',
  'a part was prepared again, and is not a part of the commit',
  'a participant asks what became of an attempt',
  'a partition does not tell how the tree has grown',
  'a partition is adopted',
  'a prepare gives up for an older transaction',
  'a prepare is sent again',
  'a prepare waits for a younger transaction',
  'a publication fails',
  'a range is handed over',
  'a refusal is answered again',
  'a request comes to a partition that is none',
  'a request is answered with directions',
  'a request is passed on',
  'a request waits at a lock',
  'a request waits for a reservation',
  'a request waits for keys that are on their way',
  'a resend is answered from memory',
  'a resend is certainly the first to arrive',
  'a resend is recognised by its rows',
  'a share of a transaction is cut',
  'a target asks its source again',
  'a target serves',
  'a timestamp is too far ahead to be followed',
  'a transaction makes another attempt',
  'a transaction that is sent again is answered from its record',
  'a transaction that is sent again joins the one under way',
  'a version runs ahead of the clock',
  'a write is slowed down',
  'a write is undone',
  'a write was sent to the end, and nobody knows',
  'an absence may have been interrupted',
  'an attempt finds that it must not be committed',
  'an insert meets a row and updates it',
  'an instance opens what another has written',
  'an instance takes over locks',
  'nobody knows whether a resend happened',
  'the first section that writes makes the tables',
  'the first write changes nothing and leaves nothing',
  'the first write pins the settings',
  'the keeper is told again how the tree has grown',
  'the outcome of an attempt is told again',
  'the refusal of a transaction is stored',
  'the stored bound of the clock is raised',
  'the topology is built anew',
  'there is nothing to divide',
  'what a reader looks for has moved away without its knowing',
  'what has ended is deleted in the background',
  'what has moved away is deleted',
  'what is published of the topology cannot be read',
  'who finds that an item has ended deletes it',
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

import { LimitError } from '../errors.js'
import type { ChangeResult, ItemKey, PinnedSettings, TransactAnswer } from '../operations.js'
import { applyWrites } from './apply-writes.js'
import type { Evaluation } from './evaluate-part.js'
import type { Opened, Place } from './place.js'
import type { Participant } from './record-store.js'

/** Characters that a transaction answers at most: its answer is kept for ten minutes, in its record. */
const MAX_ANSWER_CHARACTERS = 500_000

/** What there is to commit, at a transaction's home. */
export interface Commit {
  readonly settings: PinnedSettings
  /** Where the record belongs to. */
  readonly key: ItemKey
  readonly token: number
  readonly digest: number | undefined
  readonly attempt: number
  /** What the home's own part comes to. */
  readonly evaluation: Evaluation
  /** The results of all changes, here and elsewhere. */
  readonly changes: readonly ChangeResult[]
  readonly participants: readonly Participant[]
}

/** Applies the home's own writes and the record of the transaction: the moment of the commit. */
export function commitTransaction(place: Place, opened: Opened, commit: Commit): TransactAnswer {
  const { settings, key, token, digest, attempt, evaluation, changes, participants } = commit
  checkAnswerSize(changes)
  const { storage, clock } = place.ports
  return storage.atomic(() => {
    const at = opened.versions.tick()
    if (evaluation.writes.length > 0) place.pin(settings)
    applyWrites(evaluation.writes, opened, token)
    const dated = changes.map((change) => (change.made ? { ...change, version: at } : change))
    opened.records.put(
      { ...key, id: token, stored: clock.now() },
      { outcome: 'committed', settings, attempt, at, changes: dated, participants, digest },
    )
    return { changes: dated, at }
  })
}

function checkAnswerSize(changes: readonly ChangeResult[]): void {
  const characters = changes.reduce((sum, change) => sum + (change.made ? (change.item?.length ?? 0) : 0), 0)
  if (characters <= MAX_ANSWER_CHARACTERS) return
  throw new LimitError(
    `a transaction's changes return at most ${MAX_ANSWER_CHARACTERS} characters, not ${characters}: ` +
      'return fewer columns, or change fewer rows at once',
    { limit: MAX_ANSWER_CHARACTERS, size: characters },
  )
}

import { cutParts } from '../changes/cut-part.js'
import { errorFromReport, FokosError } from '../errors.js'
import { mark } from '../mark.js'
import type {
  Attempt,
  Fingerprint,
  PartitionTransact,
  PrepareAnswer,
  TransactionPart,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { backOff, callParticipant, MAX_ROUNDS, MAX_SENDINGS } from './call-participant.js'
import { type Evaluation, reasonsOf, refusalOf } from './evaluate-part.js'
import type { Lock } from './lock-table.js'
import type { Place } from './place.js'
import type { Share } from './share.js'

/** An attempt under way: it dies with the instance, which nobody but this instance could commit. */
export interface Undertaking {
  readonly attempt: Attempt
  readonly locks: readonly Lock[]
  /** The home's own part, and what it comes to, or why it does not hold. */
  readonly part: TransactionPart
  readonly own: Evaluation | FokosError
  /** When the first of the items ends that it counts on: then it may come to something else. */
  readonly until: Millis
  /** Everybody else's. */
  readonly shares: Share[]
  /** What the pieces of intervals that are in several of them must sum to. */
  cuts: readonly Fingerprint[]
  /** Whether it has ended: nobody is asked for it any more. */
  over: boolean
}

/**
 * Asks all participants to prepare. One that does not is the end of the attempt: who is outranked must not hold
 * what the older one waits for. Only where every item has its reason are all of them heard.
 */
export function prepareAll(
  place: Place,
  undertaking: Undertaking,
  operation: PartitionTransact,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = 0
    const begin = (shares: readonly Share[]) => {
      missing += shares.length
      for (const share of shares) {
        prepare(place, share, undertaking, operation).then((pieces) => {
          missing--
          if (pieces !== undefined) begin(pieces)
          const over = share.reply.kind !== 'prepared' && pieces === undefined
          if (missing === 0 || (over && operation.refusals === 'conflict')) resolve()
        }, reject)
      }
      if (missing === 0) resolve()
    }
    begin(undertaking.shares)
  })
}

/** @returns what a share was cut into, if it lies in several partitions. */
async function prepare(
  place: Place,
  share: Share,
  undertaking: Undertaking,
  { returning, refusals }: PartitionTransact,
): Promise<readonly Share[] | undefined> {
  const { attempt } = undertaking
  const { partition, part, piece } = share
  for (let sendings = 1; sendings <= MAX_SENDINGS && !undertaking.over; sendings++) {
    if (sendings > 1) await backOff(place, sendings)
    try {
      const answer = await callParticipant(place, partition, attempt.settings, {
        kind: 'prepare',
        attempt,
        ...(piece === 0 ? undefined : { piece }),
        part,
        refusals,
        ...(returning === undefined ? undefined : { returning }),
      })
      if (answer.elsewhere !== undefined) return cut(place, share, undertaking)
      if (answer.owner !== undefined) share.partition = answer.owner.partition
      if (answer.ok) {
        share.reply = { kind: 'prepared', answer: answer.result as PrepareAnswer }
        return undefined
      }
      const { code, details } = answer.error
      if (details?.busy === true) {
        share.reply = { kind: 'busy' }
        return undefined
      }
      if (code !== 'unavailable' && code !== 'overloaded') {
        share.reply = { kind: 'refused', error: errorFromReport(answer.error) }
        return undefined
      }
    } catch (error) {
      if (error instanceof FokosError) {
        share.reply = { kind: 'refused', error }
        return undefined
      }
      // Whether it arrived does not matter: prepared twice is prepared once.
      MARK: mark('a prepare is sent again')
    }
  }
  return undefined
}

/** Cuts a share anew, by what was learned of where its keys are. Its pieces keep its number. */
function cut({ picture }: Place, share: Share, undertaking: Undertaking): readonly Share[] | undefined {
  if (undertaking.over || share.rounds >= MAX_ROUNDS) return undefined
  MARK: mark('a share of a transaction is cut')
  const { parts, cuts } = cutParts([share.part], picture, undertaking.cuts)
  undertaking.cuts = cuts
  const pieces = [...parts].map(
    ([partition, part]): Share => ({
      partition,
      part,
      piece: share.piece,
      rounds: share.rounds + 1,
      reply: { kind: 'lost' },
    }),
  )
  undertaking.shares.splice(undertaking.shares.indexOf(share), 1, ...pieces)
  return pieces
}

/** Why a transaction is refused for good, if it is. */
export function refusalAmong({ own, shares }: Undertaking): FokosError | undefined {
  const errors = [
    ...(own instanceof FokosError ? [own] : []),
    ...shares.flatMap(({ reply }) => (reply.kind === 'refused' ? [reply.error] : [])),
  ]
  const reasons = errors.flatMap(reasonsOf)
  return reasons.length > 0 ? refusalOf(reasons) : errors[0]
}

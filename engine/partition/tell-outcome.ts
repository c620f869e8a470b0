import type { Interval } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import { mark } from '../mark.js'
import type { Attempt, AttemptOutcome, PinnedSettings, Proposal, Version } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import { backOff, callParticipant, MAX_ROUNDS, MAX_SENDINGS } from './call-participant.js'
import { claimOf, hullOf } from './claim.js'
import type { Place } from './place.js'
import type { TransactionRecord } from './record-store.js'
import { participantOf, type Share } from './share.js'

/** What of an attempt is told to a participant, by hash key: where it has been locked, if it was. */
interface Told {
  readonly hashKey: Uint8Array
  readonly within: Interval | undefined
}

/**
 * Tells everybody who was asked to prepare what became of the attempt.
 *
 * @param at when it was committed, if it was.
 * @returns whether each has acknowledged it. Never throws.
 */
export function tellShares(
  place: Place,
  shares: readonly Share[],
  { id, settings }: Attempt,
  at: Version | undefined,
): Promise<boolean[]> {
  const proposals = shares.flatMap((share) => participantOf(share).proposals)
  return Promise.all(
    shares.map(({ partition, part, reply }) => {
      // Who refused has locked nothing.
      if (reply.kind === 'refused' || reply.kind === 'busy') return true
      const told = [...claimOf(part).values()].map((claim) => ({
        hashKey: claim.hashKey,
        within: hullOf(claim),
      }))
      const outcome: AttemptOutcome =
        at === undefined ? { committed: false } : { committed: true, at, proposals: amongOf(proposals, told) }
      return tellOne(place, partition, id, told, outcome, settings)
    }),
  )
}

/**
 * Tells the participants of a commit of it, as its record says.
 *
 * @returns whether each has acknowledged it. Never throws.
 */
export function tellParticipants(
  place: Place,
  { attempt, at, participants, settings }: TransactionRecord & { outcome: 'committed' },
): Promise<boolean[]> {
  const all = participants.flatMap(({ proposals }) => proposals)
  return Promise.all(
    participants.map(({ partition, proposals }) => {
      const told = proposals.map(({ hashKey, within }) => ({ hashKey, within }))
      const outcome = { committed: true, at, proposals: amongOf(all, told) } as const
      return tellOne(place, partition, attempt, told, outcome, settings)
    }),
  )
}

/**
 * Tells everybody who has something of these what became of an attempt, wherever that is by now.
 *
 * @returns whether it was acknowledged. Never throws.
 */
async function tellOne(
  place: Place,
  partition: PartitionName,
  attempt: number,
  told: readonly Told[],
  outcome: AttemptOutcome,
  settings: PinnedSettings,
  rounds = 0,
): Promise<boolean> {
  const hashKeys = told.map(({ hashKey }) => hashKey)
  const within = told.map((each) => each.within)
  const operation = { kind: 'finish', attempt, hashKeys, within, outcome } as const
  for (let sendings = 1; sendings <= MAX_SENDINGS; sendings++) {
    if (sendings > 1) await backOff(place, sendings)
    try {
      const answer = await callParticipant(place, partition, settings, operation)
      if (answer.ok) return true
      if (answer.elsewhere === undefined) continue
      if (rounds >= MAX_ROUNDS) return false
      const heard = await Promise.all(
        [...whereNow(place, told)].map(([next, pieces]) =>
          tellOne(place, next, attempt, pieces, outcome, settings, rounds + 1),
        ),
      )
      return heard.every((one) => one)
    } catch {
      MARK: mark('the outcome of an attempt is told again')
    }
  }
  return false
}

/** Where what an attempt has locked is by now, as far as is known. */
function whereNow({ picture }: Place, told: readonly Told[]): Map<PartitionName, Told[]> {
  const pieces = new Map<PartitionName, Told[]>()
  for (const { hashKey, within = EVERYTHING } of told) {
    for (const { partition, interval } of picture.piecesOf({ hashKey, interval: within })) {
      pieces.set(partition, [...(pieces.get(partition) ?? []), { hashKey, within: interval }])
    }
  }
  return pieces
}

/** The proposals for some hash keys. All of them: one partition may hold several pieces of an attempt. */
function amongOf(proposals: readonly Proposal[], told: readonly Told[]): Proposal[] {
  const texts = new Set(told.map(({ hashKey }) => keyText(hashKey)))
  return proposals.filter(({ hashKey }) => texts.has(keyText(hashKey)))
}

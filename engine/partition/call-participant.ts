import {
  type PartitionAnswer,
  type PartitionOperation,
  type PinnedSettings,
  requestVersion,
} from '../operations.js'
import type { Millis, PartitionName } from '../ports.js'
import { within } from '../within.js'
import type { Place } from './place.js'

/** Sendings of one message to a participant, as long as no answer comes. */
export const MAX_SENDINGS = 4
const FIRST_BACKOFF: Millis = 20
/** How often keys are looked for again that have moved. */
export const MAX_ROUNDS = 32
/** A participant that does not answer for so long is taken to be lost. Longer than it may wait for locks. */
const CALL_PATIENCE: Millis = 8_000

/** One call, for which nobody waits for ever. */
export function callParticipant(
  place: Place,
  partition: PartitionName,
  settings: PinnedSettings,
  operation: PartitionOperation,
): Promise<PartitionAnswer> {
  const { peers, clock } = place.ports
  const request = { version: requestVersion(operation), settings, follows: true, operation }
  return within(CALL_PATIENCE, clock, peers.call(partition, request)).then((answer) => {
    place.learn(answer, partition)
    return answer
  })
}

/**
 * Waits before a message is sent again, longer each time.
 *
 * @param sendings which sending of it is next, from 2.
 */
export function backOff({ ports: { clock, random } }: Place, sendings: number): Promise<void> {
  return clock.sleep(random.fraction() * FIRST_BACKOFF * 4 ** sendings)
}

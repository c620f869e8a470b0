import { errorFromReport, UnavailableError } from '../errors.js'
import {
  type KeeperOperation,
  type KeeperStatus,
  type PinnedSettings,
  REQUEST_VERSION,
} from '../operations.js'
import { type KeeperPeer, PeerCallError } from '../ports.js'

/**
 * Asks the keeper of a database's topology, once.
 *
 * @throws {UnavailableError} when it does not answer.
 */
export async function askKeeper(
  keeper: KeeperPeer,
  { roots, fanout }: PinnedSettings,
  operation: KeeperOperation,
): Promise<KeeperStatus> {
  try {
    const answer = await keeper.call({ version: REQUEST_VERSION, settings: { roots, fanout }, operation })
    if (answer.ok) return answer.status
    throw errorFromReport(answer.error)
  } catch (error) {
    if (!(error instanceof PeerCallError)) throw error
    throw new UnavailableError(`the keeper of the topology does not answer: ${error.message}`)
  }
}

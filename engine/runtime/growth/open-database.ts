import { Client } from '../../client/client.js'
import { openStore, type Store } from '../../store.js'
import { requireBindings } from '../bindings.js'
import { workerClock, workerPeers, workerRandom } from '../worker-ports.js'
import { databaseName, type MeasuredDatabase, settingsOf } from './database.js'

/** A store as any Worker opens it: what this isolate has learned of the tree is known to it. */
export function openDatabase(env: object, database: MeasuredDatabase): Store {
  const { roots, fanout } = database
  return openStore(env, { database: databaseName(database), roots, fanout })
}

/** A client that knows nothing of the tree, as in a Worker that has just started. */
export function newClient(env: object, database: MeasuredDatabase): Client {
  const ports = { peers: workerPeers(requireBindings(env)), clock: workerClock, random: workerRandom }
  return new Client(ports, { database: databaseName(database), settings: settingsOf(database) })
}

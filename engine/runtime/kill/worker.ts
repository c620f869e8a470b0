import { Client } from '../../client/client.js'
import { FokosError } from '../../index.js'
import { encodeKey } from '../../keys/key-codec.js'
import { DEFAULT_SETTINGS } from '../../settings.js'
import { openStore } from '../../store.js'
import { requireBindings, workerClock, workerPeers, workerRandom } from '../worker-ports.js'
import { appending, DATABASE, LOG, type LogRow, logRow } from './log-row.js'
import { readTogether, type TransferRequest, transfer } from './transfer.js'
import { ACCOUNT } from './workload.js'

/** The Worker that is killed. A write is an id that is appended to the logs of one or several rows. */

export { FokosPartition, FokosTopologyKeeper } from '../durable-objects.js'

/** A write as it is sent. */
export interface WriteRequest {
  readonly id: string
  readonly hashKey: string
  /** `insert` makes one row, which must not be there. `append` adds to rows that are there, to all or none. */
  readonly kind: 'insert' | 'append'
  readonly rows: readonly string[]
}

/** What the rows of these hash keys are. */
export interface ReadRequest {
  readonly hashKeys: readonly string[]
}

/** An account to be opened. */
export interface AccountRequest {
  readonly account: string
  readonly coins: number
}

export default {
  /** Status 200 to a write acknowledges it: the engine has said that it happened. */
  async fetch(request: Request, env: object): Promise<Response> {
    try {
      switch (new URL(request.url).pathname) {
        case '/write':
          await write(env, await request.json<WriteRequest>())
          return Response.json(null)
        case '/read':
          return Response.json(await read(env, await request.json<ReadRequest>()))
        case '/account':
          await openAccount(env, await request.json<AccountRequest>())
          return Response.json(null)
        case '/transfer': {
          const made = await transfer(env, await request.json<TransferRequest>())
          return made
            ? Response.json(null)
            : Response.json({ code: 'condition_failed', message: 'not enough coins' }, { status: 500 })
        }
        case '/read-together':
          return Response.json(await readTogether(env, await request.json<ReadRequest>()))
        default:
          return Response.json('ready')
      }
    } catch (error) {
      const code = error instanceof FokosError ? error.code : 'unexpected'
      return Response.json({ code, message: String(error) }, { status: 500 })
    }
  },
}

async function write(env: object, { kind, hashKey, rows, id }: WriteRequest): Promise<void> {
  const store = openStore(env, { database: DATABASE })
  const [row] = rows as [string]
  if (kind === 'insert') {
    await store.insert({ hashKey, sortKey: [LOG, row] }, { log: `${id} `, count: 1 })
  } else if (rows.length === 1) {
    await store.update({ hashKey, sortKey: [LOG, row] }, appending(id))
  } else {
    await appendToAll(env, hashKey, rows, id)
  }
}

/** Several changes in one atomic section, as a statement of the dialect makes them: the store has one at a time. */
async function appendToAll(env: object, hashKey: string, rows: readonly string[], id: string): Promise<void> {
  const ports = {
    peers: workerPeers(requireBindings(env)),
    clock: workerClock,
    random: workerRandom,
  }
  const client = new Client(ports, { database: DATABASE, settings: DEFAULT_SETTINGS })
  const assignments = Object.entries(appending(id)).map(([name, made]) => ({ column: name, value: made }))
  const changes = rows.map((row) => ({
    kind: 'update' as const,
    key: { hashKey: encodeKey([hashKey]), sortKey: encodeKey([LOG, row]) },
    assignments,
  }))
  const result = await client.write({ kind: 'write', changes })
  if (!result.changes.every(({ made }) => made)) throw new Error('a row to append to is not there')
}

async function read(env: object, { hashKeys }: ReadRequest): Promise<LogRow[]> {
  const store = openStore(env, { database: DATABASE })
  const found: LogRow[] = []
  for (const hashKey of hashKeys) {
    for await (const item of store.query({ hashKey, prefix: LOG })) found.push(logRow(hashKey, item))
  }
  return found
}

async function openAccount(env: object, { account, coins }: AccountRequest): Promise<void> {
  const key = { hashKey: account, sortKey: [LOG, ACCOUNT] }
  await openStore(env, { database: DATABASE }).insert(key, { log: '', count: 0, coins })
}

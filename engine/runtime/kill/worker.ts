import { Client } from '../../client/client.js'
import { FokosError } from '../../index.js'
import { encodeKey } from '../../keys/key-codec.js'
import { openStore, type Store } from '../../store.js'
import { requireBindings } from '../bindings.js'
import { durableObjects } from '../durable-objects.js'
import { workerClock, workerPeers, workerRandom } from '../worker-ports.js'
import { appending, inserted, LOG, type LogRow, logRow } from './log-row.js'
import { DATABASE, PINNED, SETTINGS } from './settings.js'
import { slowTransfers } from './slow-transfers.js'
import { readTogether, type TransferRequest, transfer } from './transfer.js'
import { ACCOUNT } from './workload.js'

/** The Worker that is killed. A write is an id that is appended to the logs of one or several rows. */

const { FokosPartition: Partition, FokosTopologyKeeper } = durableObjects({ settings: SETTINGS })
export const FokosPartition = slowTransfers(Partition)
export { FokosTopologyKeeper }

/** A write as it is sent. */
export interface WriteRequest {
  readonly id: string
  readonly hashKey: string
  /** `insert` makes one row, which must not be there. `append` adds to rows that are there, to all or none. */
  readonly kind: 'insert' | 'append'
  readonly rows: readonly string[]
  /** By how much each row grows, beside its log. */
  readonly padding: number
}

/** What the rows of these hash keys are. */
export interface ReadRequest {
  readonly hashKeys: readonly string[]
  readonly descending?: boolean
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
        case '/scan':
          return Response.json(await scan(env))
        default:
          return Response.json('ready')
      }
    } catch (error) {
      const code = error instanceof FokosError ? error.code : 'unexpected'
      return Response.json({ code, message: String(error) }, { status: 500 })
    }
  },
}

function open(env: object): Store {
  return openStore(env, { database: DATABASE, ...PINNED })
}

async function write(env: object, { kind, hashKey, rows, id, padding }: WriteRequest): Promise<void> {
  const store = open(env)
  const [row] = rows as [string]
  if (kind === 'insert') {
    await store.insert({ hashKey, sortKey: [LOG, row] }, inserted(id, padding))
  } else if (rows.length === 1) {
    await store.update({ hashKey, sortKey: [LOG, row] }, appending(id, padding))
  } else {
    await appendToAll(env, hashKey, rows, appending(id, padding))
  }
}

/** Several changes in one atomic section, as a statement of the dialect makes them: the store has one at a time. */
async function appendToAll(
  env: object,
  hashKey: string,
  rows: readonly string[],
  appended: ReturnType<typeof appending>,
): Promise<void> {
  const ports = {
    peers: workerPeers(requireBindings(env)),
    clock: workerClock,
    random: workerRandom,
  }
  const client = new Client(ports, { database: DATABASE, settings: SETTINGS })
  const assignments = Object.entries(appended).map(([name, made]) => ({ column: name, value: made }))
  const changes = rows.map((row) => ({
    kind: 'update' as const,
    key: { hashKey: encodeKey([hashKey]), sortKey: encodeKey([LOG, row]) },
    assignments,
  }))
  const result = await client.write({ kind: 'write', changes })
  if (!result.changes.every(({ made }) => made)) throw new Error('a row to append to is not there')
}

async function read(env: object, { hashKeys, descending = false }: ReadRequest): Promise<LogRow[]> {
  const store = open(env)
  const found: LogRow[] = []
  for (const hashKey of hashKeys) {
    for await (const item of store.query({ hashKey, prefix: LOG, descending }))
      found.push(logRow(hashKey, item))
  }
  return found
}

/** All rows of the database, whatever their hash keys. */
async function scan(env: object): Promise<LogRow[]> {
  const found: LogRow[] = []
  for await (const { items } of open(env).scan({ pageSize: 50 })) {
    for (const { hashKey, ...row } of items) found.push(logRow(String(hashKey[0]), row))
  }
  return found
}

async function openAccount(env: object, { account, coins }: AccountRequest): Promise<void> {
  const key = { hashKey: account, sortKey: [LOG, ACCOUNT] }
  await open(env).insert(key, { log: '', count: 0, coins })
}

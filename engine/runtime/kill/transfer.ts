import { Client } from '../../client/client.js'
import {
  calculate,
  column,
  compare,
  type Item,
  openStore,
  TransactionConflictError,
  value,
} from '../../index.js'
import { encodeKey } from '../../keys/key-codec.js'
import type { Age } from '../../operations.js'
import { decodeItem, encodeItem } from '../../values/item-text.js'
import { requireBindings } from '../bindings.js'
import { workerClock, workerPeers, workerRandom } from '../worker-ports.js'
import { appending, LOG, type LogRow, logRow } from './log-row.js'
import { DATABASE, PINNED, SETTINGS } from './settings.js'
import { ACCOUNT } from './workload.js'

/*
 * The transactions of the Worker that is killed. A transfer takes coins from one account and gives them to another,
 * appends its id to the logs of both, and makes a row of its own in a book: three rows, in up to three partitions.
 */

/** A transfer as it is sent. */
export interface TransferRequest {
  readonly id: string
  readonly from: string
  readonly to: string
  /** The hash key of the transfer's own row. */
  readonly book: string
  readonly coins: number
  /** `token`: one call, with its id as its token, and conditions. `block`: reads both accounts, then writes them. */
  readonly how: 'token' | 'block'
}

const ATTEMPTS = 30

/** @returns whether there were coins enough: nothing happens if not. */
export function transfer(env: object, request: TransferRequest): Promise<boolean> {
  return request.how === 'token' ? transferAtOnce(env, request) : transferInBlock(env, request)
}

/** All rows of some hash keys, at one moment. */
export async function readTogether(
  env: object,
  { hashKeys }: { hashKeys: readonly string[] },
): Promise<LogRow[]> {
  const found = await openStore(env, { database: DATABASE, ...PINNED }).transactRead(
    hashKeys.map((hashKey) => ({ kind: 'query', query: { hashKey, prefix: LOG } }) as const),
  )
  return found.flatMap((items, i) => items.map((item) => logRow(hashKeys[i] as string, item)))
}

async function transferAtOnce(env: object, { id, from, to, book, coins }: TransferRequest): Promise<boolean> {
  const move = (account: string, operator: '+' | '-') => ({
    kind: 'update' as const,
    key: { hashKey: account, sortKey: [LOG, ACCOUNT] },
    set: { ...appending(id), coins: calculate(column('coins'), operator, value(coins)) },
  })
  try {
    await openStore(env, { database: DATABASE, ...PINNED }).transactWrite(
      [
        { ...move(from, '-'), condition: compare(column('coins'), '>=', value(coins)) },
        move(to, '+'),
        // Nothing but the transaction itself is to keep it from happening twice.
        { kind: 'put', key: { hashKey: book, sortKey: [LOG, id] }, value: { log: `${id} `, count: 1 } },
      ],
      { token: id },
    )
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'condition_failed') return false
    throw error
  }
}

async function transferInBlock(env: object, request: TransferRequest): Promise<boolean> {
  const ports = { peers: workerPeers(requireBindings(env)), clock: workerClock, random: workerRandom }
  const client = new Client(ports, { database: DATABASE, settings: SETTINGS })
  let age: Age | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptInBlock(client, request, age)
    } catch (error) {
      if (!(error instanceof TransactionConflictError) || attempt === ATTEMPTS) throw error
      age ??= error.details.age as Age | undefined
      await workerClock.sleep(workerRandom.fraction() * 10 * attempt)
    }
  }
}

async function attemptInBlock(
  client: Client,
  { id, from, to, book, coins }: TransferRequest,
  age: Age | undefined,
): Promise<boolean> {
  const block = client.begin({ age })
  const key = (hashKey: string, row: string) => ({
    hashKey: encodeKey([hashKey]),
    sortKey: encodeKey([LOG, row]),
  })
  const read = async (account: string) => {
    const found = await block.get({ kind: 'get', key: key(account, ACCOUNT) })
    if (found === null) throw new Error(`there is no account ${account}`)
    return decodeItem(found.item) as { log: string; count: number; coins: number }
  }
  const put = async (hashKey: string, row: string, item: Item) => {
    const change = { kind: 'put', key: key(hashKey, row), item: encodeItem(item) } as const
    await block.write({ kind: 'write', changes: [change] })
  }
  const [taken, given] = [await read(from), await read(to)]
  if (taken.coins < coins) return false
  const appended = ({ log, count }: { log: string; count: number }) => ({
    log: `${log}${id} `,
    count: count + 1,
  })
  await put(from, ACCOUNT, { ...appended(taken), coins: taken.coins - coins })
  await put(to, ACCOUNT, { ...appended(given), coins: given.coins + coins })
  await put(book, id, { log: `${id} `, count: 1 })
  await block.commit()
  return true
}

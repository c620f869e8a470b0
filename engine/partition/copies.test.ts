import { expect, it } from 'vitest'
import { encodeKey } from '../keys/key-codec.js'
import type { Attempt, ItemKey, PartitionTransact, TransactionPart } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { rootOf } from '../topology/partition-name.js'
import { encodeItem } from '../values/item-text.js'
import { TestWorld } from './transfer/test-world.js'

const settings = { roots: 2, fanout: 2 }
/** Of a client that declares something else by mistake. */
const others = { roots: 2, fanout: 3 }
const [HERE, THERE] = ['main/h/0', 'main/h/1'] as [PartitionName, PartitionName]

/** Hash keys of a root, in no order. */
function keysOf(root: PartitionName): ItemKey[] {
  return Array.from({ length: 20 }, (_, i) => encodeKey([i]))
    .filter((hashKey) => rootOf('main', hashKey, settings.roots) === root)
    .map((hashKey) => ({ hashKey, sortKey: encodeKey([]) }))
}

const put = (key: ItemKey | undefined, index = 0): TransactionPart => ({
  seen: { items: [], intervals: [] },
  changes: [{ index, change: { kind: 'put', key: key as ItemKey, item: encodeItem({ n: 1 }) } }],
})

it('a copy of a transaction that is under way is answered as that is, though it would be refused by itself', async () => {
  const world = new TestWorld()
  const [mine, locked] = keysOf(HERE)
  const [theirs] = keysOf(THERE)
  let arrive = () => {}
  const arrives = new Promise<'arrives'>((resolve) => {
    arrive = () => resolve('arrives')
  })
  world.requests = ({ kind, from }) => (kind === 'prepare' && from === HERE ? arrives : 'arrives')
  const transact: PartitionTransact = {
    kind: 'transact',
    token: world.token(),
    born: world.now,
    resent: false,
    refusals: 'items',
    part: put(mine),
    others: [{ partition: THERE, part: put(theirs, 1) }],
  }
  const first = world.ask(HERE, transact, { settings })
  await world.pass(1)
  // Nothing is written yet, so that somebody with other settings can lock something.
  const attempt = {
    id: 5,
    token: 6,
    home: THERE,
    hashKey: theirs?.hashKey as Uint8Array,
    age: { at: world.now * 1_024, id: 6 },
    settings: others,
  } as Attempt
  const prepare = { kind: 'prepare', attempt, refusals: 'items', part: put(locked) } as const
  expect((await world.ask(HERE, prepare, { settings: others })).ok).toBe(true)
  const copy = world.ask(HERE, transact, { settings })
  await world.pass(1)
  const aborted = { committed: false } as const
  const hashKeys = [locked?.hashKey as Uint8Array]
  await world.ask(
    HERE,
    { kind: 'finish', attempt: attempt.id, hashKeys, outcome: aborted },
    { settings: others },
  )
  arrive()
  await world.pass(10_000)
  const told = await first
  expect(told.ok).toBe(true)
  expect(await copy).toEqual(told)
})

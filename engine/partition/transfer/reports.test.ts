import { describe, expect, it } from 'vitest'
import { encodeKey } from '../../keys/key-codec.js'
import type { GrowthEvent, KeySet } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { EVERYTHING } from '../../topology/key-set.js'
import { childIndex, childOf, rangeRootOf } from '../../topology/partition-name.js'
import { encodeItem } from '../../values/item-text.js'
import { SETTINGS, TestWorld } from './test-world.js'

const ROOT = 'main/h/0' as PartitionName
const STATUS = { pinned: true, hashPartitions: 0, promoted: 0, rangePartitions: 0, rebuilding: false }
const A = encodeKey(['a'])
const RANGE = rangeRootOf(ROOT, A)
const children: { target: PartitionName; set: KeySet }[] = [0, 1].map((index) => ({
  target: childOf(ROOT, index),
  set: { kind: 'child', level: 1, fanout: 2, index },
}))
const promotion: { target: PartitionName; set: KeySet } = {
  target: RANGE,
  set: { kind: 'hashKey', hashKey: A },
}
const boundary = encodeKey([5])
const halves: { target: PartitionName; set: KeySet }[] = [
  { from: EVERYTHING.from, to: boundary },
  { from: boundary, to: EVERYTHING.to },
].map((interval, index) => ({
  target: childOf(RANGE, index),
  set: { kind: 'interval', hashKey: A, interval },
}))

/** A world with a keeper that writes down what it is told, and one item. */
async function newWorld(hears: () => boolean = () => true) {
  const world = new TestWorld()
  const told: GrowthEvent[][] = []
  let calls = 0
  let toldNothing = 0
  world.keeper = {
    async call({ operation }) {
      if (operation.kind === 'agree') return { ok: true, status: STATUS }
      calls++
      if (!hears()) throw new Error('nobody answers')
      if (operation.kind !== 'report') return { ok: true, status: STATUS }
      if (operation.events.length > 0) told.push([...operation.events])
      else toldNothing++
      return { ok: true, status: STATUS }
    },
  }
  await put(world, A, 1)
  return { world, told, calls: () => calls, toldNothing: () => toldNothing }
}

async function put(world: TestWorld, hashKey: Uint8Array, sort: number) {
  const key = { hashKey, sortKey: encodeKey([sort]) }
  const change = { kind: 'put', key, item: encodeItem({ n: sort }) } as const
  const write = { kind: 'write', changes: [change], token: world.token(), born: world.now } as const
  const { ok } = await world.ask(ROOT, { ...write, resent: false })
  expect(ok).toBe(true)
}

describe('the keeper', () => {
  it('is told of a split when all children serve, and once', async () => {
    const { world, told } = await newWorld()
    let late = () => {}
    const second = new Promise<'arrives'>((resolve) => {
      late = () => resolve('arrives')
    })
    world.requests = ({ kind, from }) => (kind === 'settle' && from === childOf(ROOT, 1) ? second : 'arrives')
    world.divide(ROOT, children)
    await world.pass(3_000)
    expect(told).toEqual([])
    late()
    await world.pass(60_000)
    expect(told).toEqual([[{ kind: 'split', partition: ROOT }]])
  })

  it('is told of a promotion, and of the range that divides', async () => {
    const { world, told } = await newWorld()
    world.divide(ROOT, [promotion])
    await world.pass(10_000)
    world.divide(RANGE, halves)
    await world.pass(10_000)
    expect(told).toEqual([
      [{ kind: 'promotion', hashKey: A }],
      [{ kind: 'rangeSplit', partition: RANGE, hashKey: A, boundary }],
    ])
  })

  it('is told again until it answers, less and less often, and by another instance too', async () => {
    let hears = false
    const { world, told, calls } = await newWorld(() => hears)
    world.divide(ROOT, children)
    await world.pass(3_600_000)
    expect(calls()).toBeGreaterThan(5)
    expect(calls()).toBeLessThan(40)
    world.restart(ROOT)
    hears = true
    await world.pass(400_000)
    expect(told).toEqual([[{ kind: 'split', partition: ROOT }]])
  })

  it('is told by the children of what was promoted above them, which may not have told it', async () => {
    let hears = false
    const { world, told } = await newWorld(() => hears)
    world.divide(ROOT, [promotion])
    await world.pass(10_000)
    world.divide(ROOT, children)
    await world.pass(10_000)
    hears = true
    await world.pass(600_000)
    const child = childOf(ROOT, childIndex(A, 1, SETTINGS.fanout))
    expect(world.rows(child, 'SELECT count(*) AS promoted FROM promoted')).toEqual([{ promoted: 1 }])
    expect(told.flat()).toContainEqual({ kind: 'promotion', hashKey: A })
    expect(told.flat()).toContainEqual({ kind: 'split', partition: ROOT })
  })

  it('is told that a root has data, with the settings of that, once in its life', async () => {
    const { world, told, toldNothing } = await newWorld()
    await world.pass(10_000)
    expect(toldNothing()).toBe(0)
    for (let i = 0; i < 3; i++) {
      world.restart(ROOT)
      await put(world, A, i)
      await world.pass(10_000)
    }
    expect([told, toldNothing()]).toEqual([[], 1])
    await world.pass(3_600_000)
    expect(world.host(ROOT).alarm).toBeUndefined()
  })

  it('is told of what grew before partitions told it', async () => {
    const { world, told } = await newWorld()
    const { keeper } = world
    world.keeper = undefined
    world.divide(ROOT, children)
    await world.pass(10_000)
    world.host(ROOT).database.exec("DELETE FROM facts WHERE name = 'grown'")
    world.keeper = keeper
    world.restart(ROOT)
    await put(world, A, 2)
    await world.pass(10_000)
    expect(told).toEqual([[{ kind: 'split', partition: ROOT }]])
  })
})

describe('an outline', () => {
  it('has what has come to its end, and all who serve below', async () => {
    const { world } = await newWorld()
    world.requests = ({ kind, from }) =>
      kind === 'settle' && from === childOf(ROOT, 1) ? new Promise(() => {}) : 'arrives'
    world.divide(ROOT, [promotion])
    await world.pass(10_000)
    world.divide(ROOT, children)
    await world.pass(3_000)
    const { result } = await world.ask(ROOT, { kind: 'outline' })
    expect(result).toEqual({
      events: [{ kind: 'promotion', hashKey: A }],
      below: [childOf(ROOT, 0), childOf(ROOT, 1), RANGE],
    })
  })

  it('of a partition in which nothing is, is empty', async () => {
    const { result } = await new TestWorld().ask(ROOT, { kind: 'outline' })
    expect(result).toEqual({ events: [], below: [] })
  })
})

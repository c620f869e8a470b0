import { afterAll, beforeAll, expect, it } from 'vitest'
import { Measurements } from './measurements.js'
import { planMeasurements } from './plan.js'
import { storeInMemory } from './store-in-memory.js'

/*
 * What must hold while a tree grows. How fast it is depends on the machine: `npm run measure:growth` says that.
 */

const plan = planMeasurements('test')
const measurements = new Measurements()
beforeAll(() => {
  storeInMemory()
  return measurements.start()
})
afterAll(() => measurements.stop())

/** What partitions that have split may keep: empty tables. */
const LITTLE = 200_000

it('a load over many hash keys splits, while nobody who reads or writes is refused, and no row is lost', async () => {
  const { bytes, database } = plan.spread(1)
  const { refused, findings, tree, hops } = await measurements.run(plan.spread(1))
  expect(refused).toEqual({})
  expect(findings).toEqual([])
  expect(tree.owners).toBeGreaterThanOrEqual(bytes / database.bytes)
  expect(tree.largest).toBeLessThan(2 * database.bytes)
  // What was handed over is deleted, and its space is given back.
  expect(tree.largestEmptied).toBeLessThan(LITTLE)
  // Who has sent one request to each partition asks the owner of every key at once.
  expect(hops.owners).toBe(tree.owners)
  expect(hops.later).toHaveLength(1)
})

it.each(plan.ranges)(
  'one hash key that grows in $order order gets ranges, and is read in both directions all the while',
  async (range) => {
    const { refused, findings, queries, tree, hops } = await measurements.run(range)
    expect(refused).toEqual({})
    expect(findings).toEqual([])
    expect(queries.forward).toBeGreaterThan(10)
    expect(queries.reverse).toBeGreaterThan(10)
    expect(tree.promoted).toBe(1)
    expect(tree.owners).toBeGreaterThanOrEqual(range.bytes / range.database.bytes)
    expect(tree.largestEmptied).toBeLessThan(LITTLE)
    expect(hops.later).toHaveLength(1)
  },
)

it('a range that too many want is divided, while nobody is refused', async () => {
  const { refused, tree } = await measurements.run(plan.heat)
  expect(refused).toEqual({})
  expect(tree.findings).toEqual([])
  expect(tree.promoted).toBe(1)
  // Beside the roots and what was promoted first: at least one range was divided again.
  expect(tree.owners).toBeGreaterThan(plan.heat.database.roots + 2)
})

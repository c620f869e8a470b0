import type { SeededRandom } from '../seeded-random.js'
import { block, insertAt, readOnly, scanOver } from './building.js'
import type { ChangeOperation, Operation, Place, ReadingOperation, Walk } from './operation.js'
import type { Step } from './transaction.js'
import type { Workload } from './workloads.js'

/** Hash keys beside the one that has most of the rows. */
const OTHERS = 14
/** Rows of the one, and of each of the others. */
const MOST = 40
const FEW = 8

/** Anywhere: every second time at the one hash key. */
function anywhere(random: SeededRandom): Place {
  if (random.chance(0.5)) return { hash: 0, sort: random.below(MOST) }
  return { hash: 1 + random.below(OTHERS), sort: random.below(FEW) }
}

/** Different places. */
function somewhere(random: SeededRandom, count: number): Place[] {
  const places = new Map<string, Place>()
  while (places.size < count) {
    const place = anywhere(random)
    places.set(`${place.hash}/${place.sort}`, place)
  }
  return [...places.values()]
}

/** Rows that make partitions grow, next to each other or far apart. */
function rows(random: SeededRandom): ChangeOperation {
  const { hash, sort } = anywhere(random)
  const all = Array.from({ length: hash === 0 ? MOST : FEW }, (_, i) => i)
  const near = all.slice(sort, sort + 5)
  return {
    kind: 'insert',
    hash,
    sorts: random.chance(0.5) ? near : random.some(all, 1, 5),
    onExisting: random.pick(['ignore', 'ignore', 'append', 'error']),
    ...(random.chance(0.06) ? { large: true } : {}),
  }
}

function interval(random: SeededRandom): ReadingOperation & { kind: 'range' } {
  const { hash, sort: from } = anywhere(random)
  return {
    kind: 'range',
    hash,
    from: random.chance(0.3) ? 0 : from,
    to: random.integer(from + 1, hash === 0 ? MOST : FEW),
    descending: random.chance(0.5),
    pageSize: random.pick([1, 3, 8, 50]),
    ...(random.chance(0.3) ? { limit: random.integer(1, 12) } : {}),
    ...(random.chance(0.2) ? { atLeast: 1 } : {}),
  }
}

function scan(random: SeededRandom): ReadingOperation {
  const hashes = random.some(
    Array.from({ length: OTHERS + 1 }, (_, i) => i),
    2,
    6,
  )
  return {
    ...scanOver(hashes, random.below(4), random.pick([5, FEW, MOST]), random),
    ...(random.chance(0.3) ? { pageSize: random.integer(1, 6) } : {}),
    ...(random.chance(0.3) ? { limit: random.integer(1, 10) } : {}),
    ...(random.chance(0.2) ? { atLeast: 1 } : {}),
  }
}

function change(random: SeededRandom, at: Place): ChangeOperation {
  const condition = random.chance(0.2) ? { if: random.below(3) } : {}
  const alone = random.chance(0.04) ? { alone: true } : {}
  if (random.chance(0.2)) return { kind: 'put', at, large: random.chance(0.1), ...condition }
  if (random.chance(0.25))
    return { kind: 'delete', at, quiet: random.chance(0.5), ...condition, ...alone } as ChangeOperation
  if (random.chance(0.3))
    return { ...insertAt(at), onExisting: random.pick(['append', 'ignore', 'error']) } as ChangeOperation
  return { kind: 'append', at, quiet: random.chance(0.3), ...condition, ...alone } as ChangeOperation
}

/** @param places how many a hash key has. */
export function walkThrough(random: SeededRandom, hashes: number, places: number): Walk {
  const from = random.chance(0.6) ? 0 : random.below(places)
  return {
    kind: 'walk',
    segments: random.integer(1, 3),
    pageSize: random.pick([1, 3, 10, 500]),
    resumes: random.chance(0.3),
    from,
    to: random.chance(0.6) ? places : random.integer(from + 1, places),
    hashes: random.some(
      Array.from({ length: hashes }, (_, i) => i),
      1,
      3,
    ),
  }
}

/** Statements of all kinds while the tree grows below them. */
const growth: Workload = {
  name: 'growth',
  grows: true,
  operations: [12, 40],
  next(random) {
    const at = anywhere(random)
    if (random.chance(0.35)) return rows(random)
    if (random.chance(0.05)) return walkThrough(random, OTHERS + 1, random.pick([FEW, MOST]))
    if (random.chance(0.15)) return { kind: 'get', at }
    if (random.chance(0.12)) return { kind: 'append', at, if: 'as seen' }
    if (random.chance(0.25)) return change(random, at)
    if (random.chance(0.45)) return interval(random)
    if (random.chance(0.45)) return scan(random)
    return { kind: 'batchGet', places: somewhere(random, random.integer(2, 8)) }
  },
}

/** One hash key that outgrows its partition and then every part of itself: what is about it is about many. */
const oneKey: Workload = {
  name: 'one key',
  grows: true,
  operations: [10, 35],
  next(random) {
    const at = { hash: 0, sort: random.below(MOST) }
    const all = Array.from({ length: MOST }, (_, i) => i)
    if (random.chance(0.08)) return rows(random)
    if (random.chance(0.04)) return walkThrough(random, 1, MOST)
    if (random.chance(0.3)) {
      const onExisting = random.pick(['ignore', 'append', 'error'] as const)
      return { kind: 'insert', hash: 0, sorts: random.some(all, 1, 6), onExisting }
    }
    if (random.chance(0.35))
      return { ...interval(random), hash: 0, from: random.below(at.sort + 1), to: MOST }
    if (random.chance(0.1)) return { kind: 'get', at }
    if (random.chance(0.15))
      return { kind: 'batchGet', places: random.some(all, 2, 8).map((sort) => ({ hash: 0, sort })) }
    if (random.chance(0.25)) {
      const changes = random.some(all, 2, 4).map((sort) => change(random, { hash: 0, sort }))
      return { kind: 'several', changes: changes.map(noAlone) }
    }
    return change(random, at)
  },
}

/** Accounts of a bank, some under one hash key and some under others, among rows that are none. */
const ACCOUNTS: readonly Place[] = [
  ...[0, 11, 22, 33].map((sort) => ({ hash: 0, sort })),
  ...[1, 2, 3, 4].map((hash) => ({ hash, sort: 3 })),
]

const accounts: Workload = {
  name: 'growing accounts',
  grows: true,
  operations: [8, 26],
  next(random) {
    const all = { kind: 'batchGet', places: ACCOUNTS, balanced: true } as const
    if (random.chance(0.35)) {
      const { hash } = anywhere(random)
      const free = Array.from({ length: hash === 0 ? MOST : FEW }, (_, i) => i).filter(
        (sort) => !ACCOUNTS.some((account) => account.hash === hash && account.sort === sort),
      )
      return { kind: 'insert', hash, sorts: random.some(free, 1, 5), onExisting: 'ignore' }
    }
    if (random.chance(0.12)) return all
    if (random.chance(0.12)) return { ...scanOver([0, 1, 2, 3, 4], 0, MOST, random), balanced: true }
    if (random.chance(0.15)) return readOnly(all)
    if (random.chance(0.1)) return readOnly(...ACCOUNTS.map((at) => ({ kind: 'get', at }) as const))
    const [from, to] = random.some(ACCOUNTS, 2, 2) as [Place, Place]
    const carried = random.chance(0.4)
    const transfer = { kind: 'transfer', from, to, amount: random.integer(1, 9), carried } as const
    return random.chance(0.2) ? block(transfer, all) : block(transfer)
  },
}

/** Blocks, plans and statements over rows of many partitions, and over intervals of several. */
const blocks: Workload = {
  name: 'growing blocks',
  grows: true,
  operations: [8, 24],
  next(random) {
    if (random.chance(0.3)) return rows(random)
    if (random.chance(0.08)) return change(random, anywhere(random))
    if (random.chance(0.06)) return { ...interval(random), pageSize: random.integer(1, 8) }
    if (random.chance(0.12)) return readOnly(interval(random), ...(random.chance(0.5) ? [scan(random)] : []))
    if (random.chance(0.2)) {
      const changes = somewhere(random, random.integer(2, 5)).map((at) => noAlone(change(random, at)))
      return { kind: 'several', changes }
    }
    if (random.chance(0.15)) {
      const [first, ...others] = somewhere(random, random.integer(2, 4)) as [Place, ...Place[]]
      const changes = others.map((at) => noAlone(change(random, at)))
      const steps: Step[] = [{ kind: 'several', changes: [{ kind: 'append', at: first }, ...changes] }]
      return { kind: 'transaction', as: 'plan', steps }
    }
    const [one, two, three] = somewhere(random, 3) as [Place, Place, Place]
    if (random.chance(0.3)) {
      return block(
        change(random, one),
        { kind: 'savepoint' },
        change(random, two),
        interval(random),
        ...(random.chance(0.7) ? [{ kind: 'rollback' } as const] : []),
        change(random, three),
      )
    }
    if (random.chance(0.3)) {
      return block(interval(random), { ...insertAt(one), onExisting: 'ignore', when: 'nothing' } as Step, {
        kind: 'rewrite',
        at: one,
        when: 'found',
      })
    }
    if (random.chance(0.4))
      return block({ kind: 'batchGet', places: [one, two] }, { kind: 'rewrite', at: one })
    return block(
      ...[one, two, three].map((at): Step => {
        if (random.chance(0.3)) return { kind: 'get', at }
        return random.chance(0.5) ? { kind: 'rewrite', at } : change(random, at)
      }),
    )
  },
}

/** Whose refusal it is that a row is not alone must be known: one change's. */
function noAlone(operation: ChangeOperation): ChangeOperation {
  if (!('alone' in operation)) return operation
  const { alone: _, ...without } = operation
  return without as ChangeOperation
}

/** What makes the tree grow below itself. */
export const GROWING: readonly Workload[] = [growth, oneKey, accounts, blocks]

/** The places that no workload but the growing ones speaks of. */
const FREE = Array.from({ length: 60 }, (_, i) => i).filter((sort) => sort >= 40 || sort % 10 >= 8)

/** Rows beside those of a workload that is too small to grow, at its hash keys and at others. */
export function filling(random: SeededRandom): Operation {
  const hash = random.chance(0.4) ? 0 : random.below(9)
  if (random.chance(0.2)) return { kind: 'delete', at: { hash, sort: random.pick(FREE) } }
  if (random.chance(0.1)) return { kind: 'get', at: { hash, sort: random.pick(FREE) } }
  if (random.chance(0.06)) return walkThrough(random, 4, 60)
  return { kind: 'insert', hash, sorts: random.some(FREE, 1, 6), onExisting: 'ignore' }
}

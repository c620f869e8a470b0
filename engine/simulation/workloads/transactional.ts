import type { SeededRandom } from '../seeded-random.js'
import { block, insertAt, place, places, readOnly, scanOver, whole } from './building.js'
import type { ChangeOperation, Operation, Place } from './operation.js'
import type { Step } from './transaction.js'
import type { Workload } from './workloads.js'

/** Accounts of a bank: amounts move from one to another, and whoever looks at all of them finds nothing in all. */
const ACCOUNTS: readonly Place[] = [0, 1, 2, 3].map((hash) => ({ hash, sort: 0 }))

const transfers: Workload = {
  name: 'transfers',
  next(random) {
    const all = { kind: 'batchGet', places: ACCOUNTS, balanced: true } as const
    if (random.chance(0.12)) return all
    if (random.chance(0.12)) return { ...scanOver([0, 1, 2, 3], 0, 1, random), balanced: true }
    if (random.chance(0.2)) return readOnly(all)
    if (random.chance(0.1)) return readOnly(...ACCOUNTS.map((at) => ({ kind: 'get', at }) as const))
    const [from, to] = random.some(ACCOUNTS, 2, 2) as [Place, Place]
    const amount = random.integer(1, 9)
    const transfer = { kind: 'transfer', from, to, amount, carried: random.chance(0.4) } as const
    return random.chance(0.2) ? block(transfer, all) : block(transfer)
  },
}

/** Lists of several rows, which blocks read and append to, also without having read them. */
const lists: Workload = {
  name: 'lists',
  next(random) {
    const at = place(random, 3, 2)
    if (random.chance(0.1)) return { kind: 'get', at }
    if (random.chance(0.1)) return { kind: 'append', at }
    if (random.chance(0.05)) return { kind: 'put', at, large: random.chance(0.3) }
    const steps = places(random, random.integer(1, 4), 3, 2).map((at): Step => {
      if (random.chance(0.35)) return { kind: 'get', at }
      if (random.chance(0.3)) return { kind: 'rewrite', at }
      if (random.chance(0.1)) return { kind: 'delete', at, quiet: random.chance(0.5) }
      if (random.chance(0.4)) return { kind: 'insert', hash: at.hash, sorts: [at.sort], onExisting: 'append' }
      const condition = random.chance(0.25) ? { if: random.below(4) } : {}
      return { kind: 'append', at, quiet: random.chance(0.7), ...condition }
    })
    return block(...steps)
  },
}

/** Pairs of rows that everybody reads before he writes one of them. */
const skew: Workload = {
  name: 'skew',
  next(random) {
    const [hashes, sort] = [random.some([0, 1, 2], 2, 2), random.below(2)] as [number[], number]
    const pair = hashes.map((hash) => ({ hash, sort })) as [Place, Place]
    if (random.chance(0.1)) return { kind: 'append', at: pair[0] }
    if (random.chance(0.1)) return { kind: 'delete', at: pair[0] }
    if (random.chance(0.15)) return { kind: 'batchGet', places: pair }
    const reads: readonly Step[] = random.chance(0.3)
      ? [{ kind: 'batchGet', places: pair }]
      : pair.map((at) => ({ kind: 'get', at }) as const)
    if (random.chance(0.2)) return readOnly(...reads)
    return block(...reads, { kind: 'rewrite', at: random.pick(pair) })
  },
}

/** What is written depends on what an interval holds, while rows come and go in it. */
const intervals: Workload = {
  name: 'intervals',
  next(random) {
    const [hash, other] = random.some([0, 1, 2], 2, 2) as [number, number]
    const sort = random.below(4)
    if (random.chance(0.12)) return { ...insertAt({ hash, sort }), onExisting: 'ignore' } as Operation
    if (random.chance(0.12)) return { kind: 'delete', at: { hash, sort }, quiet: random.chance(0.5) }
    if (random.chance(0.1)) return whole(hash)
    const from = random.below(3)
    const reading = {
      ...whole(hash, from, random.integer(from + 1, 4)),
      descending: random.chance(0.4),
      ...(random.chance(0.25) ? { limit: random.integer(1, 2) } : {}),
      ...(random.chance(0.2) ? { atLeast: 1 } : {}),
    }
    if (random.chance(0.15)) return readOnly(reading, whole(other))
    // Read in two pieces, while others write in both of them at one moment.
    if (random.chance(0.2)) {
      return block(whole(hash, 0, 2), { kind: 'get', at: { hash: other, sort } }, whole(hash, 2, 4), {
        kind: 'rewrite',
        at: { hash: other, sort },
      })
    }
    if (random.chance(0.25)) {
      const pieces = [random.below(2), 2 + random.below(2)]
      return block(...pieces.map((sort) => ({ kind: 'rewrite', at: { hash, sort } }) as const))
    }
    const elsewhere = { hash: random.chance(0.3) ? hash : other, sort }
    return block(
      reading,
      { ...insertAt(elsewhere), onExisting: 'ignore', when: 'nothing' } as Step,
      random.chance(0.5)
        ? { kind: 'delete', at: elsewhere, when: 'found' }
        : { kind: 'rewrite', at: elsewhere, when: 'found' },
    )
  },
}

/** Rows of two tables under one hash key, and of two: one of them counts the other's. */
const tables: Workload = {
  name: 'tables',
  next(random) {
    const hash = random.below(3)
    const far = random.chance(0.5) ? hash : random.below(3)
    const order = { hash, sort: random.below(4) }
    const count = { hash: far, sort: 4 }
    if (random.chance(0.1)) return { ...whole(hash, 0, 5), pageSize: random.integer(2, 5) }
    if (random.chance(0.2)) return readOnly(whole(hash), { kind: 'get', at: count })
    if (random.chance(0.3)) {
      return block(
        { kind: 'delete', at: order },
        { kind: 'append', at: count, quiet: random.chance(0.6) },
        ...(random.chance(0.3) ? [whole(hash)] : []),
      )
    }
    return block(
      ...(random.chance(0.4) ? [whole(hash)] : []),
      { ...insertAt(order), onExisting: random.pick(['error', 'ignore', 'append']) } as Step,
      random.chance(0.5)
        ? { kind: 'insert', hash: far, sorts: [4], onExisting: 'append' }
        : { kind: 'rewrite', at: count },
    )
  },
}

/** Blocks that take back what they did. */
const savepoints: Workload = {
  name: 'savepoints',
  next(random) {
    const change = (at: Place): Step =>
      random.pick<Step>([
        { kind: 'append', at, quiet: random.chance(0.5) },
        { kind: 'put', at, large: random.chance(0.2) },
        { kind: 'delete', at, quiet: random.chance(0.5) },
        {
          kind: 'insert',
          hash: at.hash,
          sorts: [at.sort],
          onExisting: random.pick(['ignore', 'append', 'error']),
        },
        { kind: 'rewrite', at },
      ])
    const look = (): Step[] =>
      random.chance(0.5)
        ? [random.chance(0.5) ? whole(random.below(2), 0, 3) : { kind: 'get', at: place(random, 2, 3) }]
        : []
    if (random.chance(0.1)) return { kind: 'append', at: place(random, 2, 3) }
    if (random.chance(0.15)) return readOnly(whole(0, 0, 3), whole(1, 0, 3))
    return block(
      change(place(random, 2, 3)),
      ...look(),
      { kind: 'savepoint' },
      change(place(random, 2, 3)),
      ...(random.chance(0.5) ? [change(place(random, 2, 3))] : []),
      ...look(),
      ...(random.chance(0.8) ? [{ kind: 'rollback' } as const] : []),
      ...look(),
      ...(random.chance(0.7) ? [change(place(random, 2, 3))] : []),
      ...look(),
    )
  },
}

/**
 * A row is made and taken away, and each time another one, elsewhere, counts that: both are read, one by one. The
 * count comes first, so that its partition decides: a look at the row may then wait for what the look at the
 * count has not seen.
 */
function comeAndGo(random: SeededRandom): Operation {
  const [row, count] = [
    { hash: 0, sort: 0 },
    { hash: 1, sort: 0 },
  ]
  const counting = { kind: 'insert', hash: 1, sorts: [0], onExisting: 'append' } as const
  if (random.chance(0.4)) {
    return readOnly(
      { kind: 'get', at: row },
      { kind: 'get', at: { hash: 2, sort: 0 } },
      { kind: 'get', at: count },
    )
  }
  return random.chance(0.5)
    ? block(counting, { ...insertAt(row), onExisting: 'ignore' } as Step)
    : block(counting, { kind: 'delete', at: row })
}

/** Reads of one moment, while rows are made, taken away and made again. */
const snapshots: Workload = {
  name: 'snapshots',
  next(random) {
    if (random.chance(0.5)) return comeAndGo(random)
    const at = place(random, 3, 2)
    const pair = random.some([0, 1, 2], 2, 3).map((hash) => ({ hash, sort: at.sort }))
    if (random.chance(0.2)) return { ...insertAt(at), onExisting: 'ignore' } as Operation
    if (random.chance(0.2)) return { kind: 'delete', at, quiet: random.chance(0.5) }
    if (random.chance(0.15)) return { kind: 'batchGet', places: pair }
    if (random.chance(0.15))
      return scanOver(
        pair.map(({ hash }) => hash),
        0,
        2,
        random,
      )
    if (random.chance(0.4)) return readOnly(...pair.map((at) => ({ kind: 'get', at }) as const))
    if (random.chance(0.3)) return readOnly(...pair.map(({ hash }) => whole(hash, 0, 2)))
    const [one, two] = pair as [Place, Place]
    return random.chance(0.5)
      ? block({ ...insertAt(one), onExisting: 'ignore' } as Step, { kind: 'delete', at: two, quiet: true })
      : block({ kind: 'delete', at: one, quiet: true }, { kind: 'delete', at: two, quiet: true })
  },
}

/** Single statements and plans over several hash keys: all or nothing. */
const spread: Workload = {
  name: 'spread',
  next(random) {
    const at = place(random, 3, 2)
    if (random.chance(0.08)) return { kind: 'get', at }
    if (random.chance(0.1)) return { kind: 'delete', at }
    if (random.chance(0.1)) return { kind: 'batchGet', places: places(random, 3, 3, 2) }
    if (random.chance(0.1)) return scanOver(random.some([0, 1, 2], 1, 3), 0, 2, random)
    const some = places(random, random.integer(2, 3), 3, 2)
    if (random.chance(0.4)) {
      const onExisting = random.pick(['error', 'error', 'ignore', 'append'] as const)
      const changes = some.map((at) => ({ ...insertAt(at), onExisting }) as ChangeOperation)
      return { kind: 'several', changes }
    }
    if (random.chance(0.4)) {
      const changes = some.map(
        (at): ChangeOperation =>
          random.pick<ChangeOperation>([
            { kind: 'append', at },
            { kind: 'append', at, if: random.below(3) },
            { kind: 'delete', at },
            { kind: 'put', at, large: random.chance(0.2) },
          ]),
      )
      return { kind: 'several', changes }
    }
    const changes = some.map(
      (at): ChangeOperation =>
        random.pick<ChangeOperation>([
          { kind: 'append', at },
          { kind: 'put', at, large: false },
          { kind: 'check', at, if: random.chance(0.5) ? 'absent' : random.below(2) },
          { ...insertAt(at), onExisting: 'append' } as ChangeOperation,
        ]),
    )
    const writing = changes.some(({ kind }) => kind !== 'check')
    const plan = writing ? changes : [...changes.slice(1), { kind: 'append', at: some[0] as Place } as const]
    return { kind: 'transaction', as: 'plan', steps: [{ kind: 'several', changes: plan }] }
  },
}

/** What needs several rows, wherever they are, to change at one moment. */
export const TRANSACTIONAL: readonly Workload[] = [
  transfers,
  lists,
  skew,
  intervals,
  tables,
  savepoints,
  snapshots,
  spread,
].map((workload) => ({ ...workload, operations: [6, 22] }))

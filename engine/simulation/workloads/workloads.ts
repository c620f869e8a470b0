import type { SeededRandom } from '../seeded-random.js'
import { atLarge } from './at-large.js'
import { place } from './building.js'
import { GROWING, walkThrough } from './growing.js'
import type { Operation } from './operation.js'
import { TRANSACTIONAL } from './transactional.js'

/** What clients do in a run, decided before it begins. */
export interface Workload {
  readonly name: string
  /** How many operations a client does, where one is worth several of others. */
  readonly operations?: readonly [number, number]
  /** Its rows are many, and always in a tree that grows. */
  readonly grows?: boolean
  /** The next operation of a client. */
  next(random: SeededRandom): Operation
}

const range = (random: SeededRandom, hashes: number, sorts: number): Operation => {
  const from = random.below(sorts)
  return {
    kind: 'range',
    hash: random.below(hashes),
    from,
    to: random.integer(from + 1, sorts),
    descending: random.chance(0.4),
    pageSize: random.integer(1, sorts),
  }
}

/** Everybody at a few rows: increments and reads, and now and then all anew. */
const contention: Workload = {
  name: 'contention',
  next(random) {
    const at = place(random, 2, 2)
    if (random.chance(0.35)) return { kind: 'get', at }
    if (random.chance(0.15)) return { kind: 'put', at, large: random.chance(0.3) }
    if (random.chance(0.08)) return { kind: 'delete', at }
    return { kind: 'append', at }
  },
}

/** Who changes only what he has seen: of two with the same picture, one wins. */
const conditional: Workload = {
  name: 'conditional',
  next(random) {
    const at = place(random, 2, 2)
    if (random.chance(0.4)) return { kind: 'get', at }
    if (random.chance(0.1)) return { kind: 'insert', hash: at.hash, sorts: [at.sort], onExisting: 'ignore' }
    if (random.chance(0.05)) return { kind: 'delete', at }
    return { kind: 'append', at, if: random.chance(0.7) ? 'as seen' : random.below(4) }
  },
}

/** Inserts that race for the same places, alone and several at once, and deletes that make room again. */
const inserts: Workload = {
  name: 'inserts',
  next(random) {
    const at = place(random, 2, 3)
    if (random.chance(0.35)) return { kind: 'delete', at }
    if (random.chance(0.2)) return { kind: 'get', at }
    return {
      kind: 'insert',
      hash: at.hash,
      sorts: random.some([0, 1, 2], 1, 2),
      onExisting: random.pick(['error', 'error', 'ignore', 'append']),
    }
  },
}

/** Ranges in pages, while their rows come, change and go. */
const ranges: Workload = {
  name: 'ranges',
  next(random) {
    const at = place(random, 2, 8)
    if (random.chance(0.45)) return range(random, 2, 8)
    if (random.chance(0.2)) return { kind: 'delete', at }
    if (random.chance(0.4)) return { kind: 'put', at, large: random.chance(0.2) }
    return {
      kind: 'insert',
      hash: at.hash,
      sorts: random.some([0, 1, 2, 3, 4, 5, 6, 7], 1, 4),
      onExisting: 'ignore',
    }
  },
}

const SIMPLE = [contention, conditional, inserts, ranges]

/** All of it, and batches over several hash keys. */
const mixed: Workload = {
  name: 'mixed',
  next(random) {
    if (random.chance(0.15)) {
      const hashes = random.some([0, 1, 2, 3], 2, 4)
      return { kind: 'batchGet', places: hashes.map((hash) => ({ hash, sort: random.below(5) })) }
    }
    return widen(random.pick(SIMPLE).next(random), random)
  },
}

/** Moves an operation to any of the hash keys that the mixed workload has. */
function widen(operation: Operation, random: SeededRandom): Operation {
  const hash = random.below(4)
  if ('at' in operation) return { ...operation, at: { hash, sort: operation.at.sort % 5 } }
  return 'hash' in operation ? { ...operation, hash } : operation
}

/** All that a statement can be: conditions on everything, rows that grow, deletes unseen, places named twice. */
const statements: Workload = {
  name: 'statements',
  next(random) {
    const at = place(random, 2, 3)
    const condition = random.chance(0.4) ? { if: random.chance(0.5) ? 'as seen' : random.below(3) } : {}
    const alone = random.chance(0.15) ? { alone: true } : {}
    const grow = random.chance(0.3) ? { grow: true } : {}
    if (random.chance(0.2)) return { kind: 'get', at }
    if (random.chance(0.25)) {
      const loud = random.chance(0.1)
      return { kind: 'put', at, large: loud || random.chance(0.4), loud, ...condition } as Operation
    }
    if (random.chance(0.25)) {
      return { kind: 'delete', at, quiet: random.chance(0.5), ...condition, ...alone } as Operation
    }
    if (random.chance(0.15)) return { kind: 'append', at, twice: true, ...alone, ...grow } as Operation
    if (random.chance(0.5)) return { kind: 'append', at, ...condition, ...alone, ...grow } as Operation
    const sorts = random.some([0, 1, 2], 1, 3)
    const large = random.chance(0.2) ? { large: true } : {}
    return random.chance(0.4)
      ? { kind: 'insert', hash: at.hash, sorts: [...sorts, at.sort], onExisting: 'ignore', ...large }
      : {
          kind: 'insert',
          hash: at.hash,
          sorts,
          onExisting: 'append',
          ...(random.chance(0.4) ? { if: random.below(3) } : {}),
          ...grow,
          ...large,
        }
  },
}

/** Reads over several hash keys in every order, with filters and limits, while rows come, change and go. */
const scans: Workload = {
  name: 'scans',
  next(random) {
    const at = place(random, 4, 5)
    const reading = {
      ...(random.chance(0.4) ? { limit: random.integer(1, 5) } : {}),
      ...(random.chance(0.4) ? { atLeast: 1 } : {}),
    }
    if (random.chance(0.3)) {
      const from = random.chance(0.5) ? 0 : random.below(5)
      return {
        kind: 'scan',
        hashes: random.some([0, 1, 2, 3], 1, 4),
        from,
        to: random.chance(0.5) ? 5 : random.integer(from + 1, 5),
        order: {
          first: random.pick(['hashKey', 'sortKey']),
          hashKey: random.pick(['ascending', 'descending']),
          sortKey: random.pick(['ascending', 'descending']),
        },
        ...(random.chance(0.4) ? { pageSize: random.integer(1, 3) } : {}),
        ...reading,
      }
    }
    if (random.chance(0.06)) return walkThrough(random, 4, 5)
    if (random.chance(0.2)) return { ...range(random, 4, 5), ...reading } as Operation
    if (random.chance(0.15)) return { kind: 'delete', at }
    if (random.chance(0.3)) return { kind: 'append', at }
    return {
      kind: 'insert',
      hash: at.hash,
      sorts: random.some([0, 1, 2, 3, 4], 1, 3),
      onExisting: random.chance(0.8) ? 'ignore' : 'append',
    }
  },
}

/** Their amounts are zero in all, whatever happens. */
const BALANCED = ['transfers', 'growing accounts']

/** What clients can be made to do. */
export const WORKLOADS: readonly Workload[] = [
  ...SIMPLE,
  mixed,
  statements,
  scans,
  ...TRANSACTIONAL,
  ...GROWING,
].map((workload) => atLarge(workload, { amounts: !BALANCED.includes(workload.name) }))

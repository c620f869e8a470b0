import type { SeededRandom } from '../seeded-random.js'
import type { ChangeOperation, Operation, ReadingOperation, Scan } from './operation.js'
import { scanOf } from './reads.js'
import type { Step } from './transaction.js'
import type { Alter, Total } from './whole-interval.js'
import type { Workload } from './workloads.js'

/** How far an alteration goes beyond the place that another change would have been at. */
const BESIDE = 4
/** Beyond the places of these, there are none left in workloads that are folded. */
const PLACES = 8

/**
 * The same workload, but some of the intervals that it reads are summed up by the store, or read from somewhere behind
 * their beginning, and some of its changes go to all rows beside the one that they are about.
 *
 * @param amounts whether these may give amounts, or take rows away with theirs.
 */
export function atLarge(workload: Workload, { amounts }: { readonly amounts: boolean }): Workload {
  return {
    ...workload,
    next(random) {
      const operation = workload.next(random)
      if (operation.kind === 'range' && random.chance(0.08)) return withOffset(scanOf(operation), random)
      return enlarge(operation, random, amounts)
    },
  }
}

function enlarge(operation: Operation, random: SeededRandom, amounts: boolean): Operation {
  switch (operation.kind) {
    case 'range':
    case 'scan':
    case 'batchGet':
      return enlargeReading(operation, random)
    case 'put':
    case 'insert':
    case 'append':
    case 'delete':
      return random.chance(0.07) ? beside(operation, random, amounts) : operation
    case 'transaction': {
      if (operation.as === 'plan') return operation
      const steps = operation.steps.map((step) => enlargeStep(step, random, amounts))
      return { ...operation, steps }
    }
    default:
      return operation
  }
}

function enlargeStep(step: Step, random: SeededRandom, amounts: boolean): Step {
  const { when, ...alone } = step
  switch (alone.kind) {
    case 'range':
    case 'scan':
    case 'batchGet':
    case 'put':
    case 'insert':
    case 'append':
    case 'delete':
      return { ...(enlarge(alone, random, amounts) as Step), ...(when === undefined ? undefined : { when }) }
    default:
      return step
  }
}

function enlargeReading(reading: ReadingOperation, random: SeededRandom): ReadingOperation {
  switch (reading.kind) {
    case 'range':
      if (random.chance(0.12)) return { ...reading, offset: random.integer(1, 3) }
      return random.chance(0.3) ? totalOf(scanOf(reading), random) : reading
    case 'scan':
      if (reading.pageSize !== undefined) return reading
      if (reading.balanced !== true && random.chance(0.15)) return withOffset(reading, random)
      return random.chance(0.3) ? totalOf(reading, random) : reading
    case 'batchGet': {
      // Accounts that each have a hash key of their own, or lie among rows that have nothing.
      const sorts = reading.places.map(({ sort }) => sort)
      const hashes = [...new Set(reading.places.map(({ hash }) => hash))]
      const { balanced } = reading
      if (balanced !== true || !random.chance(0.3)) return reading
      const all = { hashes, from: Math.min(...sorts), to: Math.max(...sorts) + 1 }
      return { kind: 'total', ...all, balanced, ...(random.chance(0.3) ? { by: 'n' } : {}) }
    }
    default:
      return reading
  }
}

function withOffset(scan: Scan, random: SeededRandom): Scan {
  return { ...scan, offset: random.integer(1, 4) }
}

function totalOf({ hashes, from, to, atLeast, balanced }: Scan, random: SeededRandom): Total {
  const by = balanced === true ? random.pick(['all', 'n'] as const) : random.pick(WAYS)
  return {
    kind: 'total',
    hashes,
    from,
    to,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(balanced === undefined ? {} : { balanced }),
    ...(by === 'n' || by === 'place' ? { by } : {}),
    ...(by === 'bare' && hashes.length === 1 ? { bare: true } : {}),
  }
}

const WAYS = ['all', 'all', 'n', 'place', 'bare'] as const

/** All rows around the one that is changed. */
function beside(change: ChangeOperation, random: SeededRandom, amounts: boolean): Operation & Step {
  const { hash, sort } = 'at' in change ? change.at : { hash: change.hash, sort: change.sorts[0] as number }
  const hashes = random.chance(0.25) ? [...new Set([hash, random.below(3)])] : [hash]
  const alter: Alter = {
    kind: 'alter',
    hashes,
    from: random.chance(0.3) ? 0 : Math.max(0, sort - random.below(BESIDE)),
    to: Math.max(sort + 1, Math.min(sort + 1 + random.below(BESIDE), Math.max(PLACES, sort))),
    ...(random.chance(0.3) ? { atLeast: random.integer(1, 2) } : {}),
  }
  if (!amounts) return alter
  if (change.kind === 'delete' ? random.chance(0.7) : random.chance(0.1)) return { ...alter, deletes: true }
  return random.chance(0.5) ? { ...alter, amount: random.integer(1, 9) } : alter
}

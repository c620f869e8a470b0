import type { ChangeOperation, Operation, Place, ReadingOperation, Several } from './operation.js'
import type { Step } from './transaction.js'

/** So many places of the one hash key stand for one of those that a workload speaks of. */
const PLACES = 10

/**
 * The same operation with all of its rows at one hash key, where they lie in different ranges of it: what is about
 * several hash keys is about several range partitions then.
 */
export function fold(operation: Operation): Operation {
  switch (operation.kind) {
    case 'several':
      return foldSeveral(operation)
    case 'transaction':
      return { ...operation, steps: operation.steps.map(foldStep) }
    case 'walk':
      return { ...operation, hashes: [0], ...foldRun(operation.hashes, operation) }
    case 'get':
    case 'batchGet':
    case 'range':
    case 'scan':
    case 'total':
      return foldReading(operation)
    case 'alter':
      return { ...operation, hashes: [0], ...foldRun(operation.hashes, operation) }
    default:
      return foldChange(operation)
  }
}

function foldStep(step: Step): Step {
  switch (step.kind) {
    case 'savepoint':
    case 'rollback':
      return step
    case 'rewrite':
      return { ...step, at: foldPlace(step.at) }
    case 'transfer':
      return { ...step, from: foldPlace(step.from), to: foldPlace(step.to) }
    default:
      return { ...(fold(step) as Step), ...(step.when === undefined ? undefined : { when: step.when }) }
  }
}

function foldSeveral(several: Several): Several {
  return { ...several, changes: several.changes.map(foldChange) }
}

function foldChange(change: ChangeOperation): ChangeOperation {
  if (change.kind !== 'insert') return { ...change, at: foldPlace(change.at) }
  return {
    ...change,
    hash: 0,
    sorts: change.sorts.map((sort) => foldPlace({ hash: change.hash, sort }).sort),
  }
}

function foldReading(reading: ReadingOperation): ReadingOperation {
  switch (reading.kind) {
    case 'get':
      return { ...reading, at: foldPlace(reading.at) }
    case 'batchGet':
      return { ...reading, places: reading.places.map(foldPlace) }
    case 'range':
      return { ...reading, hash: 0, ...foldRun([reading.hash], reading) }
    case 'scan':
    case 'total':
      return { ...reading, hashes: [0], ...foldRun(reading.hashes, reading) }
    default:
      return reading satisfies never
  }
}

/** From the first of the places of any of the hash keys to the last. */
function foldRun(
  hashes: readonly number[],
  { from, to }: { readonly from: number; readonly to: number },
): { readonly from: number; readonly to: number } {
  return { from: Math.min(...hashes) * PLACES + from, to: Math.max(...hashes) * PLACES + to }
}

function foldPlace({ hash, sort }: Place): Place {
  return { hash: 0, sort: hash * PLACES + sort }
}

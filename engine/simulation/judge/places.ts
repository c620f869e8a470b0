import type { Record } from '../record.js'
import { type Operation, type Place, placeText } from '../workloads/operation.js'
import type { Step } from '../workloads/transaction.js'

/** The places that an operation names. */
export function placesOf(operation: Operation): Place[] {
  switch (operation.kind) {
    case 'batchGet':
      return [...operation.places]
    case 'insert':
      return [...new Set(operation.sorts)].map((sort) => ({ hash: operation.hash, sort }))
    case 'scan':
    case 'walk':
    case 'total':
    case 'alter':
      return operation.hashes.flatMap((hash) => placesBetween(hash, operation))
    case 'range':
      return placesBetween(operation.hash, operation)
    case 'several':
      return operation.changes.flatMap(placesOf)
    case 'transaction':
      return operation.steps.flatMap(placesOfStep)
    default:
      return [operation.at]
  }
}

/** The places that it leaves changed, if it happens. */
export function placesLeft({ operation, leaves }: Record): Place[] {
  return leaves === undefined ? placesOf(operation) : leaves.map(({ place }) => place)
}

/** Whether it takes a row away, or may: a put does so with what was in it. */
export function mayRemove({ operation, leaves }: Record, place: string): boolean {
  if (leaves !== undefined) return leaves.some((left) => placeText(left.place) === place)
  const changes = operation.kind === 'several' ? operation.changes : [operation]
  return changes.some(
    (change) => (change.kind === 'delete' || change.kind === 'put') && placeText(change.at) === place,
  )
}

/** Whether it deletes a row, or may. */
export function mayDelete({ operation, leaves }: Record, place: string): boolean {
  if (leaves !== undefined) return leaves.some((left) => left.deletes && placeText(left.place) === place)
  const changes = operation.kind === 'several' ? operation.changes : [operation]
  return changes.some((change) => change.kind === 'delete' && placeText(change.at) === place)
}

function placesOfStep(step: Step): Place[] {
  switch (step.kind) {
    case 'rewrite':
      return [step.at]
    case 'transfer':
      return [step.from, step.to]
    case 'savepoint':
    case 'rollback':
      return []
    default:
      return placesOf(step)
  }
}

function placesBetween(hash: number, { from, to }: { readonly from: number; readonly to: number }): Place[] {
  return Array.from({ length: to - from }, (_, i) => ({ hash, sort: from + i }))
}

import type { Clock, Millis } from '../../ports.js'
import { placesOf } from '../judge/places.js'
import type { SeededRandom } from '../seeded-random.js'
import { type ChangeOperation, type Operation, placeText, type Several } from './operation.js'
import type { Alter } from './whole-interval.js'

/** How long rows live: shorter and longer than clocks are apart, and some that are over when they are written. */
const LIVES: readonly Millis[] = [-1_000, 30, 100, 300, 1_000, 3_000, 6_000, 20_000]

/**
 * The same, with rows that live for some time where it makes or renews some. Blocks make none; and what names a row
 * twice does not: it may find it gone the second time.
 */
export function withLives(operation: Operation, random: SeededRandom): Operation {
  if (namesTwice(operation)) return operation
  switch (operation.kind) {
    case 'put':
    case 'insert':
    case 'append':
      return random.chance(operation.kind === 'append' ? 0.15 : 0.4)
        ? { ...operation, lives: random.pick(LIVES) }
        : operation
    case 'several':
      return {
        ...operation,
        changes: operation.changes.map((change) => withLives(change, random) as ChangeOperation),
      }
    default:
      return operation
  }
}

function namesTwice(operation: Operation): boolean {
  switch (operation.kind) {
    case 'append':
      return operation.twice === true
    case 'insert':
      return new Set(operation.sorts).size < operation.sorts.length
    case 'several': {
      const named = operation.changes.flatMap(placesOf).map(placeText)
      return new Set(named).size < named.length || operation.changes.some(namesTwice)
    }
    default:
      return false
  }
}

/** Whether rows must stay as they are, because somebody adds up what is in all of them. */
export function addsUp(operation: Operation): boolean {
  if ('balanced' in operation && operation.balanced === true) return true
  return (
    operation.kind === 'transaction' &&
    operation.steps.some((step) => step.kind === 'transfer' || addsUp(step as Operation))
  )
}

/** Says when what lives for some time ends, by the client's clock; what is there ends as it would have. */
export function dated<O extends Operation>(operation: O, clock: Clock): O {
  return (
    operation.kind === 'several'
      ? { ...operation, changes: operation.changes.map((change) => dated(change, clock)) }
      : hasEnd(operation)
        ? { ...operation, ends: operation.lives === undefined ? 'kept' : clock.now() + operation.lives }
        : operation
  ) as O
}

/** Rows that a block writes do not end: of those that it has not committed, its client's clock would decide. */
export function unending<O extends ChangeOperation | Alter | Several>(operation: O): O {
  return (
    operation.kind === 'several'
      ? { ...operation, changes: operation.changes.map(unending) }
      : hasEnd(operation) || operation.kind === 'alter'
        ? { ...operation, ends: null }
        : operation
  ) as O
}

function hasEnd(operation: Operation): operation is ChangeOperation & { kind: 'put' | 'insert' | 'append' } {
  return operation.kind === 'put' || operation.kind === 'insert' || operation.kind === 'append'
}

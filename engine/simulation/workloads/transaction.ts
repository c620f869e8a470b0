import type { ChangeOperation, Place, ReadingOperation, Several } from './operation.js'
import { describeOperation, placeText } from './operation.js'
import type { Alter } from './whole-interval.js'

/**
 * Several statements that happen together, at one moment, or not at all.
 *
 * - `block`: through a transaction block, as `db.transaction()` makes them.
 * - `plan`: all of its changes are known at once, each must be made, and each that is refused says why.
 */
export interface TransactionOperation {
  readonly kind: 'transaction'
  readonly as: 'block' | 'plan'
  readonly readOnly?: boolean
  readonly steps: readonly Step[]
}

/**
 * One thing that a block does. What it writes may depend on what it has read.
 *
 * - `rewrite` reads a row and puts what follows from it, or makes the row if there is none.
 * - `transfer` takes an amount from one row and gives it to another. `carried`: it reads neither, and leaves the
 *   sums to the store.
 * - `savepoint` is where the next `rollback` goes back to.
 * - `when` makes a step depend on whether the last read before it found any row.
 */
export type Step = (
  | ReadingOperation
  | ChangeOperation
  | Alter
  | Several
  | { readonly kind: 'rewrite'; readonly at: Place }
  | {
      readonly kind: 'transfer'
      readonly from: Place
      readonly to: Place
      readonly amount: number
      readonly carried: boolean
    }
  | { readonly kind: 'savepoint' }
  | { readonly kind: 'rollback' }
) & { readonly when?: 'found' | 'nothing' }

export function describeTransaction({ as, readOnly, steps }: TransactionOperation): string {
  const what = as === 'plan' ? 'plan' : readOnly === true ? 'read-only block' : 'block'
  return `${what}: ${steps.map(describeStep).join('; ')}`
}

function describeStep(step: Step): string {
  const condition = step.when === undefined ? '' : `when ${step.when}, `
  switch (step.kind) {
    case 'rewrite':
      return `${condition}rewrite ${placeText(step.at)}`
    case 'transfer':
      return `${condition}move ${step.amount} from ${placeText(step.from)} to ${placeText(step.to)}${step.carried ? ', unseen' : ''}`
    case 'savepoint':
    case 'rollback':
      return `${condition}${step.kind}`
    default:
      return `${condition}${describeOperation(step)}`
  }
}

/** The attempts of a transaction have numbers of their own, a fraction beyond the operation's. */
export function attemptId(operation: number, attempt: number): number {
  return attempt === 0 ? operation : Number(`${operation}.${String(attempt).padStart(3, '0')}`)
}

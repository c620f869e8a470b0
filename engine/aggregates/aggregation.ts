import type { Expression } from '../expressions/expression.js'
import type { KeyPart } from '../keys/key-codec.js'
import type { Value } from '../values/value.js'

/** What is computed of many items: for each group of them, or for all of them. */
export interface Aggregation {
  /** What tells groups apart. Without any, all items are one group, which is there also when there are no items. */
  readonly groups: readonly GroupColumn[]
  readonly aggregates: readonly Aggregate[]
}

/** A value that all items of a group have in common: one that can stand in a key, or null. */
export interface GroupColumn {
  readonly name: string
  readonly value: Expression
}

/**
 * One result of a group, under a name that no other result and no group column has.
 *
 * - `count`: how many items there are or, with an operand, for how many that is not null.
 * - `sum`: of numbers, rounded once, whatever their order; of bigints, exact; of booleans as 1 and 0. Null without any.
 * - `avg`: the sum, as a number, by the count. Null without any.
 * - `min`, `max`: the least and the greatest value that is not null. Values of different types are in the order of
 *   keys. Null without any.
 */
export interface Aggregate {
  readonly name: string
  readonly function: 'count' | 'sum' | 'avg' | 'min' | 'max'
  /** All but `count` have one. */
  readonly operand?: Expression
  /** Of `count`: counts different values, which must be such as can stand in a key. */
  readonly distinct?: boolean
  /** Only items that it holds for count. */
  readonly filter?: Expression
}

/** What one partition has computed of a group: it can be merged with what others have. */
export interface PartialGroup {
  /** The group columns' values, in order. */
  readonly values: readonly Value[]
  /** Of the aggregates, in order. */
  readonly states: readonly AggregateState[]
}

/** How far one aggregate has come. Plain data. */
export type AggregateState =
  | { readonly kind: 'count'; readonly count: number }
  | SumState
  | { readonly kind: 'extreme'; readonly value: Value }
  | { readonly kind: 'distinct'; readonly values: readonly KeyPart[] }

/** A sum without a rounding error. */
export interface SumState {
  readonly kind: 'sum'
  /** Of the values that are not null. */
  readonly count: number
  /** Of the numbers below 2^960: parts that do not overlap, and are the sum if nothing is rounded. */
  readonly parts: readonly number[]
  /** Of the others, each divided by 2^128, so that no sum of them is beyond all numbers. */
  readonly large: readonly number[]
  /** Of the infinite numbers: 0 without any, NaN where they are of both signs. */
  readonly infinite: number
  /** Whether each of the numbers is whole. */
  readonly whole: boolean
  /** Of the bigints; null where there was none. */
  readonly bigints: bigint | null
}

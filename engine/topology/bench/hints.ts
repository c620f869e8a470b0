import { Forest, type TreeShape } from '../forest.js'
import { PromotedFilter } from '../promoted-filter.js'

/** What somebody knows of a tree: old or new, and wrong now and then where it is about promoted hash keys. */
export interface Hints {
  readonly forest: Forest
  readonly promoted: PromotedFilter
}

/** Nothing: a client that has just started and has not read anything. */
export function noHints(shape: TreeShape): Hints {
  return { forest: Forest.of(shape), promoted: PromotedFilter.of([], 0) }
}

/** Where to send a request for a hash key, as far as is known. */
export interface Guess {
  /** Of the hash partition that it belongs to, or did. */
  readonly path: readonly number[]
  /** Whether it has range partitions of its own instead. */
  readonly isPromoted: boolean
}

/** What a client does for each request before it sends it. */
export function lookUp({ forest, promoted }: Hints, hashKey: Uint8Array): Guess {
  return { path: forest.leafOf(hashKey), isPromoted: promoted.mayHold(hashKey) }
}

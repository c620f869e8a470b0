import { type Hints, lookUp } from './hints.js'
import type { Request } from './requests.js'

/** What partitions know of a tree: whom they have split into themselves, or all that is published too. */
export type PartitionsKnow = 'children' | 'snapshot'

/** How many partitions requests come to, their owner included: one is the best there is. */
export interface HopsReport {
  readonly mean: number
  readonly most: number
}

/** Counts for each request how many partitions it comes to. What is true of the tree now is `tree`. */
export function countHops(
  requests: readonly Request[],
  tree: Hints,
  client: Hints,
  know: PartitionsKnow,
): HopsReport {
  const hops = requests.map((request) => hopsOf(request, tree, client, know))
  const sum = hops.reduce((sum, each) => sum + each, 0)
  return { mean: sum / hops.length, most: hops.reduce((most, each) => Math.max(most, each), 0) }
}

/** The first range partition of the hash key, or how far down the hash partition is that it belongs to. */
type Place = 'range' | number

function hopsOf({ hashKey, isPromoted }: Request, tree: Hints, client: Hints, know: PartitionsKnow): number {
  const leaf = tree.forest.leafOf(hashKey).length
  const owner: Place = isPromoted ? 'range' : leaf
  const guess = lookUp(client, hashKey)
  // What only seems promoted has no ranges to be read.
  let place: Place = guess.isPromoted && isPromoted ? 'range' : guess.path.length
  let hops = 1
  for (; place !== owner; hops++) {
    // The last hash partition knows which hash keys are promoted out of it.
    place = know === 'snapshot' || place === leaf ? owner : (place as number) + 1
  }
  return hops
}

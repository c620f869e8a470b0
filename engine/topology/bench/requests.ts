import type { SeededRandom } from '../../simulation/seeded-random.js'
import { FIRST_KEYS, hashKeyOf } from './hash-keys.js'

/** A request is for a hash key. */
export interface Request {
  readonly hashKey: Uint8Array
  readonly isPromoted: boolean
}

/** Of ten requests, so many are for promoted hash keys where there are some, and so many for hot ones. */
const PROMOTED_OF_TEN = 1
const HOT_OF_TEN = 7

/** So many requests as clients of a tree have them, in random order. */
export function drawRequests(
  count: number,
  promoted: number,
  hotKeys: readonly Uint8Array[],
  random: SeededRandom,
): Request[] {
  return Array.from({ length: count }, (_, i) => {
    const dice = random.below(10)
    if (promoted > 0 && dice < PROMOTED_OF_TEN) {
      return { hashKey: hashKeyOf(FIRST_KEYS.promoted + random.below(promoted)), isPromoted: true }
    }
    if (hotKeys.length > 0 && dice < PROMOTED_OF_TEN + HOT_OF_TEN) {
      return { hashKey: random.pick(hotKeys), isPromoted: false }
    }
    return { hashKey: hashKeyOf(FIRST_KEYS.usual + i), isPromoted: false }
  })
}

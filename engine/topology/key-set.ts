import { sameBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval } from '../keys/interval.js'
import { LAST_BYTE } from '../keys/key-codec.js'
import type { KeySet } from '../operations.js'
import { childIndex } from './partition-name.js'

/** All sort keys of a hash key: none is encoded to bytes above these. */
export const EVERYTHING: Interval = { from: new Uint8Array(), to: Uint8Array.of(LAST_BYTE) }

/** Whether a set has anything of a hash key. */
export function holdsHashKey(set: KeySet, hashKey: Uint8Array): boolean {
  if (set.kind === 'child') return childIndex(hashKey, set.level, set.fanout) === set.index
  return sameBytes(set.hashKey, hashKey)
}

/** Whether a key is in a set. */
export function holds(set: KeySet, hashKey: Uint8Array, sortKey: Uint8Array): boolean {
  if (!holdsHashKey(set, hashKey)) return false
  return set.kind !== 'interval' || holdsKey(set.interval, sortKey)
}

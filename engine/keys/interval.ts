import { compareBytes } from './compare-bytes.js'
import { LAST_BYTE } from './key-codec.js'

/**
 * A run of sort keys: from `from`, which it holds, up to `to`, which it does not. All intervals have this one
 * shape; an inclusive upper bound `k` is `to = successor(k)`.
 */
export interface Interval {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/** The smallest key that is greater than `key`: nothing lies between them. */
export function successor(key: Uint8Array): Uint8Array {
  return append(key, 0)
}

/** The interval that holds `key` alone. */
export function singleton(key: Uint8Array): Interval {
  return { from: key, to: successor(key) }
}

/** All tuples that start with the parts encoded in `prefix`, the tuple of just these parts included. */
export function tuplesUnder(prefix: Uint8Array): Interval {
  return { from: prefix, to: append(prefix, LAST_BYTE) }
}

/**
 * All byte strings that start with `prefix`, which ends inside a part (an open string, a type's code).
 * Unlike {@link tuplesUnder} the next byte may be anything, so the bound is the next prefix.
 */
export function bytesUnder(prefix: Uint8Array): Interval {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  const to = prefix.slice(0, end)
  // Every prefix here starts with a type's code, which is below 0xff, so a byte to raise is always left.
  to[end - 1] = (to[end - 1] as number) + 1
  return { from: prefix, to }
}

export function isEmpty(interval: Interval): boolean {
  return compareBytes(interval.from, interval.to) >= 0
}

export function holdsKey({ from, to }: Interval, key: Uint8Array): boolean {
  return compareBytes(from, key) <= 0 && compareBytes(key, to) < 0
}

export function intersect(left: Interval, right: Interval): Interval {
  return {
    from: compareBytes(left.from, right.from) >= 0 ? left.from : right.from,
    to: compareBytes(left.to, right.to) <= 0 ? left.to : right.to,
  }
}

/** Sorts, drops the empty ones, and joins those that overlap or touch: the result's intervals are disjoint. */
export function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals
    .filter((interval) => !isEmpty(interval))
    .sort((left, right) => compareBytes(left.from, right.from))
  const merged: Interval[] = []
  for (const interval of sorted) {
    const last = merged.at(-1)
    if (last === undefined || compareBytes(interval.from, last.to) > 0) merged.push(interval)
    else if (compareBytes(interval.to, last.to) > 0)
      merged[merged.length - 1] = { from: last.from, to: interval.to }
  }
  return merged
}

export function append(bytes: Uint8Array, last: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + 1)
  longer.set(bytes)
  longer[bytes.length] = last
  return longer
}

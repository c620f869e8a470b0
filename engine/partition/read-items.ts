import { EMPTY_FINGERPRINT, Fingerprinter } from '../changes/fingerprint.js'
import { MAX_SHOWN_CHARACTERS, show } from '../changes/show.js'
import { type Interval, isEmpty, successor } from '../keys/interval.js'
import { mark } from '../mark.js'
import type {
  FoundItem,
  PartitionBatchGet,
  PartitionGet,
  PartitionQuery,
  QueryAnswer,
  Reading,
  Version,
} from '../operations.js'
import type { ItemText } from '../values/item-text.js'
import type { ItemStore } from './item-store.js'
import type { PageLimits } from './page-limits.js'

/** A page ends also when it has looked at this many characters: an answer over RPC has at most 32 MiB. */
const MAX_PAGE_CHARACTERS = MAX_SHOWN_CHARACTERS
/** An item that has ended is deleted by who comes upon it: it takes as long as so many that are looked at. */
export const ENDED_COUNTS = 10

/** What is answered where nothing was ever written. */
export const NOTHING_OBSERVED = {
  asOf: 0,
  fingerprint: EMPTY_FINGERPRINT,
  examined: 0,
  versions: [],
} as const

export function get(items: ItemStore, operation: PartitionGet): FoundItem | null {
  const stored = items.get(operation.key)
  return stored === undefined ? null : shown(stored, operation)
}

/** The items of the first keys: of all of them, or of as many as fit into an answer, at least one. */
export function batchGet(
  items: ItemStore,
  operation: PartitionBatchGet,
  pages: PageLimits,
): { found: (FoundItem | null)[]; versions?: (Version | null)[] } {
  const found: (FoundItem | null)[] = []
  const versions: (Version | null)[] = []
  let characters = 0
  for (const key of operation.keys) {
    if (found.length >= pages.items || characters >= MAX_PAGE_CHARACTERS) break
    const stored = items.get(key)
    const item = stored === undefined ? null : shown(stored, operation)
    characters += Math.max(stored?.item.length ?? 0, item?.item.length ?? 0)
    found.push(item)
    versions.push(stored?.version ?? null)
  }
  return operation.observe === undefined ? { found } : { found, versions }
}

/**
 * One page, in order; what is left of the interval, if anything is, goes with it.
 *
 * @param stretch the first piece of the interval, in the direction of reading: what of it is served here.
 */
export function query(
  items: ItemStore,
  operation: PartitionQuery,
  stretch: Interval,
  pages: PageLimits,
): QueryAnswer {
  const { hashKey, interval, limit = Number.POSITIVE_INFINITY, skip = 0, withKeys } = operation
  const descending = operation.direction === 'descending'
  const page: ItemText[] = []
  const sortKeys: Uint8Array[] = []
  const examined: (readonly [Uint8Array, Version])[] = []
  let looked = 0
  let skipped = 0
  let characters = 0
  let rest: Interval | undefined
  // Without a filter the database itself knows where to stop, and keeps the statement prepared.
  const most = operation.filter === undefined ? Math.min(skip + limit, pages.items) : pages.items
  for (const { item, sortKey, version, over } of items.look(hashKey, stretch, descending, most)) {
    const asked = over ? undefined : show(item, operation)
    const skips = asked !== undefined && skipped < skip
    looked += over ? ENDED_COUNTS : 1
    if (operation.observe !== undefined && !over) examined.push([sortKey, version])
    characters += Math.max(item.length, asked?.length ?? 0)
    if (skips) skipped++
    else if (asked !== undefined) {
      page.push(asked)
      if (withKeys) sortKeys.push(sortKey)
    }
    if (page.length >= limit || looked >= pages.items || characters >= MAX_PAGE_CHARACTERS) {
      MARK: mark('a page leaves a rest')
      rest = beyond(interval, sortKey, descending)
      break
    }
  }
  rest ??= left(interval, stretch, descending)
  return {
    items: page,
    ...(withKeys ? { sortKeys } : undefined),
    ...(skip === 0 ? undefined : { skipped }),
    ...(rest === undefined ? undefined : { rest }),
    ...observed(operation, examined, rest !== undefined && page.length < limit),
  }
}

/** What a page says for a later validation. @param more whether the query has to be asked again for what is left. */
export function observed(
  { observe }: PartitionQuery,
  examined: readonly (readonly [Uint8Array, Version])[],
  more: boolean,
): Pick<QueryAnswer, 'versions' | 'fingerprint' | 'examined'> {
  if (observe === undefined) return {}
  if (observe === 'versions') {
    return { examined: examined.length, versions: examined.map(([, version]) => version) }
  }
  if (observe === 'sumIfMore' && !more) return { examined: examined.length }
  const fingerprinter = new Fingerprinter()
  for (const [sortKey, version] of examined) fingerprinter.add(sortKey, version)
  return { examined: examined.length, fingerprint: fingerprinter.sum }
}

function shown({ item: stored, version }: FoundItem, reading: Reading): FoundItem | null {
  const item = show(stored, reading)
  return item === undefined ? null : { item, version }
}

/** What of an interval comes after its first piece, in the direction of reading: nothing, if that is all. */
export function left(interval: Interval, stretch: Interval, descending: boolean): Interval | undefined {
  const rest = descending ? { from: interval.from, to: stretch.from } : { from: stretch.to, to: interval.to }
  return isEmpty(rest) ? undefined : rest
}

/** What of the interval comes after the item at `sortKey`, in the direction of reading. */
export function beyond(interval: Interval, sortKey: Uint8Array, descending: boolean): Interval {
  return descending ? { from: interval.from, to: sortKey } : { from: successor(sortKey), to: interval.to }
}

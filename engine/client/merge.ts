import type { PartialGroup } from '../aggregates/aggregation.js'
import { mapConcurrently } from '../concurrently.js'
import type { Order } from '../operations.js'
import type { ItemText } from '../values/item-text.js'
import { compareKeys } from './order.js'

/** A page of one span, with the keys that put its items in order. */
export interface KeyedPage {
  readonly hashKey: Uint8Array
  readonly sortKeys: readonly Uint8Array[]
  readonly items: readonly ItemText[]
  /** Of what is aggregated. */
  readonly groups?: readonly PartialGroup[]
}

/** Items are given on in runs of at most this many, so that a reader waits for a page and not for an item. */
const RUN = 256
/** Sources that are opened at once. */
const MAX_OPENING = 32

/** Items per page when pages of several spans are held at once. */
export function mergedPage(spans: number): number {
  return Math.max(50, Math.ceil(5_000 / spans))
}

interface Source {
  readonly pages: AsyncIterator<KeyedPage>
  page: KeyedPage
  at: number
}

/** Merges sources that are each in order into one that is. A source is read on when its page is used up. */
export async function* mergeOrdered(
  order: Order,
  sources: readonly AsyncIterable<KeyedPage>[],
): AsyncGenerator<ItemText[]> {
  const opened = await mapConcurrently(sources, MAX_OPENING, open)
  const live = opened.filter((source) => source !== undefined)
  let run: ItemText[] = []
  while (live.length > 0) {
    const first = live.reduce((best, source) => (compareHeads(order, source, best) < 0 ? source : best))
    run.push(first.page.items[first.at] as ItemText)
    first.at++
    const usedUp = first.at >= first.page.items.length
    if (run.length >= RUN || usedUp) {
      yield run
      run = []
    }
    if (usedUp && !(await readOn(first))) live.splice(live.indexOf(first), 1)
  }
}

async function open(pages: AsyncIterable<KeyedPage>): Promise<Source | undefined> {
  const empty: KeyedPage = { hashKey: new Uint8Array(), sortKeys: [], items: [] }
  const source: Source = { pages: pages[Symbol.asyncIterator](), page: empty, at: 0 }
  return (await readOn(source)) ? source : undefined
}

/** Takes the next page that holds anything. */
async function readOn(source: Source): Promise<boolean> {
  for (;;) {
    const { done, value } = await source.pages.next()
    if (done === true) return false
    source.page = value
    source.at = 0
    if (value.items.length > 0) return true
  }
}

function compareHeads(order: Order, left: Source, right: Source): number {
  return compareKeys(order, head(left), head(right))
}

function head({ page, at }: Source) {
  return { hashKey: page.hashKey, sortKey: page.sortKeys[at] as Uint8Array }
}

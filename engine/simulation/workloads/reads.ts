import type { Client } from '../../client/client.js'
import type { KeyedPage } from '../../client/merge.js'
import { compareBytes } from '../../keys/compare-bytes.js'
import type { Interval } from '../../keys/interval.js'
import { decodeKey, encodeKey } from '../../keys/key-codec.js'
import type { QueryOperation, Span } from '../../operations.js'
import type { ItemText } from '../../values/item-text.js'
import type { SeenRow, Statement } from '../record.js'
import { filterOf } from './changes.js'
import { type Operation, type Place, placeText, type Scan, SORTS } from './operation.js'
import { hashKey, keyOf, placeOf, rowAt, seenRow, toRow } from './rows.js'
import { outcomeOf, partId, remember, type Session } from './session.js'

type Range = Operation & { kind: 'range' }

export async function readRows(
  operation: Operation & { kind: 'get' | 'batchGet' },
  store: Client,
): Promise<SeenRow[]> {
  if (operation.kind === 'get') {
    const found = await store.get({ kind: 'get', key: keyOf(operation.at) })
    return [seenRow(operation.at, found)]
  }
  const found = await store.findMany(operation.places.map(keyOf), {})
  return operation.places.map((place, i) => seenRow(place, found[i] ?? null))
}

/**
 * Every page is a read of its own: they see one moment each. So does every partition that has a part of one: the
 * client gives on what is not empty.
 */
export async function readPages(operation: Range, session: Session): Promise<void> {
  const { id, client, store, memory, recorder, heard } = session
  const { hash, from, to, descending, pageSize, limit = Number.POSITIVE_INFINITY, atLeast } = operation
  const interval: Interval = { from: encodeKey([from]), to: encodeKey([to]) }
  const pages = store.spanPages(
    { hashKey: hashKey(hash), interval },
    {
      direction: descending ? 'descending' : 'ascending',
      withKeys: true,
      pageSize,
      ...(operation.limit === undefined ? undefined : { limit }),
      ...filterOf(atLeast),
    },
  )
  let count = 0
  let rest: Places = { from, to }
  let last: number | undefined
  let part = 0
  for (;;) {
    const called = recorder.tick()
    try {
      const next = await pages.next()
      const answered = recorder.tick()
      const page = next.done === true ? NO_PAGE : next.value
      const seen = page.items.map((item, i): SeenRow => {
        const [sort] = decodeKey(page.sortKeys[i] as Uint8Array)
        const place = { hash, sort: sort as number }
        return { place, row: rowAt(place, item) }
      })
      if (seen.length > Math.min(pageSize, limit - count)) throw new Error('a page has too many rows')
      count += seen.length
      for (const { place } of seen) {
        if (last !== undefined && (descending ? place.sort >= last : place.sort <= last))
          throw new Error(`T${id} read ${place.sort} behind ${last}`)
        last = place.sort
      }
      let placed = 0
      for (const answer of heard.take()) {
        const asked = placesIn(answer.interval)
        if (descending ? asked.to !== rest.to : asked.from !== rest.from)
          throw new Error(
            `T${id} asked for ${asked.from} to ${asked.to} where ${rest.from} to ${rest.to} is left`,
          )
        const covers = answer.rest === undefined ? asked : outside(asked, placesIn(answer.rest), descending)
        rest = descending ? { from: rest.from, to: covers.from } : { from: covers.to, to: rest.to }
        const here = seen.filter(({ place }) => place.sort >= covers.from && place.sort < covers.to)
        placed += here.length
        if (covers.from >= covers.to) continue
        recorder.add({
          id: partId(id, ++part),
          client,
          operation,
          called,
          answered,
          outcome: 'done',
          seen: here,
          covers,
          written: [],
          conflict: false,
        })
      }
      if (placed < seen.length) throw new Error(`T${id} was given rows that no partition had answered`)
      remember(memory, { seen })
      if (next.done !== true) continue
      if (rest.from < rest.to && count < limit)
        throw new Error(`T${id} was not given what is left from ${rest.from} to ${rest.to}`)
      return
    } catch (error) {
      outcomeOf(error, operation)
      return
    }
  }
}

const NO_PAGE = { items: [], sortKeys: [] } as const satisfies Partial<KeyedPage>

/** Places of one hash key: `from` up to, not including, `to`. */
interface Places {
  readonly from: number
  readonly to: number
}

/** The places whose keys lie in an interval, whose bounds may be any bytes. */
function placesIn({ from, to }: Interval): Places {
  return { from: placesBelow(from), to: placesBelow(to) }
}

function placesBelow(bound: Uint8Array): number {
  let count = 0
  while (count < SORTS && compareBytes(encodeKey([count]), bound) < 0) count++
  return count
}

/** What of all places lies before the rest, in the order of reading. */
function outside(all: Places, rest: Places, descending: boolean): Places {
  return descending ? { from: rest.to, to: all.to } : { from: all.from, to: rest.from }
}

/** Read at once, all that it shows is of one moment. In pages, each place shows a moment of its own. */
export async function scan(operation: Scan, { id, client, store, recorder }: Session): Promise<void> {
  const { pageSize } = operation
  const query = queryOf(operation)
  const called = recorder.tick()
  const items: ItemText[] = []
  try {
    if (pageSize === undefined) items.push(...(await store.query(query)))
    else for await (const page of store.pages(query, { pageSize })) items.push(...page)
  } catch (error) {
    outcomeOf(error, operation)
    return
  }
  const record = { id, client, called, answered: recorder.tick(), outcome: 'done' } as const
  const statements = shownBy(operation, items)
  if (pageSize === undefined) {
    recorder.add({ ...record, operation, seen: [], written: [], conflict: false, statements })
    return
  }
  let part = 0
  for (const { covers, seen, ...statement } of statements) {
    for (let from = covers?.from ?? 0; from < (covers?.to ?? 0); from++) {
      const here = { from, to: from + 1 }
      recorder.add({
        ...record,
        ...statement,
        id: partId(id, ++part),
        operation: { ...(statement.operation as Range), ...here },
        seen: seen.filter(({ place }) => place.sort === from),
        covers: here,
      })
    }
  }
}

/** A range of one hash key as the scan that it is when it is read at once. */
export function scanOf({ hash, from, to, descending, limit, offset, atLeast }: Range): Scan {
  return {
    kind: 'scan',
    hashes: [hash],
    from,
    to,
    order: { first: 'sortKey', hashKey: 'ascending', sortKey: descending ? 'descending' : 'ascending' },
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
    ...(atLeast === undefined ? {} : { atLeast }),
  }
}

/** What the store is asked for. */
export function queryOf({ hashes, from, to, order, limit, offset, atLeast }: Scan): QueryOperation {
  return {
    kind: 'query',
    spans: spansOf({ hashes, from, to }),
    order,
    ...(limit === undefined ? undefined : { limit }),
    ...(offset === undefined ? undefined : { offset }),
    ...filterOf(atLeast),
  }
}

/** The same places of each of the hash keys. */
export function spansOf({ hashes, from, to }: Pick<Scan, 'hashes' | 'from' | 'to'>): Span[] {
  const interval = { from: encodeKey([from]), to: encodeKey([to]) }
  return hashes.map((hash) => ({ hashKey: hashKey(hash), interval }))
}

/** What a scan has shown of each hash key, by its items. */
export function shownBy(operation: Scan, items: readonly ItemText[]): Statement[] {
  return shownRows(
    operation,
    items.map((item) => ({ place: placeOf(item), row: toRow(item) })),
  )
}

/**
 * What a scan has shown of each hash key. What a limit cut off was not read; of what was left out in front, only is
 * known how much it is.
 *
 * @throws when the rows are not those that were asked for, or in another order.
 */
export function shownRows(operation: Scan, seen: readonly SeenRow[]): Statement[] {
  const { hashes, from, to, order, limit, offset = 0, atLeast = 0 } = operation
  const shown = seen.map(({ place }) => placeText(place)).join(', ')
  const compare = (left: Place, right: Place) => compareAs(order, left, right)
  if (seen.some(({ place }, i) => i > 0 && compare((seen[i - 1] as SeenRow).place, place) >= 0))
    throw new Error(`a scan showed ${shown} out of order`)
  if (seen.length > (limit ?? seen.length)) throw new Error(`a scan showed more than it was to: ${shown}`)
  if (seen.some(({ row }) => (row?.n ?? -1) < atLeast))
    throw new Error(`a scan showed what should not pass its filter: ${shown}`)
  if (seen.some(({ place }) => !hashes.includes(place.hash) || place.sort < from || place.sort >= to))
    throw new Error(`a scan showed rows from elsewhere: ${shown}`)
  const last = limit === undefined || seen.length < limit ? undefined : seen.at(-1)?.place
  const first = offset === 0 ? undefined : seen[0]?.place
  return hashes.flatMap((hash): Statement[] => {
    const looked = Array.from({ length: to - from }, (_, i) => from + i).filter(
      (sort) => last === undefined || compare({ hash, sort }, last) <= 0,
    )
    if (looked.length === 0) return []
    const isAhead = (sort: number) =>
      offset > 0 && (first === undefined || compare({ hash, sort }, first) < 0)
    const covers = runOf(looked.filter((sort) => !isAhead(sort)))
    // Of several hash keys, nobody knows how many each has in front.
    const atMost = first === undefined || hashes.length > 1
    const ahead = { ...runOf(looked.filter(isAhead)), rows: offset, atMost }
    return [
      {
        operation: {
          kind: 'range',
          hash,
          ...runOf(looked),
          descending: false,
          pageSize: SORTS,
          ...(operation.atLeast === undefined ? undefined : { atLeast }),
        },
        seen: seen.filter(({ place }) => place.hash === hash),
        covers,
        ...(offset === 0 ? undefined : { ahead }),
        written: [],
        conflict: false,
      },
    ]
  })
}

/** From the first of neighbouring places to behind the last. */
function runOf(sorts: readonly number[]): Places {
  return { from: sorts[0] ?? 0, to: (sorts.at(-1) ?? -1) + 1 }
}

/** What an order means, in the judge's own words. */
function compareAs(order: Scan['order'], left: Place, right: Place): number {
  const byHash =
    compareBytes(hashKey(left.hash), hashKey(right.hash)) * (order.hashKey === 'ascending' ? 1 : -1)
  const bySort = (left.sort - right.sort) * (order.sortKey === 'ascending' ? 1 : -1)
  return order.first === 'hashKey' ? byHash || bySort : bySort || byHash
}

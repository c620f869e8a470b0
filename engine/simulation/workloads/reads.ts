import type { Client } from '../../client/client.js'
import { compareBytes } from '../../keys/compare-bytes.js'
import type { Interval } from '../../keys/interval.js'
import { decodeKey, encodeKey } from '../../keys/key-codec.js'
import type { QueryOperation } from '../../operations.js'
import type { ItemText } from '../../values/item-text.js'
import type { Record, SeenRow, Statement } from '../record.js'
import { filterOf } from './changes.js'
import { type Operation, type Place, placeText, type Scan, SORTS } from './operation.js'
import { hashKey, keyOf, placeOf, rowAt, seenRow, toRow } from './rows.js'
import { outcomeOf, remember, type Session } from './session.js'

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

/** Every page is a read of its own: they see one moment each. */
export async function readPages(operation: Range, session: Session): Promise<void> {
  const { id, client, store, memory, recorder } = session
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
  let rest = { from, to }
  let last: Record | undefined
  for (let page = 1; ; page++) {
    const called = recorder.tick()
    try {
      const { done, value } = await pages.next()
      if (done === true) {
        // The page before was full, and its answer said that nothing comes behind it.
        if (last !== undefined && rest.from < rest.to && count < limit) {
          recorder.add({ ...last, id: id + page / 100, seen: [], covers: rest })
        }
        return
      }
      const seen = value.items.map((item, i): SeenRow => {
        const [sort] = decodeKey(value.sortKeys[i] as Uint8Array)
        const place = { hash, sort: sort as number }
        return { place, row: rowAt(place, item) }
      })
      if (seen.length > Math.min(pageSize, limit - count)) throw new Error('a page has too many rows')
      count += seen.length
      const steps = seen.map(({ place }) => (descending ? -place.sort : place.sort))
      const inRest = seen.every(({ place }) => place.sort >= rest.from && place.sort < rest.to)
      if (!inRest || steps.some((step, i) => i > 0 && step <= (steps[i - 1] as number)))
        throw new Error(`T${id} read ${steps.join(', ')} in a page of ${rest.from} to ${rest.to}`)
      const furthest = seen.at(-1)?.place.sort
      if (page > 2 * SORTS) throw new Error(`T${id} comes to no end of its pages`)
      // A full page says nothing of what comes behind its last row.
      const full = (seen.length >= pageSize || count >= limit) && furthest !== undefined
      const covers = !full
        ? rest
        : descending
          ? { from: furthest, to: rest.to }
          : { from: rest.from, to: furthest + 1 }
      rest = descending ? { from: rest.from, to: covers.from } : { from: covers.to, to: rest.to }
      remember(memory, { seen })
      last = {
        id: id + page / 100,
        client,
        operation,
        called,
        answered: recorder.tick(),
        outcome: 'done',
        seen,
        covers,
        written: [],
        conflict: false,
      }
      recorder.add(last)
    } catch (error) {
      outcomeOf(error, operation)
      return
    }
  }
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
        id: id + ++part / 100,
        operation: { ...(statement.operation as Range), ...here },
        seen: seen.filter(({ place }) => place.sort === from),
        covers: here,
      })
    }
  }
}

/** A range of one hash key as the scan that it is when it is read at once. */
export function scanOf({ hash, from, to, descending, limit, atLeast }: Range): Scan {
  return {
    kind: 'scan',
    hashes: [hash],
    from,
    to,
    order: { first: 'sortKey', hashKey: 'ascending', sortKey: descending ? 'descending' : 'ascending' },
    ...(limit === undefined ? {} : { limit }),
    ...(atLeast === undefined ? {} : { atLeast }),
  }
}

/** What the store is asked for. */
export function queryOf({ hashes, from, to, order, limit, atLeast }: Scan): QueryOperation {
  return {
    kind: 'query',
    spans: hashes.map((hash) => ({
      hashKey: hashKey(hash),
      interval: { from: encodeKey([from]), to: encodeKey([to]) },
    })),
    order,
    ...(limit === undefined ? undefined : { limit }),
    ...filterOf(atLeast),
  }
}

/**
 * What a scan has shown of each hash key. What a limit cut off was not read.
 *
 * @throws when the items are not those that were asked for, or in another order.
 */
export function shownBy(operation: Scan, items: readonly ItemText[]): Statement[] {
  const { hashes, from, to, order, limit, atLeast = 0 } = operation
  const seen = items.map((item) => ({ place: placeOf(item), row: toRow(item) }))
  const shown = seen.map(({ place }) => placeText(place)).join(', ')
  const compare = (left: Place, right: Place) => compareAs(order, left, right)
  if (seen.some(({ place }, i) => i > 0 && compare((seen[i - 1] as SeenRow).place, place) >= 0))
    throw new Error(`a scan showed ${shown} out of order`)
  if (seen.length > (limit ?? seen.length)) throw new Error(`a scan showed more than it was to: ${shown}`)
  if (seen.some(({ row }) => row.n < atLeast))
    throw new Error(`a scan showed what should not pass its filter: ${shown}`)
  if (seen.some(({ place }) => !hashes.includes(place.hash) || place.sort < from || place.sort >= to))
    throw new Error(`a scan showed rows from elsewhere: ${shown}`)
  const last = limit === undefined || seen.length < limit ? undefined : seen.at(-1)?.place
  return hashes.flatMap((hash): Statement[] => {
    const read = Array.from({ length: to - from }, (_, i) => from + i).filter(
      (sort) => last === undefined || compare({ hash, sort }, last) <= 0,
    )
    if (read.length === 0) return []
    const covers = { from: read[0] as number, to: (read.at(-1) as number) + 1 }
    return [
      {
        operation: {
          kind: 'range',
          hash,
          ...covers,
          descending: false,
          pageSize: SORTS,
          ...(operation.atLeast === undefined ? undefined : { atLeast }),
        },
        seen: seen.filter(({ place }) => place.hash === hash),
        covers,
        written: [],
        conflict: false,
      },
    ]
  })
}

/** What an order means, in the judge's own words. */
function compareAs(order: Scan['order'], left: Place, right: Place): number {
  const byHash =
    compareBytes(hashKey(left.hash), hashKey(right.hash)) * (order.hashKey === 'ascending' ? 1 : -1)
  const bySort = (left.sort - right.sort) * (order.sortKey === 'ascending' ? 1 : -1)
  return order.first === 'hashKey' ? byHash || bySort : bySort || byHash
}

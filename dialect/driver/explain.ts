import type { CallOptions } from '../../engine/client/client.js'
import { MAX_CALLS, mapConcurrently } from '../../engine/concurrently.js'
import type { Change, Direction, ItemKey, Operation, Order, QueryOperation } from '../../engine/operations.js'
import type { NoOperation } from '../compiler/statement.js'
import type { TableSchema } from '../schema/table-schema.js'
import type { DriverClient } from './driver-client.js'
import type { Explanation } from './explanation.js'
import { firstSortKey, readableBounds, readableHashKey, readableKey } from './readable-key.js'

/** Says what an operation would send, and to whom. Asks partitions who serves a key, and nothing else. */
export async function explain(
  operation: Operation | NoOperation,
  table: TableSchema,
  client: Pick<DriverClient, 'locate'>,
  options: CallOptions,
): Promise<Explanation[]> {
  const locate = (key: ItemKey) => client.locate(key, options)
  const eachSpan = (
    name: Explanation['operation'],
    direction: Direction,
    details: () => Partial<Explanation>,
  ): Promise<Explanation[]> =>
    mapConcurrently(
      'spans' in operation ? operation.spans : [],
      MAX_CALLS,
      async ({ hashKey, interval }) => ({
        operation: name,
        table: table.name,
        hashKey: readableHashKey(hashKey, table),
        ...readableBounds(interval, table),
        ...details(),
        ...(await locate({ hashKey, sortKey: firstSortKey(interval, direction) })),
      }),
    )
  switch (operation.kind) {
    case 'nothing':
      return [{ operation: 'nothing', table: table.name }]
    case 'get': {
      const keys = [readableKey(operation.key, table)]
      return [
        {
          operation: 'get',
          table: table.name,
          keys,
          filtered: operation.filter !== undefined,
          ...(await locate(operation.key)),
        },
      ]
    }
    case 'batchGet': {
      const places = await locateAll(operation.keys, (key) => key, locate)
      return places.map(({ items, ...place }) => ({
        operation: 'batch get',
        table: table.name,
        keys: items.map((key) => readableKey(key, table)),
        ...readingRows(operation, table, true),
        ...place,
      }))
    }
    case 'query':
      return eachSpan('query', operation.order.sortKey, () =>
        readingRows(operation, table, operation.spans.length > 1),
      )
    case 'aggregate':
      return eachSpan('aggregate', 'ascending', () => ({
        ...(operation.groups.length === 0
          ? undefined
          : { groups: operation.groups.map(({ name }) => name).join(', ') }),
        ...limits(operation),
        filtered: operation.filter !== undefined,
      }))
    case 'alter':
      return eachSpan('alter', 'ascending', () => ({
        change: operation.alteration.kind,
        filtered: operation.filter !== undefined,
      }))
    case 'write': {
      const places = await locateAll(operation.changes, ({ key }) => key, locate)
      return places.map(({ items, ...place }) => ({
        operation: places.length > 1 ? 'transaction' : 'write',
        table: table.name,
        change: (items[0] as Change).kind,
        keys: items.map(({ key }) => readableKey(key, table)),
        filtered: items.some((change) => 'condition' in change && change.condition !== undefined),
        ...place,
      }))
    }
  }
}

interface Place {
  readonly partition: string
  readonly hops: number
}

/** Groups items by the partitions that serve their keys. */
async function locateAll<T>(
  items: readonly T[],
  keyOf: (item: T) => ItemKey,
  locate: (key: ItemKey) => Promise<Place>,
): Promise<(Place & { readonly items: readonly T[] })[]> {
  const places = await mapConcurrently(items, MAX_CALLS, (item) => locate(keyOf(item)))
  const groups = new Map<string, Place & { readonly items: T[] }>()
  places.forEach(({ partition, hops }, i) => {
    const group = groups.get(partition)
    groups.set(partition, {
      partition,
      hops: Math.max(hops, group?.hops ?? 0),
      items: [...(group?.items ?? []), items[i] as T],
    })
  })
  return [...groups.values()]
}

function readingRows(
  { order, filter, ...window }: Pick<QueryOperation, 'order' | 'limit' | 'offset' | 'filter'>,
  table: TableSchema,
  severalHashKeys: boolean,
): Pick<Explanation, 'order' | 'limit' | 'offset' | 'filtered'> {
  const text = orderText(order, table, severalHashKeys)
  return {
    ...(text === '' ? undefined : { order: text }),
    ...limits(window),
    filtered: filter !== undefined,
  }
}

function limits({
  limit,
  offset,
}: Pick<QueryOperation, 'limit' | 'offset'>): Pick<Explanation, 'limit' | 'offset'> {
  return {
    ...(limit === undefined ? undefined : { limit }),
    ...(offset === undefined ? undefined : { offset }),
  }
}

function orderText(order: Order, table: TableSchema, severalHashKeys: boolean): string {
  const directed = (columns: readonly string[], direction: Order['sortKey']) =>
    columns.map((column) => (direction === 'ascending' ? column : `${column} desc`))
  const hashKey = severalHashKeys ? directed([table.hashKey], order.hashKey) : []
  const sortKey = directed(table.sortKey, order.sortKey)
  return (order.first === 'hashKey' ? [...hashKey, ...sortKey] : [...sortKey, ...hashKey]).join(', ')
}

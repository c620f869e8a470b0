import type {
  AggregateOperation,
  Change,
  Order,
  QueryOperation,
  Reading,
  WriteOperation,
} from '../../engine/operations.js'
import type { CompiledOperation } from '../compiler/statement.js'
import type { Explanation, KeyColumns } from '../driver/explanation.js'
import { readableBounds } from '../driver/readable-key.js'
import type { TableSchema } from '../schema/table-schema.js'

/**
 * What a query becomes, as a text without values: the same text for the same way to reach rows. It is what people
 * review and commit, so it changes when the way changes, and only then.
 *
 * @example
 * query flights by origin, departs_at from, departs_at to; filtered; limit
 */
export function accessPattern(operation: CompiledOperation, table: TableSchema): string {
  switch (operation.kind) {
    case 'nothing':
      return `nothing ${table.name}`
    case 'explain':
      return `explain ${accessPattern(operation.operation, table)}`
    case 'get':
      return text(`get ${table.name} by ${keyColumns(table)}`, reading(operation))
    case 'batchGet':
      return text(
        `batch get ${table.name} by ${keyColumns(table)}`,
        ordered(operation.order, table, true),
        reading(operation),
      )
    case 'query': {
      const several = hasSeveralHashKeys(operation)
      return text(
        `query ${table.name} by ${intervalText(operation, table, several)}`,
        ordered(operation.order, table, several),
        reading(operation),
      )
    }
    case 'aggregate':
      return aggregateText(operation, table)
    case 'alter': {
      const { alteration, returning } = operation
      return text(
        `${alteration.kind} all of ${table.name} by ${intervalText(operation, table, hasSeveralHashKeys(operation))}`,
        reading(operation),
        returning === undefined ? '' : 'returning',
      )
    }
    case 'scan':
      return text(`scan every partition for ${table.name}`, reading(operation))
    case 'write':
      return writeText(operation, table)
    default:
      return operation satisfies never
  }
}

function hasSeveralHashKeys({ spans }: Pick<QueryOperation, 'spans'>): boolean {
  return new Set(spans.map(({ hashKey }) => hashKey.join())).size > 1
}

function aggregateText(operation: AggregateOperation, table: TableSchema): string {
  const { aggregates, groups, having, orderBy } = operation
  const results = [...new Set(aggregates.map((aggregate) => aggregate.function))].join(', ')
  return text(
    `${results === '' ? 'distinct' : results} of ${table.name} by ${intervalText(operation, table, hasSeveralHashKeys(operation))}`,
    groups.length === 0 ? '' : `group by ${groups.map(({ name }) => name).join(', ')}`,
    having === undefined ? '' : 'having',
    orderBy === undefined ? '' : 'order by results',
    reading(operation),
  )
}

function text(first: string, ...others: readonly string[]): string {
  return [first, ...others].filter((part) => part !== '').join('; ')
}

function keyColumns({ hashKey, sortKey }: TableSchema): string {
  return [hashKey, ...sortKey].join(', ')
}

function reading({ filter, limit, offset }: Reading & Pick<QueryOperation, 'limit' | 'offset'>): string {
  return [
    filter === undefined ? '' : 'filtered',
    limit === undefined ? '' : 'limit',
    offset === undefined ? '' : 'offset',
  ]
    .filter((part) => part !== '')
    .join('; ')
}

/** The columns that say where the rows are: the hash key, then those of the sort key, with how they are bound. */
function intervalText(
  { spans }: Pick<QueryOperation, 'spans'>,
  table: TableSchema,
  severalHashKeys: boolean,
): string {
  const bounds = [...new Set(spans.map(({ interval }) => boundsText(readableBounds(interval, table))))]
  const several = spans.length > 1 && !severalHashKeys ? ' (several intervals)' : ''
  const hashKey = severalHashKeys ? `several ${table.hashKey}` : table.hashKey
  const intervals = bounds.filter((bound) => bound !== '')
  return `${[hashKey, ...(intervals.length > 1 ? [`(${intervals.join(' or ')})`] : intervals)].join(', ')}${several}`
}

function boundsText({
  from,
  after,
  to,
  before,
}: Pick<Explanation, 'from' | 'after' | 'to' | 'before'>): string {
  const lower = from ?? after ?? {}
  const upper = to ?? before ?? {}
  const equal = Object.keys(lower).filter((column) => same(lower[column], upper[column]))
  const rest = (bound: KeyColumns | undefined) =>
    Object.keys(bound ?? {}).filter((column) => !equal.includes(column))
  const named = (columns: readonly string[], word: string) =>
    columns.length === 0 ? [] : [`${columns.length > 1 ? `(${columns.join(', ')})` : columns[0]} ${word}`]
  return [
    ...equal,
    ...named(rest(from), 'from'),
    ...named(rest(after), 'after'),
    ...named(rest(to), 'to'),
    ...named(rest(before), 'before'),
  ].join(', ')
}

function same(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && plain(a) === plain(b)
}

function plain(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value instanceof Uint8Array ? value.join() : value
}

/** Nothing for the order that rows have anyway. */
function ordered(order: Order, { hashKey, sortKey }: TableSchema, severalHashKeys: boolean): string {
  const directed = (columns: readonly string[], direction: Order['sortKey']) =>
    columns.map((column) => (direction === 'ascending' ? column : `${column} desc`))
  const sort = directed(sortKey, order.sortKey)
  if (!severalHashKeys) return order.sortKey === 'ascending' ? '' : `order by ${sort.join(', ')}`
  const hash = directed([hashKey], order.hashKey)
  const columns = order.first === 'hashKey' ? [...hash, ...sort] : [...sort, ...hash]
  return `order by ${columns.join(', ')}`
}

function writeText({ changes, returning }: WriteOperation, table: TableSchema): string {
  const kinds = [...new Set(changes.map((change) => changeText(change, table)))]
  const several = changes.length > 1 ? 'several ' : ''
  return text(`${several}${kinds.join(' and ')}`, returning === undefined ? '' : 'returning')
}

function changeText(change: Change, table: TableSchema): string {
  const condition = 'condition' in change && change.condition !== undefined ? ' if its conditions hold' : ''
  switch (change.kind) {
    case 'insert': {
      const { onExisting } = change
      if (onExisting === 'error') return `insert into ${table.name}`
      if (onExisting === 'ignore') return `insert into ${table.name} or ignore`
      return `insert into ${table.name} or update${onExisting.condition === undefined ? '' : ' if its conditions hold'}`
    }
    case 'put':
      return `put into ${table.name}${condition}`
    case 'update':
    case 'delete':
      return `${change.kind} ${table.name} by ${keyColumns(table)}${condition}`
    default:
      return `${change.kind} ${table.name}`
  }
}

import type { Value } from '../../engine/values/value.js'
import type { Selected, Statement } from './statement.js'
import { allColumns, type ColumnKind, type World } from './world.js'

/** What a statement did, in a form that both databases can be brought to. */
export type Result =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Value[])[] }
  | { readonly kind: 'count'; readonly count: bigint }
  | { readonly kind: 'constraint' }

/** The columns that a statement answers, with their types. */
export function answeredColumns(
  world: World,
  statement: Statement,
): { name: string; kind: ColumnKind }[] | undefined {
  const columns: 'all' | readonly Selected[] | undefined =
    statement.kind === 'select' ? statement.columns : statement.returning
  if (columns === undefined) return undefined
  if (columns === 'all') return allColumns(world).map(({ name, kind }) => ({ name, kind }))
  return columns.map(({ as, value }) => ({ name: as, kind: value.type }))
}

/** Rows in their order if the statement says one, else sorted by what they look like; with 0 for -0. */
export function orderedRows(
  statement: Statement,
  rows: Value[][],
  show: (row: Value[]) => string,
): Value[][] {
  const plain = rows.map((row) => row.map((value) => (Object.is(value, -0) ? 0 : value)))
  // An insert answers its rows in the order in which it names them.
  if (statement.kind === 'insert' || (statement.kind === 'select' && statement.ordered)) return plain
  const shown = plain.map((row) => ({ row, text: show(row) }))
  return shown.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ row }) => row)
}

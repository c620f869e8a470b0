import { evaluate, holds, project } from '../expressions/evaluate.js'
import type { Expression, Projection } from '../expressions/expression.js'
import type { Item } from '../values/value.js'
import { orderWithNulls } from './order-values.js'

/** What is answered of groups, once all items were added. */
export interface GroupAnswer {
  /** Only groups that it holds for are answered. It reads group columns and results by their names. */
  readonly having?: Expression
  /** Of the group columns and results. */
  readonly projection: Exclude<Projection, 'all'>
  /** In the order of the groups' values, where nothing is said. Null comes first. */
  readonly orderBy?: readonly GroupOrder[]
  /** Groups that are left out in front: 0 where nothing is said. */
  readonly offset?: number
  /** Groups that are answered at most. */
  readonly limit?: number
}

/** By what groups are ordered. */
export interface GroupOrder {
  readonly value: Expression
  readonly direction: 'ascending' | 'descending'
}

/** Filters, orders and projects groups. */
export function answerGroups(
  rows: readonly Item[],
  { having, projection, orderBy = [], offset = 0, limit = Number.POSITIVE_INFINITY }: GroupAnswer,
): Item[] {
  const passing = rows.filter((item) => holds(having, { item }))
  const sorted = orderBy.length === 0 ? passing : sortRows(passing, orderBy)
  // As any row: an object like others, also where a column is called __proto__.
  return sorted.slice(offset, offset + limit).map((item) => ({ ...project(projection, item) }))
}

function sortRows(rows: readonly Item[], orderBy: readonly GroupOrder[]): Item[] {
  const keyed = rows.map((item) => ({ item, by: orderBy.map(({ value }) => evaluate(value, { item })) }))
  keyed.sort((left, right) => {
    for (const [i, { direction }] of orderBy.entries()) {
      const order = orderWithNulls(left.by[i], right.by[i])
      if (order !== 0) return direction === 'ascending' ? order : -order
    }
    return 0
  })
  return keyed.map(({ item }) => item)
}

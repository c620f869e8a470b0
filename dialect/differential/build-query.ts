import type { ExpressionBuilder, ExpressionWrapper, Kysely } from 'kysely'
import type { Value } from '../../engine/values/value.js'
import type { Assignment, Condition, Operand, Selected, Statement } from './statement.js'
import { keyColumns, type World } from './world.js'

// biome-ignore lint/suspicious/noExplicitAny: the tables are random, so their types are too
type Any = any
type Builder = ExpressionBuilder<Any, Any>
type Expression = ExpressionWrapper<Any, Any, Any>

/** Builds a statement with Kysely's methods. `encode` says what the database calls a value. */
export function buildQuery(
  db: Kysely<Any>,
  world: World,
  statement: Statement,
  encode: (value: Value) => unknown,
): Any {
  const { table } = world
  switch (statement.kind) {
    case 'select': {
      const { columns, where, orderBy, limit, alias } = statement
      let query: Any = db.selectFrom(alias === undefined ? table : `${table} as ${alias}`)
      query =
        columns === 'all'
          ? query.selectAll()
          : query.select((eb: Builder) => select(eb, columns, table, encode))
      for (const condition of where) query = query.where((eb: Builder) => build(eb, condition, table, encode))
      for (const { column, descending } of orderBy) query = query.orderBy(column, descending ? 'desc' : 'asc')
      return limit === undefined ? query : query.limit(limit)
    }
    case 'insert': {
      const rows = statement.rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, encode(value)])),
      )
      const { how } = statement
      let query: Any = how === 'replace' ? db.replaceInto(table) : db.insertInto(table)
      query = query.values(rows)
      if (how === 'orReplace') query = query.orReplace()
      if (how === 'orIgnore') query = query.orIgnore()
      const columns = keyColumns(world).map(({ name }) => name)
      if (how === 'doNothing') query = query.onConflict((oc: Any) => oc.columns(columns).doNothing())
      if (typeof how === 'object') {
        query = query.onConflict((oc: Any) => {
          const updating = oc
            .columns(columns)
            .doUpdateSet((eb: Builder) => assign(eb, how.set, table, encode))
          const { where } = how
          return where === undefined
            ? updating
            : updating.where((eb: Builder) => build(eb, where, table, encode))
        })
      }
      return returning(query, statement.returning, table, encode)
    }
    case 'update': {
      let query: Any = db.updateTable(table).set((eb: Builder) => assign(eb, statement.set, table, encode))
      for (const condition of statement.where)
        query = query.where((eb: Builder) => build(eb, condition, table, encode))
      return returning(query, statement.returning, table, encode)
    }
    case 'delete': {
      let query: Any = db.deleteFrom(table)
      for (const condition of statement.where)
        query = query.where((eb: Builder) => build(eb, condition, table, encode))
      return returning(query, statement.returning, table, encode)
    }
  }
}

type Encode = (value: Value) => unknown

function returning(
  query: Any,
  columns: 'all' | readonly Selected[] | undefined,
  table: string,
  encode: Encode,
): Any {
  if (columns === undefined) return query
  if (columns === 'all') return query.returningAll()
  return query.returning((eb: Builder) => select(eb, columns, table, encode))
}

function select(eb: Builder, columns: readonly Selected[], table: string, encode: Encode): Any[] {
  return columns.map(({ as, value }) => operand(eb, value, table, encode).as(as))
}

function assign(eb: Builder, set: readonly Assignment[], table: string, encode: Encode) {
  return Object.fromEntries(set.map(({ column, value }) => [column, operand(eb, value, table, encode)]))
}

function operand(eb: Builder, value: Operand, table: string, encode: Encode): Expression {
  switch (value.kind) {
    case 'value':
      return eb.val(encode(value.value)) as Expression
    case 'column':
      // Inside an upsert a bare name would be the old row's too; the table's name says so.
      return eb.ref(value.excluded === true ? `excluded.${value.column}` : value.column)
    case 'path': {
      let path: Any = eb.ref(value.column, '->>$')
      for (const leg of value.legs) path = typeof leg === 'number' ? path.at(leg) : path.key(leg)
      return path
    }
    case 'arithmetic':
      return eb.parens(
        operand(eb, value.left, table, encode),
        value.operator,
        operand(eb, value.right, table, encode),
      )
    case 'negate':
      return eb.neg(operand(eb, value.operand, table, encode))
    case 'condition':
      return eb.parens(build(eb, value.condition, table, encode))
  }
}

function build(eb: Builder, condition: Condition, table: string, encode: Encode): Expression {
  const of = (value: Operand) => operand(eb, value, table, encode)
  switch (condition.kind) {
    case 'compare':
      return eb(of(condition.left), condition.operator as '=', of(condition.right))
    case 'in':
      return eb(of(condition.left), condition.negated ? 'not in' : 'in', condition.list.map(encode) as Any)
    case 'isNull':
      return eb(of(condition.operand), condition.negated ? 'is not' : 'is', null)
    case 'between':
      return eb.between(of(condition.operand), of(condition.least), of(condition.most))
    case 'tuple':
      return eb(tuple(eb, condition.columns), condition.operator as '=', values(eb, condition.values, encode))
    case 'tupleIn':
      return eb(
        tuple(eb, condition.columns),
        'in',
        condition.list.map((key) => values(eb, key, encode)),
      )
    case 'and':
      return eb.and(condition.conditions.map((each) => build(eb, each, table, encode)))
    case 'or':
      return eb.or(condition.conditions.map((each) => build(eb, each, table, encode)))
    case 'not':
      return eb.not(eb.parens(build(eb, condition.condition, table, encode)))
  }
}

function tuple(eb: Builder, columns: readonly string[]): Expression {
  return columns.length === 1 ? eb.ref(columns[0] as string) : (eb.refTuple as Any)(...columns)
}

function values(eb: Builder, list: readonly Value[], encode: Encode): Any {
  const encoded = list.map(encode)
  return encoded.length === 1 ? eb.val(encoded[0]) : (eb.tuple as Any)(...encoded)
}

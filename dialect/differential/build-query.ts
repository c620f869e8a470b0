import { type ExpressionBuilder, type ExpressionWrapper, type Kysely, sql } from 'kysely'
import type { Value } from '../../engine/values/value.js'
import type { Assignment, Condition, Operand, Selected, Statement } from './statement.js'
import { keyColumns, toSqlite, type World } from './world.js'

// biome-ignore lint/suspicious/noExplicitAny: the tables are random, so their types are too
type Any = any
type Builder = ExpressionBuilder<Any, Any>
type Expression = ExpressionWrapper<Any, Any, Any>

/**
 * Builds a statement with Kysely's methods. `encode` says what the database calls a value; a place inside a nested
 * value is set with SQLite's function where values are encoded, because Kysely has no other way to do that there.
 */
export function buildQuery(
  db: Kysely<Any>,
  world: World,
  statement: Statement,
  encode: (value: Value) => unknown,
): Any {
  const { table } = world
  switch (statement.kind) {
    case 'select': {
      const { columns, where, orderBy, limit, offset, alias, groupBy, having } = statement
      let query: Any = db.selectFrom(alias === undefined ? table : `${table} as ${alias}`)
      query =
        columns === 'all'
          ? query.selectAll()
          : query.select((eb: Builder) => select(eb, columns, table, encode))
      for (const condition of where) query = query.where((eb: Builder) => build(eb, condition, table, encode))
      if (statement.distinct === true) query = query.distinct()
      if (groupBy !== undefined && groupBy.length > 0) query = query.groupBy(groupBy)
      if (having !== undefined) query = query.having((eb: Builder) => build(eb, having, table, encode))
      for (const { column, descending } of orderBy) query = query.orderBy(column, descending ? 'desc' : 'asc')
      if (limit !== undefined) query = query.limit(limit)
      return offset === undefined ? query : query.offset(offset)
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
      let query: Any = setAll(db.updateTable(table), statement.set, table, encode)
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

function setAll(update: Any, set: readonly Assignment[], table: string, encode: Encode): Any {
  let query = update
  const whole = set.filter(({ legs }) => legs === undefined)
  if (whole.length > 0) query = query.set((eb: Builder) => assign(eb, whole, table, encode))
  const places = set.filter(({ legs }) => legs !== undefined)
  if (encode !== toSqlite) {
    for (const { column, legs = [], value } of places) {
      query = query.set(
        (eb: Builder) =>
          legs.reduce<Any>(
            (path, leg) => (typeof leg === 'number' ? path.at(leg) : path.key(leg)),
            eb.ref(column, '->$'),
          ),
        (eb: Builder) => operand(eb, value, table, encode),
      )
    }
    return query
  }
  // SQLite takes the last assignment of a column, so that one makes all changes.
  const changed = new Map<string, Any>()
  for (const { column, legs = [], value } of places) {
    const path = `$${legs.map((leg) => (typeof leg === 'number' ? `[${leg}]` : `.${leg}`)).join('')}`
    const before = changed.get(column) ?? sql.ref(column)
    const given = encode((value as Operand & { kind: 'value' }).value)
    changed.set(column, sql`json_set(${before}, ${path}, ${given})`)
  }
  return changed.size === 0 ? query : query.set(Object.fromEntries(changed))
}

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
    case 'call': {
      const operands = value.operands.map((each) => operand(eb, each, table, encode))
      return value.function === 'coalesce'
        ? (eb.fn.coalesce as Any)(...operands)
        : eb.fn(value.function, operands)
    }
    case 'cast':
      return eb.cast(operand(eb, value.operand, table, encode), value.to as 'text')
    case 'case': {
      let built: Any = eb.case()
      for (const { when, value: chosen } of value.branches) {
        built = built.when(build(eb, when, table, encode)).then(operand(eb, chosen, table, encode))
      }
      if (value.otherwise !== undefined) built = built.else(operand(eb, value.otherwise, table, encode))
      return eb.parens(built.end())
    }
    case 'aggregate':
      return aggregate(eb, value, table, encode)
  }
}

function aggregate(
  eb: Builder,
  { function: name, operand: of, distinct, filter }: Operand & { kind: 'aggregate' },
  table: string,
  encode: Encode,
): Expression {
  let built: Any = of === undefined ? eb.fn.countAll() : (eb.fn as Any)[name](operand(eb, of, table, encode))
  if (distinct === true) built = built.distinct()
  return filter === undefined ? built : built.filterWhere((eb: Builder) => build(eb, filter, table, encode))
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

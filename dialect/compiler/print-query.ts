import type { OperationNode } from 'kysely'

/** A node as data: the printer looks for properties, not for classes. */
type Printable = { readonly [property: string]: unknown }

/**
 * How nodes are written: `{property}` stands for what the property prints as, nothing if it is not there. A
 * node that is not listed is written as its properties, one after the other.
 */
const FORMS: { readonly [kind: string]: string | ((node: Printable) => string) } = {
  SelectQueryNode:
    'select {frontModifiers} {selections} {from} {where} {groupBy} {having} {orderBy} {limit} {offset}',
  SelectModifierNode: ({ modifier }) => (modifier === 'Distinct' ? 'distinct' : '{modifier}'),
  InsertQueryNode: ({ replace, defaultValues }) =>
    `${replace === true ? 'replace' : 'insert {orAction}'} into {into} ` +
    `${defaultValues === true ? 'default values' : '({columns}) {values}'} {onConflict} {returning}`,
  UpdateQueryNode: 'update {table} set {updates} {where} {returning}',
  DeleteQueryNode: 'delete {from} {where} {returning}',
  FromNode: 'from {froms}',
  WhereNode: 'where {where}',
  OrderByNode: 'order by {items}',
  GroupByNode: 'group by {items}',
  HavingNode: 'having {having}',
  LimitNode: 'limit {limit}',
  OffsetNode: 'offset {offset}',
  AggregateFunctionNode: ({ distinct, filter }) =>
    `{func}(${distinct === true ? 'distinct ' : ''}{aggregated})${filter === undefined ? '' : ' filter ({filter})'}`,
  FunctionNode: '{func}({arguments})',
  CaseNode: ({ when, else: otherwise }) =>
    `case {value} ${(when as unknown[]).map(print).join(' ')} ${otherwise === undefined ? '' : 'else {else}'} end`,
  WhenNode: 'when {condition} then {result}',
  CastNode: 'cast({expression} as {dataType})',
  ReturningNode: 'returning {selections}',
  ValuesNode: 'values {values}',
  OrActionNode: 'or {action}',
  OnConflictNode: ({ columns, doNothing }) =>
    `on conflict ${columns === undefined ? '' : '({columns})'} do ` +
    `${doNothing === true ? 'nothing' : 'update set {updates} {updateWhere}'}`,
  ColumnUpdateNode: '{column} = {value}',
  SelectAllNode: '*',
  AliasNode: '{node} as {alias}',
  ReferenceNode: ({ table }) => (table === undefined ? '{column}' : '{table}.{column}'),
  IdentifierNode: '"{name}"',
  ParensNode: '({node})',
  AndNode: '{left} and {right}',
  OrNode: '{left} or {right}',
  ValueNode: ({ immediate }) => (immediate === true ? '{value}' : '?'),
  DefaultInsertValueNode: 'default',
  PrimitiveValueListNode: ({ values }) => `(${(values as unknown[]).map(() => '?').join(', ')})`,
  ValueListNode: '({values})',
  TupleNode: '({values})',
  JSONPathNode: ({ pathLegs }) => `-> '$${(pathLegs as Printable[]).map(printLeg).join('')}'`,
  JSONOperatorChainNode: ({ values }) =>
    (values as Printable[]).map(({ value }) => `-> ${JSON.stringify(value)}`).join(' '),
  RawNode: ({ sqlFragments }) => `${(sqlFragments as string[]).join('')}{parameters}`,
}

/**
 * Writes a query that was compiled as text, for logs: it looks like SQL, but nothing here speaks SQL, and
 * nobody executes it. A `?` stands for each of the query's parameters, in their order.
 */
export function printQuery(node: OperationNode): string {
  const explain = 'explain' in node ? 'explain ' : ''
  return (explain + print(node)).replace(/ +/g, ' ').trim()
}

function print(printed: unknown): string {
  if (printed === undefined) return ''
  if (Array.isArray(printed)) return printed.map(print).join(', ')
  if (printed === null || typeof printed !== 'object') return String(printed)
  const { kind, ...properties } = printed as Printable
  const form = FORMS[String(kind)]
  if (form === undefined) return Object.values(properties).map(print).join(' ')
  return (typeof form === 'string' ? form : form(properties)).replace(/\{(\w+)\}/g, (_, property) =>
    print(properties[property]),
  )
}

function printLeg({ type, value }: Printable): string {
  return type === 'Member' ? `.${String(value)}` : `[${String(value)}]`
}

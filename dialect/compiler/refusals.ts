/**
 * Every query that is refused, under a code that never changes: why, and what to write instead. One text for
 * the compiler's errors and for the types' messages. `{table}` and the like are filled in. Short, because all
 * of it is part of every Worker; docs/errors.md says more.
 */
export const REFUSALS = {
  // What would not stay in one place.
  missing_hash_key: {
    reason: 'a query on "{table}" must compare its hash key "{column}" with = or in',
    fix: `add .where('{column}', '=', value); without it the query would visit every partition, which scanEveryPartition() does for exports`,
  },
  too_many_intervals: {
    reason: 'the conditions on the key of "{table}" name more than {limit} places',
    fix: 'split the query',
  },
  join: { reason: 'joins are not supported', fix: 'run a second query' },
  several_tables: { reason: 'a query reads one table', fix: 'run a query per table' },
  subquery: { reason: 'subqueries are not supported', fix: 'run the inner query first' },
  set_operation: {
    reason: 'union, intersect and except are not supported',
    fix: 'run the queries one by one',
  },
  common_table_expression: {
    reason: 'common table expressions are not supported',
    fix: 'run the inner query first',
  },
  no_table: { reason: 'a query without a table has no place', fix: 'compute it in TypeScript' },

  // What has no order or no index to serve it.
  order_by_non_key: {
    reason: '"{column}" is not part of the key of "{table}"',
    fix: 'order by the sort key, or sort in TypeScript',
  },
  order_by_gap: {
    reason: '"{column}" is not next in the sort key of "{table}"',
    fix: 'order by the columns before it first, or compare them with =',
  },
  order_by_mixed: {
    reason: 'all sort key columns of "{table}" run in one direction',
    fix: 'order all of them alike',
  },
  order_by_expression: {
    reason: 'rows are ordered by columns alone',
    fix: 'order by the sort key, or sort in TypeScript',
  },
  distinct_on: { reason: 'distinct on is not supported', fix: 'remove duplicates in TypeScript' },
  fetch: { reason: 'fetch and top are not supported', fix: 'use limit' },

  // What cannot be understood or has no meaning here.
  raw_sql: {
    reason: 'raw SQL cannot be planned',
    fix: 'use the builder; only sql.ref, sql.val and sql.lit are understood',
  },
  modifier: { reason: 'modifyFront and modifyEnd are not supported', fix: 'leave them out' },
  row_lock: { reason: 'rows are not locked by a select', fix: 'leave it out' },
  operator: { reason: 'the operator {operator} is not supported', fix: 'see docs/queries.md' },
  schema: { reason: 'tables have no schemas', fix: 'leave withSchema out' },
  ddl: { reason: 'there is no schema to create or change', fix: 'declare tables with defineDatabase' },
  merge: { reason: 'merge is not supported', fix: 'use onConflict' },
  output: { reason: 'output is not supported', fix: 'use returning' },
  unknown_table: {
    reason: 'no table "{table}" is declared',
    fix: 'declare it with defineDatabase; declared are {declared}',
  },
  unknown_reference: {
    reason: '"{reference}" is not the table, which is "{table}"',
    fix: 'use its alias, or leave the table out',
  },
  unknown_node: { reason: 'a part of the query is not known ({kind})', fix: 'see docs/queries.md' },

  // Writes.
  key_change: {
    reason: 'the key column "{column}" of "{table}" cannot change',
    fix: 'delete the row and insert it under its new key',
  },
  insert_select: { reason: 'insert from a select is not supported', fix: 'run the select first' },
  insert_expression: {
    reason: 'the values of an insert are constants',
    fix: 'compute "{column}" in TypeScript',
  },
  default_values: {
    reason: '"{column}" of "{table}" has no default',
    fix: 'declare one in table(), or insert the values',
  },
  conflict_target: {
    reason: 'only the key of "{table}" can conflict',
    fix: 'write oc.columns([{columns}]), or leave the columns out',
  },
  on_duplicate_key: { reason: 'on duplicate key update is not supported', fix: 'use onConflict' },
  or_action: {
    reason: 'insert or {action} is not supported',
    fix: 'use orIgnore, orReplace or onConflict',
  },
  update_from: { reason: 'update from another table is not supported', fix: 'read the other table first' },
  delete_using: { reason: 'delete using another table is not supported', fix: 'read the other table first' },
  write_limit: {
    reason: 'order by, limit and top are not supported in a write',
    fix: 'name the rows by their keys',
  },

  // What is computed of many rows.
  aggregate: {
    reason: 'an aggregate stands in select, having or order by, and not in another aggregate',
    fix: 'use it in a select on one hash key, or compute it in TypeScript',
  },
  aggregate_function: {
    reason: 'the aggregate {function} is not supported',
    fix: 'use count, sum, avg, min or max, without over, order by or distinct; count may be distinct',
  },
  aggregate_over_several: {
    reason: 'a query over several hash keys of "{table}" cannot make one result of them',
    fix: `add .groupBy('{column}'), or compare "{column}" with =`,
  },
  count_distinct: {
    reason: 'only a key column of "{table}" can be counted distinct',
    fix: 'group by it, or count in TypeScript',
  },
  group_by_non_key: {
    reason: '"{column}" is not next in the sort key of "{table}"',
    fix: 'group by the hash key and by the first columns of the sort key, or group in TypeScript',
  },
  not_grouped: {
    reason: '"{column}" may have several values in a group',
    fix: 'add it to groupBy, or select its min or max',
  },
  distinct: {
    reason: 'distinct takes columns of the key of "{table}" alone',
    fix: 'select key columns alone, or remove duplicates in TypeScript',
  },
  function: {
    reason: 'the function {function} is not supported, or not with so many arguments',
    fix: 'compute it in TypeScript',
  },
  cast: {
    reason: 'a cast to {type} is not supported',
    fix: 'cast to text, integer, bigint or real, or convert it in TypeScript',
  },

  // Ways to look at a query, and to read everything.
  explain: { reason: 'explain takes no format and no options', fix: 'write .explain()' },
  scan_order: {
    reason: 'a full scan reads partition by partition, so it has no order, limit, offset, groups or distinct',
    fix: 'leave them out, and stop taking pages when you have enough',
  },
  scan_of_hash_key: {
    reason: 'this query on "{table}" names its hash key "{column}", so it need not visit every partition',
    fix: 'use execute() or stream()',
  },

  // Transactions.
  isolation_level: {
    reason: 'every transaction is serializable, and "{level}" would be less',
    fix: 'leave setIsolationLevel out',
  },
  stream_in_transaction: {
    reason: 'a stream would keep every other query of its transaction waiting',
    fix: 'use execute(): a transaction holds what it reads anyway',
  },
  scan_in_transaction: {
    reason: 'a transaction is of one moment, and a full scan is not',
    fix: 'scan outside of the transaction',
  },
} as const satisfies Record<string, { readonly reason: string; readonly fix: string }>

/** The code of a refusal. */
export type RefusalCode = keyof typeof REFUSALS

/** What fills the blanks of a refusal's text. */
export type RefusalNames = { readonly [name: string]: string }

/** Fills the blanks of a text in the types: `Fill<'no {a}', { a: 'b' }>` is `'no b'`. */
export type Fill<
  Text extends string,
  Names extends RefusalNames,
> = Text extends `${infer Before}{${infer Name}}${infer After}`
  ? `${Before}${Name extends keyof Names ? Names[Name] : Name}${Fill<After, Names>}`
  : Text

/** Fills the blanks of a text. */
export function fill(text: string, names: RefusalNames): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? name)
}

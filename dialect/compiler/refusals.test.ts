import {
  AliasedExpressionWrapper,
  type Expression,
  type ExpressionBuilder,
  sql,
  WithSchemaPlugin,
} from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { scanEveryPartition, UnsupportedQueryError } from '../index.js'
import { REFUSALS, type RefusalCode } from './refusals.js'
import { calls, db, undeclared } from './test-database.js'

// biome-ignore lint/suspicious/noExplicitAny: of no particular database
type Eb = ExpressionBuilder<any, any>

interface Refused {
  compile(): unknown
  execute(): Promise<unknown>
}

const sfo = () => db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
const one = (query: { where(column: string, operator: string, value: unknown): unknown }) =>
  [
    ['origin', 'SFO'],
    ['departs_at', new Date(0)],
    ['destination', 'LAX'],
  ].reduce(
    (built, [column, value]) => built.where(column, '=', value),
    // biome-ignore lint/suspicious/noExplicitAny: any of the builders
    query as any,
  )
const all = () => db.selectFrom('flights').selectAll()
const sfoOf = (selected: (eb: Eb) => Expression<unknown>) =>
  db
    .selectFrom('flights')
    .select((eb: Eb) => new AliasedExpressionWrapper(selected(eb), 'x'))
    .where('origin', '=', 'SFO')
const update = () => db.updateTable('flights').set({ seats: 1 })
const insert = () => db.insertInto('travellers')
const row = { id: 'a', name: 'A' }

const CASES: readonly (readonly [RefusalCode, string, () => Refused])[] = [
  ['join', 'innerJoin', () => sfo().innerJoin('travellers', 'travellers.id', 'flights.origin')],
  ['join', 'leftJoin', () => sfo().leftJoin('travellers', 'travellers.id', 'flights.origin')],
  ['join', 'rightJoin', () => sfo().rightJoin('travellers', 'travellers.id', 'flights.origin')],
  ['join', 'fullJoin', () => sfo().fullJoin('travellers', 'travellers.id', 'flights.origin')],
  ['join', 'crossJoin', () => sfo().crossJoin('travellers')],
  [
    'join',
    'innerJoinLateral',
    () =>
      sfo().innerJoinLateral(
        (eb) => eb.selectFrom('travellers').selectAll().as('t'),
        (join) => join.onTrue(),
      ),
  ],
  [
    'join',
    'leftJoinLateral',
    () =>
      sfo().leftJoinLateral(
        (eb) => eb.selectFrom('travellers').selectAll().as('t'),
        (join) => join.onTrue(),
      ),
  ],
  [
    'join',
    'crossJoinLateral',
    () => sfo().crossJoinLateral((eb) => eb.selectFrom('travellers').selectAll().as('t')),
  ],
  ['join', 'crossApply', () => sfo().crossApply((eb) => eb.selectFrom('travellers').selectAll().as('t'))],
  ['join', 'outerApply', () => sfo().outerApply((eb) => eb.selectFrom('travellers').selectAll().as('t'))],
  ['several_tables', 'selectFrom of a list', () => db.selectFrom(['flights', 'travellers']).selectAll()],
  [
    'subquery',
    'a subquery in from',
    () => db.selectFrom((eb) => eb.selectFrom('flights').selectAll().as('f')).selectAll(),
  ],
  [
    'subquery',
    'a subquery in where',
    () => sfo().where('seats', 'in', (eb: Eb) => eb.selectFrom('travellers').select('id')),
  ],
  [
    'subquery',
    'a subquery compared',
    () => sfo().where('seats', '=', (eb: Eb) => eb.selectFrom('travellers').select('id')),
  ],
  [
    'subquery',
    'a subquery in select',
    () => sfo().select((eb) => eb.selectFrom('travellers').select('id').as('t')),
  ],
  ['subquery', 'exists', () => sfo().where((eb) => eb.exists(eb.selectFrom('travellers').selectAll()))],
  [
    'subquery',
    'not exists',
    () => sfo().where((eb) => eb.not(eb.exists(eb.selectFrom('travellers').selectAll()))),
  ],
  ['set_operation', 'union', () => sfo().union(sfo())],
  ['set_operation', 'unionAll', () => sfo().unionAll(sfo())],
  ['set_operation', 'intersect', () => sfo().intersect(sfo())],
  ['set_operation', 'intersectAll', () => sfo().intersectAll(sfo())],
  ['set_operation', 'except', () => sfo().except(sfo())],
  ['set_operation', 'exceptAll', () => sfo().exceptAll(sfo())],
  [
    'common_table_expression',
    'with',
    () =>
      db
        .with('f', () => sfo())
        .selectFrom('f')
        .selectAll(),
  ],
  [
    'common_table_expression',
    'withRecursive',
    () =>
      db
        .withRecursive('f', () => sfo())
        .selectFrom('f')
        .selectAll(),
  ],
  [
    'common_table_expression',
    'with before update',
    () =>
      one(
        db
          .with('f', () => sfo())
          .updateTable('flights')
          .set({ seats: 1 }),
      ),
  ],
  [
    'merge',
    'mergeInto',
    () =>
      db
        .mergeInto('flights')
        .using('travellers', 'travellers.id', 'flights.origin')
        .whenMatched()
        .thenDelete(),
  ],
  ['raw_sql', 'raw SQL as a condition', () => sfo().where(sql<boolean>`seats > 1`)],
  ['raw_sql', 'raw SQL as a value', () => sfo().where('seats', '=', sql<number>`1 + 1`)],
  ['raw_sql', 'raw SQL as an operator', () => sfo().where('seats', sql`=`, 1)],
  ['raw_sql', 'raw SQL in select', () => sfo().select(sql<number>`1`.as('one'))],
  ['raw_sql', 'raw SQL as an alias', () => sfo().select((eb) => eb.ref('seats').as(sql`s`))],
  ['raw_sql', 'raw SQL as a table', () => db.selectFrom(sql`flights`.as('f')).selectAll()],
  ['raw_sql', 'raw SQL as a limit', () => sfo().limit(sql<number>`1`)],
  ['raw_sql', 'raw SQL as a direction', () => sfo().orderBy('departs_at', sql`desc nulls last`)],
  ['raw_sql', 'raw SQL in values', () => insert().values({ id: 'a', name: sql`lower('A')` })],
  ['raw_sql', 'raw SQL in set', () => one(db.updateTable('flights').set({ seats: sql`seats + 1` }))],
  ['modifier', 'modifyFront', () => sfo().modifyFront(sql`high_priority`)],
  ['modifier', 'modifyEnd', () => sfo().modifyEnd(sql`for system_time as of now()`)],
  ['modifier', 'modifyEnd of an update', () => one(update().modifyEnd(sql`x`))],
  ['row_lock', 'forUpdate', () => sfo().forUpdate()],
  ['row_lock', 'forShare', () => sfo().forShare()],
  ['row_lock', 'forKeyShare', () => sfo().forKeyShare()],
  ['row_lock', 'forNoKeyUpdate', () => sfo().forNoKeyUpdate()],
  ['row_lock', 'skipLocked', () => sfo().skipLocked()],
  ['row_lock', 'noWait', () => sfo().noWait()],
  ['order_by_non_key', 'orderBy of another column', () => sfo().orderBy('delay')],
  [
    'order_by_non_key',
    'orderBy of an alias of another column',
    () =>
      db
        .selectFrom('flights')
        .select('delay as departs_at')
        .where('origin', '=', 'SFO')
        .orderBy('departs_at'),
  ],
  ['order_by_gap', 'orderBy of the second column', () => sfo().orderBy('destination')],
  [
    'order_by_gap',
    'orderBy of the hash key between',
    () =>
      db
        .selectFrom('flights')
        .selectAll()
        .where('origin', 'in', ['A', 'B'])
        .orderBy('departs_at')
        .orderBy('origin'),
  ],
  [
    'order_by_mixed',
    'orderBy in two directions',
    () => sfo().orderBy('departs_at').orderBy('destination', 'desc'),
  ],
  ['order_by_expression', 'orderBy of an expression', () => sfo().orderBy((eb) => eb('delay', '+', 1))],
  [
    'order_by_expression',
    'orderBy nulls first',
    () => sfo().orderBy('departs_at', (ob) => ob.desc().nullsFirst()),
  ],
  [
    'order_by_expression',
    'orderBy with a collation',
    () => sfo().orderBy('departs_at', (ob) => ob.collate('nocase')),
  ],
  ['distinct_on', 'distinctOn', () => sfo().distinctOn('origin')],
  ['fetch', 'top', () => sfo().top(1)],
  ['fetch', 'fetch', () => sfo().fetch(1)],
  [
    'explain',
    'explain with a format',
    () => ({ compile: () => compileExplain({ format: 'json' }), execute: () => sfo().explain('json') }),
  ],
  [
    'explain',
    'explain with options',
    () => ({
      compile: () => compileExplain({ options: sql`analyze`.toOperationNode() }),
      execute: () => sfo().explain(undefined, sql`analyze`),
    }),
  ],
  ['aggregate', 'sum in a condition', () => sfo().where((eb) => eb(eb.fn.sum('seats'), '>', 1))],
  ['aggregate', 'an aggregate of an aggregate', () => sfoOf((eb) => eb.fn.sum(eb.fn.max('seats')))],
  ['aggregate', 'count in returning', () => one(update()).returning((eb: Eb) => eb.fn.countAll().as('n'))],
  [
    'aggregate',
    'count in set',
    () => one(db.updateTable('flights').set((eb) => ({ seats: eb.fn.countAll() }))),
  ],
  ['aggregate_function', 'total', () => sfoOf((eb) => eb.fn.agg('total', ['seats']))],
  ['aggregate_function', 'group_concat', () => sfoOf((eb) => eb.fn.agg('group_concat', ['destination']))],
  ['aggregate_function', 'an aggregate of JSON', () => sfoOf((eb) => eb.fn.jsonAgg('seats'))],
  ['aggregate_function', 'a window', () => sfoOf((eb) => eb.fn.sum('seats').over())],
  ['aggregate_function', 'sum of different values', () => sfoOf((eb) => eb.fn.sum('seats').distinct())],
  ['aggregate_function', 'an ordered aggregate', () => sfoOf((eb) => eb.fn.max('seats').orderBy('seats'))],
  ['aggregate_function', 'different rows counted', () => sfoOf((eb) => eb.fn.countAll().distinct())],
  [
    'aggregate_over_several',
    'an aggregate over a list of hash keys',
    () =>
      db
        .selectFrom('flights')
        .select((eb) => eb.fn.countAll().as('n'))
        .where('origin', 'in', ['SFO']),
  ],
  [
    'aggregate_over_several',
    'an aggregate over a list of one whole key',
    () =>
      db
        .selectFrom('ledger')
        .select((eb) => eb.fn.countAll().as('n'))
        .where((eb) => eb(eb.refTuple('account', 'day'), 'in', [eb.tuple(1n, 2)])),
  ],
  [
    'aggregate_over_several',
    'an aggregate over a list, beside values that equal each other',
    () =>
      db
        .selectFrom('flights')
        .select((eb) => eb.fn.countAll().as('n'))
        .where('origin', 'in', ['SFO'])
        .where((eb) => eb(eb.val(new Date(0)), '=', eb.val(new Date(0)))),
  ],
  ['unknown_reference', 'rows of another table counted', () => sfoOf((eb) => eb.fn.countAll('ledger'))],
  [
    'order_by_expression',
    'groups ordered by the place of a column',
    () =>
      sfoOf((eb) => eb.fn.countAll())
        .groupBy('departs_at')
        .orderBy(sql.lit(1), 'desc'),
  ],
  [
    'aggregate_over_several',
    'groups over a list of hash keys',
    () =>
      db
        .selectFrom('flights')
        .select((eb) => ['departs_at', eb.fn.countAll().as('n')])
        .where('origin', 'in', ['SFO', 'LAX'])
        .groupBy('departs_at'),
  ],
  [
    'aggregate_over_several',
    'distinct over several hash keys',
    () =>
      db
        .selectFrom('flights')
        .select('departs_at')
        .distinct()
        .where((eb) => eb.or([eb('origin', '=', 'SFO'), eb('origin', '=', 'LAX')])),
  ],
  [
    'missing_hash_key',
    'a count of a table',
    () => db.selectFrom('flights').select((eb) => eb.fn.countAll().as('n')),
  ],
  ['count_distinct', 'count distinct of a column', () => sfoOf((eb) => eb.fn.count('seats').distinct())],
  [
    'count_distinct',
    'count distinct of a computation',
    () => sfoOf((eb) => eb.fn.count(eb.fn('lower', ['destination'])).distinct()),
  ],
  ['group_by_non_key', 'groupBy a column', () => sfo().clearSelect().select('seats').groupBy('seats')],
  [
    'group_by_non_key',
    'groupBy behind a gap',
    () => sfo().clearSelect().select('destination').groupBy('destination'),
  ],
  [
    'group_by_non_key',
    'groupBy a computation',
    () => sfoOf((eb) => eb.fn.countAll()).groupBy((eb) => eb.fn('lower', ['destination'])),
  ],
  ['not_grouped', 'selectAll of groups', () => sfo().groupBy('origin')],
  ['not_grouped', 'a column beside an aggregate', () => sfoOf((eb) => eb.fn.countAll()).select('seats')],
  ['not_grouped', 'having of a column', () => sfoOf((eb) => eb.fn.countAll()).having('seats', '>', 1)],
  ['not_grouped', 'groups ordered by a column', () => sfoOf((eb) => eb.fn.countAll()).orderBy('seats')],
  ['distinct', 'distinct', () => sfo().clearSelect().select('seats').distinct()],
  ['distinct', 'distinct of computations', () => sfoOf((eb) => eb.fn('lower', ['destination'])).distinct()],
  ['distinct', 'distinct groups', () => sfoOf((eb) => eb.fn.countAll()).distinct()],
  ['function', 'a function that is not known', () => sfoOf((eb) => eb.fn('soundex', ['destination']))],
  ['function', 'a function with too much', () => sfoOf((eb) => eb.fn('lower', ['destination', 'origin']))],
  ['function', 'a function of a property name', () => sfoOf((eb) => eb.fn('constructor', ['destination']))],
  ['cast', 'cast to a date', () => sfoOf((eb) => eb.cast('destination', 'date'))],
  ['cast', 'cast to a decimal', () => sfoOf((eb) => eb.cast('seats', 'decimal(10, 2)'))],
  ['raw_sql', 'cast to raw SQL', () => sfoOf((eb) => eb.cast('seats', sql`${'text'}`))],
  ['insert_select', 'insert from a select', () => insert().columns(['id']).expression(sfo())],
  [
    'insert_expression',
    'an expression in values',
    () => insert().values((eb) => ({ id: 'a', name: eb(eb.val(1), '+', 1) })),
  ],
  [
    'insert_expression',
    'a reference in values',
    () => insert().values((eb) => ({ id: 'a', name: eb.ref('id') })),
  ],
  ['update_from', 'update from', () => one(update().from('travellers'))],
  [
    'join',
    'update with a join',
    () => one(update().innerJoin('travellers', 'travellers.id', 'flights.origin')),
  ],
  ['write_limit', 'update with a limit', () => one(update().limit(1))],
  ['write_limit', 'update with an order', () => one(update().orderBy('departs_at'))],
  ['write_limit', 'delete with a limit', () => one(db.deleteFrom('flights').limit(1))],
  ['write_limit', 'delete with an order', () => one(db.deleteFrom('flights').orderBy('departs_at'))],
  ['write_limit', 'update with top', () => one(update().top(1))],
  ['delete_using', 'delete using', () => one(db.deleteFrom('flights').using('travellers'))],
  [
    'join',
    'delete with a join',
    () => one(db.deleteFrom('flights').innerJoin('travellers', 'travellers.id', 'flights.origin')),
  ],
  [
    'several_tables',
    'update of two tables',
    () => db.updateTable(['flights', 'travellers']).set({ seats: 1 }),
  ],
  ['several_tables', 'delete from two tables', () => db.deleteFrom(['flights', 'travellers'])],
  ['output', 'output of an insert', () => insert().values(row).output('inserted.id')],
  ['output', 'output of an update', () => one(update().output('inserted.seats'))],
  ['output', 'output of a delete', () => one(db.deleteFrom('flights').outputAll('deleted'))],
  [
    'on_duplicate_key',
    'onDuplicateKeyUpdate',
    () => insert().values(row).onDuplicateKeyUpdate({ name: 'B' }),
  ],
  [
    'conflict_target',
    'onConflict of a constraint',
    () =>
      insert()
        .values(row)
        .onConflict((oc) => oc.constraint('c').doNothing()),
  ],
  [
    'conflict_target',
    'onConflict of an expression',
    () =>
      insert()
        .values(row)
        .onConflict((oc) => oc.expression(sql`lower(id)`).doNothing()),
  ],
  [
    'conflict_target',
    'onConflict with a condition',
    () =>
      insert()
        .values(row)
        .onConflict((oc) => oc.column('id').where('id', '=', 'a').doNothing()),
  ],
  [
    'conflict_target',
    'onConflict of another column',
    () =>
      insert()
        .values(row)
        .onConflict((oc) => oc.column('name').doNothing()),
  ],
  [
    'conflict_target',
    'onConflict of half a key',
    () =>
      db
        .insertInto('flights')
        .values({ origin: 'A', departs_at: new Date(0), destination: 'B' })
        .onConflict((oc) => oc.column('origin').doNothing()),
  ],
  ['or_action', 'orFail', () => insert().values(row).orFail()],
  [
    'or_action',
    'orIgnore with onConflict',
    () =>
      insert()
        .values(row)
        .orIgnore()
        .onConflict((oc) => oc.doNothing()),
  ],
  [
    'or_action',
    'orReplace with onConflict',
    () =>
      insert()
        .values(row)
        .orReplace()
        .onConflict((oc) => oc.doNothing()),
  ],
  [
    'or_action',
    'replaceInto with onConflict',
    () =>
      db
        .replaceInto('travellers')
        .values(row)
        .onConflict((oc) => oc.doNothing()),
  ],
  ['or_action', 'replaceInto with orIgnore', () => db.replaceInto('travellers').values(row).orIgnore()],
  ['raw_sql', 'a direction with more in it', () => sfo().orderBy('departs_at', sql`de${sql.lit('x')}sc`)],
  ['or_action', 'orRollback', () => insert().values(row).orRollback()],
  ['default_values', 'defaultValues without a default for the key', () => insert().defaultValues()],
  ['key_change', 'setting the hash key', () => one(db.updateTable('flights').set({ origin: 'OAK' }))],
  ['key_change', 'setting a sort key column', () => one(db.updateTable('flights').set('destination', 'OAK'))],
  [
    'key_change',
    'setting a key column on conflict',
    () =>
      insert()
        .values(row)
        .onConflict((oc) => oc.column('id').doUpdateSet({ id: 'b' })),
  ],
  [
    'key_change',
    'setting a part of a key column',
    () =>
      one(
        db.updateTable('flights').set((eb) => eb.ref('origin', '->$').key('model' as never), 'A320' as never),
      ),
  ],
  [
    'schema',
    'withSchema',
    () => db.withSchema('s').selectFrom('flights').selectAll().where('origin', '=', 'SFO'),
  ],
  [
    'schema',
    'a table with a schema',
    () => db.selectFrom('s.flights').selectAll().where('origin', '=', 'SFO'),
  ],
  [
    'schema',
    'the plugin of a schema',
    () =>
      db.withPlugin(new WithSchemaPlugin('s')).selectFrom('flights').selectAll().where('origin', '=', 'SFO'),
  ],
  ['no_table', 'selectNoFrom', () => db.selectNoFrom((eb) => eb.val(1).as('one'))],
  ['operator', 'between symmetric', () => sfo().where((eb) => eb.betweenSymmetric('seats', 1, 2))],
  ['operator', 'a regular expression', () => sfo().where('destination', '~', 'a')],
  ['operator', 'ilike', () => sfo().where('destination', 'ilike', 'a%')],
  ['operator', 'an array operator', () => sfo().where('tags', '@>', ['a'])],
  ['operator', 'a JSON operator', () => sfo().where('tags', '?', 'a')],
  ['operator', 'match', () => sfo().where('destination', 'match', 'a')],
  ['operator', 'a bit operator', () => sfo().where((eb) => eb(eb('seats', '&', 1), '=', 1))],
  ['ddl', 'createTable', () => db.schema.createTable('t').addColumn('a', 'text')],
  ['ddl', 'dropTable', () => db.schema.dropTable('flights')],
  ['ddl', 'alterTable', () => db.schema.alterTable('flights').addColumn('a', 'text')],
  ['ddl', 'createIndex', () => db.schema.createIndex('i').on('flights').column('delay')],
  ['ddl', 'dropIndex', () => db.schema.dropIndex('i')],
  ['ddl', 'createSchema', () => db.schema.createSchema('s')],
  ['ddl', 'dropSchema', () => db.schema.dropSchema('s')],
  ['ddl', 'createView', () => db.schema.createView('v').as(sfo())],
  ['ddl', 'dropView', () => db.schema.dropView('v')],
  ['ddl', 'refreshMaterializedView', () => db.schema.refreshMaterializedView('v')],
  ['ddl', 'createType', () => db.schema.createType('t').asEnum(['a'])],
  ['ddl', 'dropType', () => db.schema.dropType('t')],
  ['missing_hash_key', 'a select without conditions', () => db.selectFrom('flights').selectAll()],
  [
    'missing_hash_key',
    'a select by another column',
    () => db.selectFrom('flights').selectAll().where('delay', '>', 60),
  ],
  [
    'missing_hash_key',
    'a range of hash keys',
    () => db.selectFrom('flights').selectAll().where('origin', '>', 'A'),
  ],
  [
    'missing_hash_key',
    'a prefix of hash keys',
    () => db.selectFrom('flights').selectAll().where('origin', 'like', 'S%'),
  ],
  [
    'missing_hash_key',
    'a hash key that is not',
    () => db.selectFrom('flights').selectAll().where('origin', '!=', 'SFO'),
  ],
  [
    'missing_hash_key',
    'not of a hash key',
    () =>
      db
        .selectFrom('flights')
        .selectAll()
        .where((eb) => eb.not(eb('origin', '=', 'SFO'))),
  ],
  [
    'missing_hash_key',
    'or of a hash key and something else',
    () =>
      db
        .selectFrom('flights')
        .selectAll()
        .where((eb) => eb.or([eb('origin', '=', 'SFO'), eb('delay', '>', 1)])),
  ],
  [
    'missing_hash_key',
    'a hash key compared with a column',
    () => db.selectFrom('flights').selectAll().whereRef('origin', '=', 'destination'),
  ],
  [
    'missing_hash_key',
    'a hash key compared with a computation',
    () =>
      db
        .selectFrom('ledger')
        .selectAll()
        .where((eb) => eb('account', '=', eb(eb.val(1n), '+', 1n))),
  ],
  ['missing_hash_key', 'an update without conditions', () => update()],
  ['missing_hash_key', 'a delete without conditions', () => db.deleteFrom('flights')],
  [
    'missing_hash_key',
    'an undeclared table without its hash key',
    () => undeclared.selectFrom('t').selectAll().where('sort_key', '=', 'a'),
  ],
  [
    'missing_hash_key',
    'an update of a range without its hash key',
    () => update().where('departs_at', '>', new Date(0)),
  ],
  [
    'too_many_intervals',
    'more keys than a statement visits',
    () =>
      db
        .selectFrom('travellers')
        .selectAll()
        .where(
          'id',
          'in',
          Array.from({ length: 1001 }, (_, i) => `t${i}`),
        ),
  ],
  [
    'too_many_intervals',
    'lists that multiply',
    () =>
      db
        .selectFrom('ledger')
        .selectAll()
        .where(
          'account',
          'in',
          Array.from({ length: 40 }, (_, i) => BigInt(i)),
        )
        .where(
          'day',
          'in',
          Array.from({ length: 40 }, (_, i) => i),
        ),
  ],
  [
    'unknown_table',
    'a table that is not declared',
    () => db.selectFrom('nothing').selectAll().where('id', '=', 1),
  ],
  [
    'unknown_reference',
    'the table under its name, not its alias',
    () =>
      db
        .selectFrom('flights as f')
        .selectAll()
        .where('flights.origin' as never, '=', 'SFO' as never),
  ],
  [
    'unknown_reference',
    'selectAll of another table',
    () =>
      db
        .selectFrom('flights')
        .selectAll('travellers' as never)
        .where('origin', '=', 'SFO'),
  ],
  [
    'unknown_reference',
    'excluded outside of an upsert',
    () => sfo().where('excluded.seats', '=', 1 as never),
  ],
  ['scan_order', 'a full scan with an order', () => scan(all().orderBy('departs_at'))],
  ['scan_order', 'a full scan with a limit', () => scan(all().limit(10))],
  ['scan_order', 'a full scan with an offset', () => scan(all().offset(10))],
  ['scan_of_hash_key', 'a full scan of a hash key', () => scan(sfo())],
  [
    'scan_of_hash_key',
    'a full scan of several hash keys',
    () => scan(all().where('origin', 'in', ['SFO', 'OAK'])),
  ],
  [
    'scan_of_hash_key',
    'a full scan of keys',
    () =>
      scan(
        all().where((eb) =>
          eb.or([eb('origin', '=', 'A'), eb.and([eb('origin', '=', 'B'), eb('x', '=', 1)])]),
        ),
      ),
  ],
  [
    'join',
    'a full scan with a join',
    () => scan(all().innerJoin('travellers', 'travellers.id', 'flights.origin')),
  ],
  ['scan_order', 'a full scan that groups', () => scan(all().groupBy('origin'))],
  ['scan_order', 'a full scan of distinct rows', () => scan(all().distinct())],
  [
    'aggregate',
    'a full scan that counts',
    () => scan(db.selectFrom('flights').select((eb) => eb.fn.countAll().as('n'))),
  ],
  ['row_lock', 'a full scan that locks', () => scan(all().forUpdate())],
  ['unknown_node', 'a full scan of what is no select', () => scan(insert().values(row))],
  ['unknown_node', 'a tuple by itself', () => sfo().select((eb) => eb.refTuple('seats', 'delay').as('both'))],
]

/** Refused when it is asked for, like a query that is compiled. */
function scan(query: object): Refused {
  const scanned = () => scanEveryPartition(query as never)
  return { compile: scanned, execute: async () => scanned().next() }
}

/** Kysely's explain() executes at once; this is the query that it would compile. */
function compileExplain(explain: object): unknown {
  const query = sfo()
  const node = { ...query.toOperationNode(), explain: { kind: 'ExplainNode', ...explain } } as never
  return db.getExecutor().compileQuery(node, { queryId: 'q' } as never)
}

describe('the compiler refuses', () => {
  beforeEach(() => {
    calls.count = 0
  })

  it.each(CASES)('%s: %s', async (code, _, makeQuery) => {
    const query = makeQuery()
    let refusal: unknown
    try {
      query.compile()
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(UnsupportedQueryError)
    const error = refusal as UnsupportedQueryError
    expect(error.code).toBe(code)
    expect(error.reason).not.toMatch(/[{}]/)
    expect(error.fix).not.toMatch(/[{}]/)
    expect(error.message).toBe(`${error.reason}: ${error.fix} (kysely-fokos/docs/errors.md#${code})`)
    expect(error.retryable).toBe(false)
    await expect(query.execute()).rejects.toMatchObject({ name: 'UnsupportedQueryError', code })
    expect(calls.count).toBe(0)
  })

  it('with every code that there is', () => {
    const tested = new Set(CASES.map(([code]) => code))
    // These are not a query's: the driver refuses them, and their tests are there.
    tested.add('isolation_level').add('stream_in_transaction').add('scan_in_transaction')
    expect(Object.keys(REFUSALS).filter((code) => !tested.has(code as RefusalCode))).toEqual([])
  })

  it('raw queries and properties of a later Kysely', async () => {
    await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'raw_sql' })
    const node = { ...sfo().toOperationNode(), qualify: { kind: 'QualifyNode' } } as never
    expect(() => db.getExecutor().compileQuery(node, { queryId: 'q' } as never)).toThrow(/qualify/)
    expect(calls.count).toBe(0)
  })

  it('raw queries that were compiled elsewhere', async () => {
    const { CompiledQuery } = await import('kysely')
    await expect(db.executeQuery(CompiledQuery.raw('select 1'))).rejects.toMatchObject({ code: 'raw_sql' })
  })
})

describe('a refusal', () => {
  it('has the user’s own line among its first five frames, however deep the condition', () => {
    let refusal: Error | undefined
    try {
      sfo()
        .where((eb) => {
          let condition = eb('seats', 'ilike', '1')
          for (let depth = 0; depth < 10; depth++)
            condition = eb.and([eb.or([condition, eb('seats', '>', depth)]), eb('delay', '>', 1)])
          return condition
        })
        .compile()
    } catch (error) {
      refusal = error as Error
    }
    const frames = refusal?.stack?.split('\n').filter((line) => line.trim().startsWith('at ')) ?? []
    expect(frames.slice(0, 5).join('\n')).toContain('refusals.test.ts')
  })

  it('has the user’s own line also when the query is executed', async () => {
    const refusal = await sfo()
      .where('seats', 'ilike', 'x')
      .execute()
      .then(undefined, (error: Error) => error)
    const frames = (refusal as Error).stack?.split('\n').filter((line) => line.trim().startsWith('at ')) ?? []
    expect(frames.slice(0, 5).join('\n')).toContain('refusals.test.ts')
  })

  it('has it in every way to execute', async () => {
    const query = sfo().where('seats', 'ilike', 'x')
    const ways: (() => Promise<unknown>)[] = [
      async () => query.compile(),
      () => query.executeTakeFirst(),
      () => query.executeTakeFirstOrThrow(),
      () => query.stream().next(),
      // Kysely 0.28 throws here before it returns a promise.
      async () => db.executeQuery(query),
      () => one(update().set({ seats: 1 }).from('b')).executeTakeFirstOrThrow(),
    ]
    for (const way of ways) {
      const refusal = await way().then(undefined, (error: Error) => error)
      const frames =
        (refusal as Error).stack?.split('\n').filter((line) => line.trim().startsWith('at ')) ?? []
      expect(frames.slice(0, 5).join('\n')).toContain('refusals.test.ts')
    }
  })
})

import {
  CamelCasePlugin,
  type CompiledQuery,
  HandleEmptyInListsPlugin,
  pushValueIntoList,
  replaceWithNoncontingentExpression,
  sql,
} from 'kysely'
import { describe, expect, it } from 'vitest'
import { decodeKey } from '../../engine/keys/key-codec.js'
import type { AggregateOperation, ItemKey, Span } from '../../engine/operations.js'
import { InvalidKeyError, InvalidRequestError, InvalidValueError } from '../index.js'
import type { FokosCompiledQuery } from './fokos-query-compiler.js'
import { db, undeclared } from './test-database.js'

type Query = { compile(): CompiledQuery }

const operation = (query: Query) => (query.compile() as FokosCompiledQuery).operation
const flights = () => db.selectFrom('flights').selectAll()
const sfo = () => flights().where('origin', '=', 'SFO')
const ledger = (account = 1n) => db.selectFrom('ledger').selectAll().where('account', '=', account)
const six = new Date('2001-01-01T06:00:00Z')
const noon = new Date('2001-01-01T12:00:00Z')

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const keyText = ({ hashKey, sortKey }: ItemKey) =>
  [...decodeKey(hashKey), ...decodeKey(sortKey)].map(String).join(' ')

/**
 * An interval as the tuples around it: `[a` begins with a, `(a` behind all tuples that begin with a, `a]` ends
 * with them, `a)` before them.
 */
function spanText({ hashKey, interval }: Span): string {
  const { from, to } = interval
  const lower = from.at(-1) === 0xff ? `(${tuple(from.slice(0, -1))}` : `[${tuple(from)}`
  const upper = to.at(-1) === 0xff ? `${tuple(to.slice(0, -1))}]` : `${tuple(to)})`
  return `${decodeKey(hashKey).join(' ')} ${lower} .. ${upper}`
}

/** Parts, or what cannot be read as parts in hex. */
function tuple(bytes: Uint8Array): string {
  for (let end = bytes.length; end >= 0; end--) {
    try {
      const parts = decodeKey(bytes.slice(0, end)).map((part) =>
        part instanceof Date ? part.toISOString() : part,
      )
      const rest = hex(bytes.slice(end))
      return [...parts, ...(rest === '' ? [] : [`+${rest}`])].join(' ')
    } catch {}
  }
  return ''
}

function planText(query: Query): string {
  const plan = operation(query)
  if (plan.kind === 'explain' || plan.kind === 'scan') throw new Error('these have tests of their own')
  const filter = 'filter' in plan && plan.filter !== undefined ? ' filtered' : ''
  switch (plan.kind) {
    case 'nothing':
      return 'nothing'
    case 'get':
      return `get ${keyText(plan.key)}${filter}`
    case 'batchGet':
      return `batchGet ${plan.keys.map(keyText).join(', ')}${filter}`
    case 'query':
      return `query ${plan.spans.map(spanText).join(', ')}${filter}`
    case 'aggregate':
      return aggregateText(plan, filter)
    case 'alter':
      return `${plan.alteration.kind} ${plan.spans.map(spanText).join(', ')}${filter}`
    case 'write':
      return `write ${plan.changes.map((change) => `${change.kind} ${keyText(change.key)}`).join(', ')}`
  }
}

function aggregateText(plan: AggregateOperation, filter: string): string {
  const groups = plan.groups.length === 0 ? '' : ` by ${plan.groups.map(({ name }) => name).join(', ')}`
  const results = plan.aggregates.map((aggregate) => ` ${aggregate.function}`).join('')
  return `aggregate${results}${groups} of ${plan.spans.map(spanText).join(', ')}${filter}`
}

const SIX = six.toISOString()
const NOON = noon.toISOString()

describe('the condition', () => {
  it.each<[string, () => Query, string]>([
    ['a hash key', () => sfo(), 'query SFO [flights .. flights]'],
    [
      'a whole key',
      () => sfo().where('departs_at', '=', six).where('destination', '=', 'LAX'),
      `get SFO flights ${six} LAX`,
    ],
    [
      'a whole key as an object',
      () => flights().where((eb) => eb.and({ origin: 'SFO', departs_at: six, destination: 'LAX' })),
      `get SFO flights ${six} LAX`,
    ],
    [
      'a whole key as a tuple',
      () =>
        flights().where((eb) =>
          eb(eb.refTuple('origin', 'departs_at', 'destination'), '=', eb.tuple('SFO', six, 'LAX')),
        ),
      `get SFO flights ${six} LAX`,
    ],
    [
      'a hash key that is the whole key',
      () => db.selectFrom('travellers').selectAll().where('id', '=', 'a'),
      'get a travellers',
    ],
    [
      'a lower bound',
      () => sfo().where('departs_at', '>=', six),
      `query SFO [flights ${SIX} .. flights +41)`,
    ],
    [
      'an open lower bound',
      () => sfo().where('departs_at', '>', six),
      `query SFO (flights ${SIX} .. flights +41)`,
    ],
    [
      'an upper bound',
      () => sfo().where('departs_at', '<', noon),
      `query SFO [flights +40 .. flights ${NOON})`,
    ],
    [
      'a closed upper bound',
      () => sfo().where('departs_at', '<=', noon),
      `query SFO [flights +40 .. flights ${NOON}]`,
    ],
    [
      'two bounds',
      () => sfo().where('departs_at', '>=', six).where('departs_at', '<', noon),
      `query SFO [flights ${SIX} .. flights ${NOON})`,
    ],
    [
      'between',
      () => sfo().where((eb) => eb.between('departs_at', six, noon)),
      `query SFO [flights ${SIX} .. flights ${NOON}]`,
    ],
    [
      'the tighter of two bounds',
      () => sfo().where('departs_at', '>', six).where('departs_at', '>=', noon),
      `query SFO [flights ${NOON} .. flights +41)`,
    ],
    [
      'between one value',
      () =>
        sfo()
          .where((eb) => eb.between('departs_at', six, six))
          .where('destination', '=', 'LAX'),
      `get SFO flights ${six} LAX`,
    ],
    [
      'a prefix and a range',
      () => sfo().where('departs_at', '=', six).where('destination', '>', 'L'),
      `query SFO (flights ${SIX} L .. flights ${SIX} +03)`,
    ],
    [
      'a text prefix',
      () => sfo().where('departs_at', '=', six).where('destination', 'like', 'LA%'),
      `query SFO [flights ${SIX} +024c41 .. flights ${SIX} +024c42)`,
    ],
    [
      'like without a wildcard',
      () => sfo().where('departs_at', '=', six).where('destination', 'like', 'LAX'),
      `get SFO flights ${six} LAX`,
    ],
    [
      'like with a wildcard inside',
      () => sfo().where('departs_at', '=', six).where('destination', 'like', 'L%X'),
      `query SFO [flights ${SIX} .. flights ${SIX}] filtered`,
    ],
    [
      'like with a backslash',
      () => sfo().where('departs_at', '=', six).where('destination', 'like', 'L\\%'),
      `query SFO [flights ${SIX} .. flights ${SIX}] filtered`,
    ],
    [
      'a column behind an open one',
      () => sfo().where('destination', '=', 'LAX'),
      'query SFO [flights .. flights] filtered',
    ],
    [
      'a column behind a range',
      () => sfo().where('departs_at', '>', six).where('destination', '=', 'LAX'),
      `query SFO (flights ${SIX} .. flights +41) filtered`,
    ],
    ['another column', () => sfo().where('delay', '>', 60), 'query SFO [flights .. flights] filtered'],
    [
      'reversed operands',
      () =>
        flights()
          .where((eb) => eb(eb.val('SFO'), '=', eb.ref('origin')))
          .where((eb) => eb(eb.val(six), '<=', eb.ref('departs_at'))),
      `query SFO [flights ${SIX} .. flights +41)`,
    ],
    [
      'a list of hash keys',
      () => flights().where('origin', 'in', ['SFO', 'OAK', 'SFO']),
      'query SFO [flights .. flights], OAK [flights .. flights]',
    ],
    [
      'a list of keys',
      () => db.selectFrom('travellers').selectAll().where('id', 'in', ['b', 'a', 'b']),
      'batchGet b travellers, a travellers',
    ],
    [
      'a list of the last column',
      () => sfo().where('departs_at', '=', six).where('destination', 'in', ['LAX', 'JFK']),
      `batchGet SFO flights ${six} JFK, SFO flights ${six} LAX`,
    ],
    [
      'a list, then a range',
      () => sfo().where('departs_at', 'in', [six, noon]).where('destination', '>', 'M'),
      `query SFO (flights ${SIX} M .. flights ${SIX} +03), SFO (flights ${NOON} M .. flights ${NOON} +03)`,
    ],
    [
      'or of hash keys',
      () =>
        db
          .selectFrom('travellers')
          .selectAll()
          .where((eb) => eb.or([eb('id', '=', 'a'), eb('id', '=', 'b')])),
      'batchGet a travellers, b travellers',
    ],
    [
      'or of whole keys',
      () =>
        db
          .selectFrom('ledger')
          .selectAll()
          .where((eb) => eb.or([eb.and({ account: 1n, day: 1 }), eb.and({ account: 2n, day: 2 })])),
      'batchGet 1 ledger 1, 2 ledger 2',
    ],
    [
      'or of ranges that overlap',
      () => ledger().where((eb) => eb.or([eb.between('day', 1, 5), eb.between('day', 3, 9)])),
      'query 1 [ledger 1 .. ledger 9]',
    ],
    [
      'or with filters inside',
      () =>
        db
          .selectFrom('travellers')
          .selectAll()
          .where((eb) => eb.or([eb.and({ id: 'a', name: 'A' }), eb('id', '=', 'b')])),
      'batchGet a travellers, b travellers filtered',
    ],
    [
      'a tuple list',
      () =>
        db
          .selectFrom('ledger')
          .selectAll()
          .where((eb) => eb(eb.refTuple('account', 'day'), 'in', [eb.tuple(1n, 1), eb.tuple(2n, 2)])),
      'batchGet 1 ledger 1, 2 ledger 2',
    ],
    [
      'keyset pagination with the hash key in the tuple',
      () => ledger().where((eb) => eb(eb.refTuple('account', 'day'), '>', eb.tuple(1n, 5))),
      'query 1 (ledger 5 .. ledger]',
    ],
    [
      'keyset pagination of a composite sort key',
      () => sfo().where((eb) => eb(eb.refTuple('departs_at', 'destination'), '>', eb.tuple(six, 'LAX'))),
      `query SFO (flights ${SIX} LAX .. flights]`,
    ],
    [
      'keyset pagination backwards',
      () => sfo().where((eb) => eb(eb.refTuple('departs_at', 'destination'), '<', eb.tuple(six, 'LAX'))),
      `query SFO [flights .. flights ${SIX} LAX)`,
    ],
    [
      'keyset pagination through a column that is no key',
      () => ledger().where((eb) => eb(eb.refTuple('day', 'note'), '>=', eb.tuple(5, 'x'))),
      'query 1 [ledger 5 .. ledger] filtered',
    ],
    [
      'keyset pagination with a null',
      () =>
        sfo().where((eb) => eb(eb.refTuple('departs_at', 'destination'), '>', eb.tuple(six, null as never))),
      `query SFO (flights ${SIX} .. flights]`,
    ],
    [
      'keyset pagination with >= and <=',
      () =>
        ledger()
          .where((eb) => eb(eb.refTuple('account', 'day'), '>=', eb.tuple(1n, 5)))
          .where((eb) => eb(eb.refTuple('account', 'day'), '<=', eb.tuple(1n, 9))),
      'query 1 [ledger 5 .. ledger 9]',
    ],
    [
      'keyset pagination of another hash key',
      () => ledger(0n).where((eb) => eb(eb.refTuple('account', 'day'), '>', eb.tuple(1n, 5))),
      'nothing',
    ],
    [
      'a tuple with one column twice',
      () => sfo().where((eb) => eb(eb.refTuple('departs_at', 'departs_at'), '>', eb.tuple(noon, six))),
      `query SFO [flights ${NOON} .. flights] filtered`,
    ],
    [
      'many conditions on a column that is no key, one of which holds',
      () => sfo().where((eb) => eb.or(Array.from({ length: 20_000 }, (_, i) => eb('seats', '=', i)))),
      'query SFO [flights .. flights] filtered',
    ],
    [
      'many keys, and many conditions on a column that is no key',
      () =>
        db
          .selectFrom('travellers')
          .selectAll()
          .where('id', 'in', ['a', 'b'])
          .where((eb) => eb.or(Array.from({ length: 900 }, (_, i) => eb('name', '=', `${i}`)))),
      'batchGet a travellers, b travellers filtered',
    ],
    ['two hash keys at once', () => sfo().where('origin', '=', 'OAK'), 'nothing'],
    ['one hash key twice', () => sfo().where('origin', '=', 'SFO'), 'query SFO [flights .. flights]'],
    [
      'bounds that exclude each other',
      () => sfo().where('departs_at', '>', noon).where('departs_at', '<', six),
      'nothing',
    ],
    ['a list without members', () => flights().where('origin', 'in', []), 'nothing'],
    ['a sort key list without members', () => sfo().where('departs_at', 'in', []), 'nothing'],
    ['a hash key that equals null', () => flights().where('origin', '=', null), 'nothing'],
    ['a hash key that is null', () => flights().where('origin', 'is', null), 'nothing'],
    ['a list of nulls', () => flights().where('origin', 'in', [null]), 'nothing'],
    [
      'a list with a null',
      () => db.selectFrom('travellers').selectAll().where('id', 'in', [null, 'a']),
      'get a travellers',
    ],
    ['what is always true', () => sfo().where((eb) => eb.and([])), 'query SFO [flights .. flights]'],
    ['what is never true', () => flights().where((eb) => eb.or([])), 'nothing'],
    ['a literal', () => sfo().where((eb) => eb.lit(true)), 'query SFO [flights .. flights]'],
    ['a literal that is false', () => sfo().where((eb) => eb.lit(false)), 'nothing'],
    [
      'a sort key that is not null',
      () => sfo().where('departs_at', 'is not', null),
      'query SFO [flights .. flights] filtered',
    ],
    [
      'sql.ref and sql.val',
      () => flights().where(sql.ref('origin'), '=', sql.val('SFO')),
      'query SFO [flights .. flights]',
    ],
    [
      'an alias',
      () => db.selectFrom('flights as f').selectAll('f').where('f.origin', '=', 'SFO'),
      'query SFO [flights .. flights]',
    ],
    [
      'a dynamic table',
      () => db.selectFrom(db.dynamic.table('travellers').as('t')).selectAll().where('t.id', '=', 'a'),
      'get a travellers',
    ],
    [
      'an array that is compared, not listed',
      () => sfo().where('tags', '=', ['a', 'b']),
      'query SFO [flights .. flights] filtered',
    ],
    [
      'numbers, which do not equal bigints in keys',
      () => db.selectFrom('ledger').selectAll().where('account', '=', 1n).where('day', '>', 5n),
      'query 1 (ledger 5 .. ledger +1e)',
    ],
    [
      'an undeclared table',
      () => undeclared.selectFrom('t').selectAll().where('hash_key', '=', 'a'),
      'query a [t .. t]',
    ],
    [
      'an undeclared table by its sort key',
      () => undeclared.selectFrom('t').selectAll().where('hash_key', '=', 'a').where('sort_key', '=', 5),
      'get a t 5',
    ],
    [
      'an undeclared table by no sort key',
      () => undeclared.selectFrom('t').selectAll().where('hash_key', '=', 'a').where('sort_key', 'is', null),
      'get a t',
    ],
    [
      'a write of an undeclared table by its hash key',
      () => undeclared.updateTable('t').set({ a: 1 }).where('hash_key', '=', 'a'),
      'write update a t',
    ],
    [
      'a write of several keys',
      () => db.deleteFrom('ledger').where('account', '=', 1n).where('day', 'in', [2, 1]),
      'write delete 1 ledger 1, delete 1 ledger 2',
    ],
    ['a write that can never happen', () => db.deleteFrom('travellers').where('id', 'in', []), 'nothing'],
  ])('%s', (_, query, expected) => {
    expect(planText(query())).toBe(expected)
  })

  it('is asked of each row only as far as the interval does not say it', () => {
    const query = sfo().where('departs_at', '>', six).where('delay', '>', 60).where('seats', '<', 3)
    expect(operation(query)).toMatchObject({
      filter: { kind: 'and', operands: [{ left: { column: 'delay' } }, { left: { column: 'seats' } }] },
    })
  })
})

describe('the order', () => {
  const both = () => flights().where('origin', 'in', ['SFO', 'OAK'])
  const asc = 'ascending'
  const desc = 'descending'

  it.each<[string, () => Query, object]>([
    ['of its own', () => sfo(), { first: 'hashKey', hashKey: asc, sortKey: asc }],
    [
      'of the sort key',
      () => sfo().orderBy('departs_at').orderBy('destination'),
      { first: 'hashKey', sortKey: asc },
    ],
    ['of the sort key, backwards', () => sfo().orderBy('departs_at', 'desc'), { sortKey: desc }],
    [
      'of a hash key that is fixed',
      () => sfo().orderBy('origin', 'desc').orderBy('departs_at', 'desc'),
      { sortKey: desc },
    ],
    [
      'of what follows a fixed column',
      () => sfo().where('departs_at', '=', six).orderBy('destination', 'desc'),
      { sortKey: desc },
    ],
    [
      'of a fixed column in the other direction',
      () => sfo().where('departs_at', '=', six).orderBy('departs_at').orderBy('destination', 'desc'),
      { sortKey: desc },
    ],
    [
      'of hash keys',
      () => both().orderBy('origin', 'desc'),
      { first: 'hashKey', hashKey: desc, sortKey: asc },
    ],
    [
      'of hash keys, then sort keys',
      () => both().orderBy('origin').orderBy('departs_at', 'desc'),
      { first: 'hashKey', hashKey: asc, sortKey: desc },
    ],
    [
      'of sort keys across hash keys',
      () => both().orderBy('departs_at', 'desc'),
      { first: 'sortKey', hashKey: asc, sortKey: desc },
    ],
    [
      'of all sort keys, then hash keys',
      () => both().orderBy('departs_at').orderBy('destination').orderBy('origin', 'desc'),
      { first: 'sortKey', hashKey: desc, sortKey: asc },
    ],
    [
      'of an alias',
      () =>
        db.selectFrom('flights').select('departs_at as t').where('origin', '=', 'SFO').orderBy('t', 'desc'),
      { sortKey: desc },
    ],
    ['written in one text', () => sfo().orderBy('departs_at desc'), { sortKey: desc }],
  ])('%s', (_, query, order) => {
    expect(operation(query())).toMatchObject({ order })
  })
})

describe('the limit', () => {
  it.each([1, 7n])('%o is taken', (limit) => {
    expect(operation(sfo().limit(limit))).toMatchObject({ limit: Number(limit) })
  })

  it.each([sql.val(3), sql.lit(3)])('can be given as sql.val and sql.lit', (limit) => {
    expect(operation(sfo().limit(limit as never))).toMatchObject({ limit: 3 })
  })

  it.each([0, -1, 1.5, Number.NaN, null, '1', 2n ** 60n])('%o is refused', (limit) => {
    expect(() =>
      sfo()
        .limit(limit as number)
        .compile(),
    ).toThrow(InvalidRequestError)
  })
})

describe('plugins', () => {
  it('that rename columns are understood', () => {
    const camel = db.withPlugin(new CamelCasePlugin())
    const query = camel
      .selectFrom('flights')
      .selectAll()
      .where('origin', '=', 'SFO')
      .where('departsAt', '>=', six)
    expect(planText(query)).toBe(`query SFO [flights ${SIX} .. flights +41)`)
  })

  it('that rewrite empty lists are understood', () => {
    const noncontingent = db.withPlugin(
      new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression }),
    )
    expect(planText(noncontingent.selectFrom('flights').selectAll().where('origin', 'in', []))).toBe(
      'nothing',
    )
    const pushed = db.withPlugin(new HandleEmptyInListsPlugin({ strategy: pushValueIntoList(null as never) }))
    expect(planText(pushed.selectFrom('flights').selectAll().where('origin', 'in', []))).toBe('nothing')
  })
})

describe('bad input', () => {
  const insert = (row: object) => db.insertInto('ledger').values(row)
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle

  it.each<[string, () => Query, new (...args: never[]) => Error, string]>([
    [
      'NaN in a key',
      () => insert({ account: 1n, day: Number.NaN }),
      InvalidKeyError,
      'ledger.day: NaN has no place',
    ],
    [
      'an invalid date in a key',
      () => sfo().where('departs_at', '>', new Date(Number.NaN)),
      InvalidValueError,
      'flights.departs_at: an invalid date',
    ],
    [
      'NaN in a condition on a key',
      () => ledger().where('day', '=', Number.NaN),
      InvalidKeyError,
      'ledger.day: NaN',
    ],
    [
      'an object in a key',
      () => insert({ account: { a: 1 }, day: 1 }),
      InvalidKeyError,
      'ledger.account: an object',
    ],
    [
      'null in a key',
      () => insert({ account: null, day: 1 }),
      InvalidKeyError,
      'ledger.account: a key has no null',
    ],
    ['a missing key column', () => insert({ account: 1n }), InvalidKeyError, 'ledger.day: it is missing'],
    [
      'an undefined key column',
      () => insert({ account: undefined, day: 1 }),
      InvalidKeyError,
      'ledger.account: it is missing',
    ],
    [
      'a lone surrogate in a key',
      () => flights().where('origin', '=', '\ud800'),
      InvalidKeyError,
      'flights.origin: a string with a lone surrogate',
    ],
    [
      'a function',
      () => insert({ account: 1n, day: 1, note: { f: () => 1 } }),
      InvalidValueError,
      'ledger.note.f: a function cannot be stored',
    ],
    [
      'a cycle',
      () => insert({ account: 1n, day: 1, note: cycle }),
      InvalidValueError,
      'ledger.note.self: a value that holds itself',
    ],
    [
      'an instance of a class',
      () => insert({ account: 1n, day: 1, note: new URL('https://example.com') }),
      InvalidValueError,
      'ledger.note: an instance of URL',
    ],
    [
      'a column called __proto__',
      () => insert(JSON.parse('{"account": true, "day": 1, "__proto__": 1}')),
      InvalidValueError,
      '__proto__',
    ],
    [
      'an insert of no rows',
      () => db.insertInto('ledger').values([]),
      InvalidRequestError,
      'ledger: an insert has at least one row',
    ],
    [
      'an insert without values',
      () => db.insertInto('ledger'),
      InvalidRequestError,
      'ledger: an insert has at least one row',
    ],
    [
      'an update that sets nothing',
      () => db.updateTable('travellers').set({}).where('id', '=', 'a'),
      InvalidRequestError,
      'travellers: an update sets a column',
    ],
    [
      'a select of nothing',
      () => db.selectFrom('travellers').where('id', '=', 'a'),
      InvalidRequestError,
      'travellers: a query selects something',
    ],
    [
      'undefined in a condition',
      () => flights().where('origin', '=', undefined),
      InvalidRequestError,
      'flights: the value for origin is undefined',
    ],
    [
      'undefined in an update',
      () => db.updateTable('travellers').set('name', undefined).where('id', '=', 'a'),
      InvalidRequestError,
      'travellers: the value for name is undefined',
    ],
    [
      'a class deep in an update',
      () =>
        db
          .updateTable('travellers')
          .set({ name: { a: [new URL('https://a')] } })
          .where('id', '=', 'a'),
      InvalidValueError,
      'travellers.name.a[0]: an instance of URL',
    ],
    [
      'more values than columns',
      () => db.insertInto('travellers').values({ id: 'a', name: 'A', miles: 1 }).columns(['id', 'name']),
      InvalidRequestError,
      'travellers: 3 values for 2 columns',
    ],
    [
      'one column twice',
      () => db.insertInto('travellers').values({ id: 'a', name: 'A' }).columns(['id', 'id']),
      InvalidRequestError,
      'one column twice',
    ],
    [
      'conditions without end',
      () =>
        sfo().where((eb) => {
          let condition = eb('seats', '>', 0)
          for (let depth = 0; depth < 20_000; depth++) condition = eb.not(condition)
          return condition
        }),
      InvalidRequestError,
      'nests too deeply',
    ],
    [
      'tuples of different lengths',
      () => ledger().where((eb) => eb(eb.refTuple('account', 'day'), '>', eb.tuple(1n, 2, 3) as never)),
      InvalidRequestError,
      'as many parts',
    ],
    [
      'a negative place in a path',
      () => ledger().select((eb) => eb.ref('note', '->$').at(-1).as('x')),
      InvalidRequestError,
      "'#-1'",
    ],
  ])('%s gets its own error', (_, query, type, message) => {
    expect(() => query().compile()).toThrow(type)
    expect(() => query().compile()).toThrow(message)
  })
})

describe('a compiled query', () => {
  it('is a query of Kysely’s with readable text, its parameters, and plain data to run', () => {
    const compiled = sfo()
      .where('departs_at', '>=', six)
      .where('delay', 'in', [1, 2])
      .orderBy('departs_at', 'desc')
      .limit(5)
      .compile()
    expect(compiled.sql).toBe(
      'select * from "flights" where "origin" = ? and "departs_at" >= ? and "delay" in (?, ?) order by "departs_at" desc limit ?',
    )
    expect(compiled.parameters).toEqual(['SFO', six, 1, 2, 5])
    expect(structuredClone((compiled as FokosCompiledQuery).operation)).toEqual(
      (compiled as FokosCompiledQuery).operation,
    )
    expect(Object.isFrozen(compiled)).toBe(true)
  })

  it.each<[() => Query, string, unknown[]]>([
    [
      () =>
        db
          .insertInto('travellers')
          .values([{ id: 'a', name: 'A' }, { id: 'b' }])
          .onConflict((oc) =>
            oc
              .column('id')
              .doUpdateSet((eb) => ({ name: eb.ref('excluded.name') }))
              .where('travellers.miles', '>', 3),
          )
          .returning('id'),
      'insert into "travellers" ("id", "name") values (?, ?), (?, default) on conflict ("id") do update set "name" = "excluded"."name" where "travellers"."miles" > ? returning "id"',
      ['a', 'A', 'b', 3],
    ],
    [
      () =>
        db
          .updateTable('travellers')
          .set((eb) => ({ miles: eb('miles', '+', 500) }))
          .where('id', '=', 'a')
          .returningAll(),
      'update "travellers" set "miles" = "miles" + ? where "id" = ? returning *',
      [500, 'a'],
    ],
    [
      () =>
        db
          .deleteFrom('travellers')
          .where((eb) => eb.and([eb('id', '=', 'a'), eb.not(eb('miles', 'is', null))])),
      'delete from "travellers" where ("id" = ? and not "miles" is null)',
      ['a'],
    ],
    [
      () => db.replaceInto('travellers').values({ id: 'a' }),
      'replace into "travellers" ("id") values (?)',
      ['a'],
    ],
    [
      () =>
        sfo().select((eb) => [
          eb
            .ref('plane', '->$')
            .key('rows' as never)
            .at(0)
            .as('first'),
          eb
            .ref('plane', '->')
            .key('model' as never)
            .as('model'),
        ]),
      `select *, "plane" -> '$.rows[0]' as "first", "plane" -> "model" as "model" from "flights" where "origin" = ?`,
      ['SFO'],
    ],
  ])('prints %#', (query, text, parameters) => {
    const compiled = query().compile()
    expect(compiled.sql).toBe(text)
    expect(compiled.parameters).toEqual(parameters)
    expect(compiled.sql.match(/\?/g)?.length ?? 0).toBe(parameters.length)
  })
})

describe('an aggregate', () => {
  const n = () => db.selectFrom('flights').select((eb) => eb.fn.countAll().as('n'))

  it.each<[string, () => Query, string]>([
    ['of a hash key', () => n().where('origin', '=', 'SFO'), 'aggregate count of SFO [flights .. flights]'],
    [
      'of an interval, with a filter',
      () => n().where('origin', '=', 'SFO').where('departs_at', '>=', six).where('delay', '>', 1),
      `aggregate count of SFO [flights ${SIX} .. flights +41) filtered`,
    ],
    [
      'by the first column of the sort key',
      () => n().select('departs_at').where('origin', '=', 'SFO').groupBy('departs_at'),
      'aggregate count by departs_at of SFO [flights .. flights]',
    ],
    [
      'by the second, when the first is the same in all rows',
      () => n().where('origin', '=', 'SFO').where('departs_at', '=', six).groupBy('destination'),
      `aggregate count by destination of SFO [flights ${SIX} .. flights ${SIX}]`,
    ],
    [
      'by the hash keys of a list',
      () => n().select('origin').where('origin', 'in', ['LAX', 'SFO']).groupBy('origin'),
      'aggregate count by origin of LAX [flights .. flights], SFO [flights .. flights]',
    ],
    [
      'that can count nothing asks nobody',
      () => n().where('origin', '=', 'SFO').where('origin', '=', 'LAX'),
      'aggregate count of ',
    ],
    ['of an empty list of hash keys asks nobody', () => n().where((eb) => eb.or([])), 'aggregate count of '],
    [
      'of whole keys',
      () =>
        db
          .selectFrom('travellers')
          .select((eb) => eb.fn.countAll().as('n'))
          .where('id', '=', 'ann'),
      'aggregate count of ann [travellers .. travellers]',
    ],
    [
      'that is distinct groups by what is selected',
      () => sfo().clearSelect().select('destination').distinct(),
      'aggregate by destination of SFO [flights .. flights]',
    ],
  ])('%s', (_, query, expected) => {
    expect(planText(query())).toBe(expected)
  })

  it('that is distinct anyway is a plain query', () => {
    expect(planText(sfo().distinct())).toBe(planText(sfo()))
    expect(planText(sfo().clearSelect().select(['destination', 'departs_at', 'seats']).distinct())).toBe(
      'query SFO [flights .. flights]',
    )
  })

  it('computes each result once, and reads it where it is named', () => {
    const plan = operation(
      db
        .selectFrom('flights')
        .select((eb) => [
          'departs_at as day',
          eb(eb.fn.sum('seats'), '/', eb.fn.count('seats')).as('mean'),
          eb.fn.max('delay').filterWhere('seats', '>', 0).as('worst'),
        ])
        .where('origin', '=', 'SFO')
        .groupBy('departs_at')
        .having((eb) => eb.fn.countAll(), '>', 1)
        .orderBy('worst', 'desc')
        .orderBy('day')
        .limit(3)
        .offset(2),
    )
    if (plan.kind !== 'aggregate') throw new Error(plan.kind)
    expect(plan.aggregates.map((aggregate) => aggregate.function)).toEqual(['sum', 'count', 'max', 'count'])
    expect(plan.aggregates[2]?.filter).toBeDefined()
    const [, , worst] = plan.aggregates.map(({ name }) => ({ kind: 'column', column: name }))
    expect(plan.orderBy).toEqual([
      { value: worst, direction: 'descending' },
      { value: { kind: 'column', column: 'departs_at' }, direction: 'ascending' },
    ])
    expect(plan).toMatchObject({ limit: 3, offset: 2 })
  })
})

describe('a write of an interval', () => {
  it.each<[string, () => Query, string]>([
    [
      'updates what is in it',
      () =>
        db
          .updateTable('flights')
          .set({ seats: 1 })
          .where('origin', '=', 'SFO')
          .where('departs_at', '<', noon),
      `update SFO [flights +40 .. flights ${NOON})`,
    ],
    [
      'deletes what passes',
      () => db.deleteFrom('flights').where('origin', '=', 'SFO').where('delay', '>', 1),
      'delete SFO [flights .. flights] filtered',
    ],
    [
      'of an undeclared table needs a sort key',
      () => undeclared.deleteFrom('t').where('hash_key', '=', 'a').where('sort_key', '>=', 'b'),
      'delete a [t b .. t +03)',
    ],
    [
      'that can hold nothing asks nobody',
      () => db.deleteFrom('flights').where('origin', '=', 'SFO').where('departs_at', 'in', []),
      'nothing',
    ],
  ])('%s', (_, query, expected) => {
    expect(planText(query())).toBe(expected)
  })
})

describe('a part of a nested value', () => {
  interface Update extends Query {
    set(column: unknown, value: unknown): Update
  }
  const planes = () => db.updateTable('travellers').where('id', '=', 'ann') as unknown as Update
  const at =
    (field: string) => (eb: { ref(name: string, operator: '->$'): { key(name: string): unknown } }) =>
      eb.ref('doc', '->$').key(field)

  it('is set in the value that the column has', () => {
    const plan = operation(planes().set(at('a'), 1).set(at('b'), 2).set('name', 'Ann'))
    if (plan.kind !== 'write' || plan.changes[0]?.kind !== 'update') throw new Error(plan.kind)
    const doc = { kind: 'column', column: 'doc' }
    const value = (constant: number) => ({ kind: 'value', value: constant })
    const first = { kind: 'setPath', operand: doc, legs: ['a'], value: value(1) }
    expect(plan.changes[0].assignments).toEqual([
      { column: 'doc', value: first },
      { column: 'doc', value: { kind: 'setPath', operand: first, legs: ['b'], value: value(2) } },
      { column: 'name', value: { kind: 'value', value: 'Ann' } },
    ])
  })
})

import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { WriteOperation } from '../../engine/operations.js'
import { decodeItem } from '../../engine/values/item-text.js'
import {
  ConfigurationError,
  defineDatabase,
  InvalidKeyError,
  InvalidValueError,
  table,
  UnsupportedQueryError,
  ulid,
  uuid,
} from '../index.js'
import type { FokosCompiledQuery } from './fokos-query-compiler.js'
import { unreachable } from './test-database.js'

interface Order {
  customer: string
  id: string
  state: string
  placed_at: Date
  tags: string[]
  note?: string | null
}

let made = 0
const database = defineDatabase({
  tables: {
    orders: table<Order>()({
      hashKey: 'customer',
      sortKey: 'id',
      defaults: {
        id: () => `order-${made++}`,
        state: 'new',
        placed_at: () => new Date('2001-01-01'),
        tags: ['a'],
      },
    }),
    visits: table<{ id: string; at: number; page: string }>()({
      hashKey: 'id',
      sortKey: 'at',
      defaults: { id: uuid, at: () => made++, page: '/' },
    }),
  },
})
// biome-ignore lint/suspicious/noExplicitAny: what the types refuse must reach the compiler here
const db = new Kysely<any>({ dialect: new database.FokosDialect(unreachable) })

/** The rows that an insert would write. */
function rowsOf(query: { compile(): unknown }) {
  const { changes } = (query.compile() as FokosCompiledQuery).operation as WriteOperation
  return changes.map((change) => ('item' in change ? decodeItem(change.item) : undefined))
}

/** A database of one table whose column has this default. */
function withDefault(value: unknown, column = 'state', key: object = { hashKey: 'id' }) {
  const tables = { orders: table<Order>()({ ...key, defaults: { [column]: value } } as never) }
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return new Kysely<any>({ dialect: defineDatabase({ tables }).FokosDialect.compileOnly() })
}

describe('a column with a default', () => {
  it('has it where an insert leaves the column out', () => {
    made = 0
    expect(rowsOf(db.insertInto('orders').values({ customer: 'ann' }))).toEqual([
      {
        customer: 'ann',
        id: 'order-0',
        state: 'new',
        placed_at: new Date('2001-01-01'),
        tags: ['a'],
      },
    ])
  })

  it('has what the insert gives, also null', () => {
    const row = { customer: 'ann', id: 'x', state: null, placed_at: new Date(0), tags: [] }
    made = 0
    expect(rowsOf(db.insertInto('orders').values(row))).toEqual([row])
    expect(made).toBe(0)
  })

  it('has its default where it is given as undefined', () => {
    expect(rowsOf(db.insertInto('orders').values({ customer: 'ann', state: undefined }))).toMatchObject([
      { state: 'new' },
    ])
  })

  it('has a function called for each row that leaves it out, and for no other', () => {
    made = 0
    const rows = rowsOf(
      db.insertInto('orders').values([{ customer: 'ann' }, { customer: 'bob', id: 'x' }, { customer: 'cy' }]),
    )
    expect(rows).toMatchObject([{ id: 'order-0' }, { id: 'x' }, { id: 'order-1' }])
    expect(made).toBe(2)
  })

  it('has it in replacements too', () => {
    expect(rowsOf(db.replaceInto('orders').values({ customer: 'ann', id: 'x' }))).toMatchObject([
      { state: 'new' },
    ])
  })

  it('is in the row that an upsert proposes', () => {
    const query = db
      .insertInto('orders')
      .values({ customer: 'ann', id: 'x' })
      .onConflict((oc) => oc.doUpdateSet((eb) => ({ state: eb.ref('excluded.state') })))
    expect(rowsOf(query)).toMatchObject([{ state: 'new' }])
  })

  it('stays as it is in updates', () => {
    made = 0
    const query = db
      .updateTable('orders')
      .set({ note: 'x' })
      .where('customer', '=', 'ann')
      .where('id', '=', 'a')
      .compile() as FokosCompiledQuery
    expect(query.operation).toMatchObject({
      changes: [{ assignments: [{ column: 'note' }] }],
    })
    expect(made).toBe(0)
  })

  it('is no parameter: the text of the query does not have it', () => {
    const query = db.insertInto('orders').values({ customer: 'ann' }).compile()
    expect(query.parameters).toEqual(['ann'])
    expect(query.sql).not.toContain('state')
  })

  it('is made once for a compiled query, however often that is executed', () => {
    made = 0
    const query = db.insertInto('orders').values({ customer: 'ann' }).compile()
    expect(rowsOf({ compile: () => query })).toEqual(rowsOf({ compile: () => query }))
    expect(made).toBe(1)
  })

  it('may be a list, of which every row has its own', () => {
    const tags: string[] = []
    const rows = rowsOf(
      withDefault(tags, 'tags')
        .insertInto('orders')
        .values([{ id: 'a' }, { id: 'b' }]),
    )
    expect(rows).toEqual([
      { id: 'a', tags: [] },
      { id: 'b', tags: [] },
    ])
  })
})

describe('a row of nothing but defaults', () => {
  it('is written as in SQL', () => {
    expect(db.insertInto('visits').defaultValues().returningAll().compile().sql).toBe(
      'insert into "visits" default values returning *',
    )
  })

  it('is inserted where they cover the key', () => {
    made = 7
    expect(rowsOf(db.insertInto('visits').defaultValues())).toEqual([
      { id: expect.stringMatching(/^[0-9a-f-]{36}$/), at: 7, page: '/' },
    ])
  })

  it('is refused where they do not', () => {
    const insert = () => db.insertInto('orders').defaultValues().compile()
    expect(insert).toThrow(UnsupportedQueryError)
    expect(insert).toThrow(
      '"customer" of "orders" has no default: declare one in table(), or insert the values (kysely-fokos/docs/errors.md#default_values)',
    )
  })
})

describe('the default of a column', () => {
  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /orders\.state: it is undefined/],
    ['an instance of a class', new URL('https://a.b'), /orders\.state: an instance of URL cannot be stored/],
    ['a symbol', Symbol('x'), /orders\.state: a symbol cannot be stored/],
    ['an invalid date', new Date(Number.NaN), /orders\.state: an invalid date cannot be stored/],
    ['a promise', Promise.resolve('x'), /orders\.state: an instance of Promise cannot be stored/],
    ['a function within', { made: () => 1 }, /orders\.state\.made: a function cannot be stored/],
  ])('is refused in the declaration when it is %s', (_, value, reason) => {
    expect(() => withDefault(value)).toThrow(ConfigurationError)
    expect(() => withDefault(value)).toThrow(reason)
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['NaN', Number.NaN],
    ['an object', {}],
  ])('is refused in the declaration when a key column cannot be it: %s', (_, value) => {
    const declare = () => withDefault(value, 'at', { hashKey: 'id', sortKey: 'at' })
    expect(declare).toThrow(ConfigurationError)
    expect(declare).toThrow(/orders\.at: /)
  })

  it('is refused in the declaration when the column has a name that none can have', () => {
    expect(() => withDefault(1, 'constructor')).toThrow(/orders: a field cannot be named constructor/)
  })

  it.each([
    ['no object', 'x'],
    ['null', null],
    ['a list', ['state']],
  ])('is declared in an object, not in %s', (_, defaults) => {
    const declare = () => table<Order>()({ hashKey: 'id', defaults } as never)
    expect(declare).toThrow(ConfigurationError)
    expect(declare).toThrow(/defaults are an object of values by column/)
  })

  const boom = new Error('boom')
  it.each<[string, () => unknown, RegExp]>([
    ['answers undefined', () => undefined, /orders\.state: its default answered undefined/],
    ['answers a promise', async () => 'x', /orders\.state: its default answered a promise/],
    [
      'answers a promise that fails',
      () => Promise.reject(boom),
      /orders\.state: its default answered a promise/,
    ],
    ['answers a function', () => () => 1, /orders\.state: a function cannot be stored/],
    [
      'throws',
      () => {
        throw boom
      },
      /orders\.state: its default threw: boom/,
    ],
  ])('is refused when a query is compiled and its function %s', (_, make, reason) => {
    const insert = () => withDefault(make).insertInto('orders').values({ id: 'a' }).compile()
    expect(insert).toThrow(InvalidValueError)
    expect(insert).toThrow(reason)
  })

  it('is refused when its function throws what is no error', () => {
    const insert = () =>
      withDefault(() => {
        throw Object.create(null)
      })
        .insertInto('orders')
        .values({ id: 'a' })
        .compile()
    expect(insert).toThrow(InvalidValueError)
    expect(insert).toThrow(/orders\.state: its default threw: what is no error/)
  })

  it('keeps what its function threw as the cause', () => {
    const insert = () =>
      withDefault(() => {
        throw boom
      })
        .insertInto('orders')
        .values({ id: 'a' })
        .compile()
    expect(insert).toThrow(
      expect.objectContaining({ cause: boom, details: { table: 'orders', column: 'state' } }),
    )
  })

  it('is refused when its function makes what no key can be', () => {
    const insert = () =>
      withDefault(() => Number.NaN, 'id')
        .insertInto('orders')
        .values({ state: 'new' })
        .compile()
    expect(insert).toThrow(InvalidKeyError)
    expect(insert).toThrow(/orders\.id: /)
  })

  it('may be a generator', () => {
    const rows = rowsOf(withDefault(ulid, 'id').insertInto('orders').values([{}, {}, {}]))
    const ids = rows.map((row) => row?.id as string)
    expect([...new Set(ids)].sort()).toEqual(ids)
  })
})

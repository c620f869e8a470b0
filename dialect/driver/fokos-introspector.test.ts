import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { defineDatabase, FokosDialect, table, ulid } from '../index.js'

const { FokosDialect: Declared } = defineDatabase({
  tables: {
    flights: table<{ origin: string; departs_at: Date; destination: string; seats: number }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination'],
    }),
    orders: table<{ id: string; state: string; note: string | null; amount: number }>()({
      hashKey: 'id',
      defaults: { state: 'new', id: ulid, note: null },
    }),
  },
})

const introspection = (dialect: typeof FokosDialect) =>
  new Kysely<unknown>({ dialect: dialect.compileOnly() }).introspection

const column = (name: string, dataType: string, isNullable: boolean, hasDefaultValue: boolean) => ({
  name,
  dataType,
  isNullable,
  hasDefaultValue,
  isAutoIncrementing: false,
})

describe('the introspection of a database', () => {
  it('tells of each table its key, and what has a default', async () => {
    const tables = await introspection(Declared).getTables()
    expect(tables.map(({ name, isView, columns }) => ({ name, isView, columns }))).toEqual([
      {
        name: 'flights',
        isView: false,
        columns: [
          column('origin', 'key', false, false),
          column('departs_at', 'key', false, false),
          column('destination', 'key', false, false),
        ],
      },
      {
        name: 'orders',
        isView: false,
        columns: [
          column('id', 'key', false, true),
          column('state', 'unknown', true, true),
          column('note', 'unknown', true, true),
        ],
      },
    ])
  })

  it('knows no tables where none is declared', async () => {
    expect(await introspection(FokosDialect).getTables()).toEqual([])
  })

  it('knows no schemas', async () => {
    expect(await introspection(Declared).getSchemas()).toEqual([])
  })

  it('answers what Kysely before 0.29 asks', async () => {
    const asked = introspection(Declared) as unknown as { getMetadata(): Promise<{ tables: unknown[] }> }
    const { tables } = await asked.getMetadata()
    expect(tables).toEqual(await introspection(Declared).getTables())
  })
})

import { describe, expect, it } from 'vitest'
import { ConfigurationError, defineDatabase, table } from '../index.js'

const notes = table<{ id: string; at: Date }>()({ hashKey: 'id', sortKey: ['at'] })

describe('a declaration', () => {
  it('has defaults for what it does not say', () => {
    expect(defineDatabase({ tables: { notes } }).settings).toEqual({
      roots: 16,
      fanout: 4,
      limits: { itemBytes: 500_000, hashKeyBytes: 2_048, sortKeyBytes: 1_024 },
    })
  })

  it('takes settings and limits', () => {
    const { settings } = defineDatabase({
      tables: { notes },
      roots: 3,
      fanout: 8,
      limits: { itemBytes: 1_000_000 },
    })
    expect(settings).toEqual({
      roots: 3,
      fanout: 8,
      limits: { itemBytes: 1_000_000, hashKeyBytes: 2_048, sortKeyBytes: 1_024 },
    })
  })

  it.each<[string, object, RegExp]>([
    ['no roots', { tables: { notes }, roots: 0 }, /roots must be a whole number from 1 to 4096, not 0/],
    ['a part of a root', { tables: { notes }, roots: 1.5 }, /roots must be a whole number/],
    ['roots as text', { tables: { notes }, roots: '4' }, /roots must be a whole number/],
    ['a fanout of one', { tables: { notes }, fanout: 1 }, /fanout must be a whole number from 2/],
    [
      'items beyond the platform',
      { tables: { notes }, limits: { itemBytes: 2_000_000 } },
      /limits.itemBytes/,
    ],
    ['an unknown limit', { tables: { notes }, limits: { sortKeyBytes: 9 } }, /no option "sortKeyBytes"/],
    ['an unknown option', { tables: { notes }, rootes: 4 }, /no option "rootes"; there are tables, roots/],
    ['no tables', { tables: {} }, /at least one table/],
    ['nothing', {}, /at least one table/],
    ['a table without a name', { tables: { '': notes } }, /a table has a name/],
    [
      'what is no table',
      { tables: { notes: { hash: 'id' } } },
      /"notes" is not a table: write table<Row>\(\)/,
    ],
    ['null for a table', { tables: { notes: null } }, /"notes" is not a table/],
  ])('with %s is refused', (_, options, reason) => {
    expect(() => defineDatabase(options as never)).toThrow(ConfigurationError)
    expect(() => defineDatabase(options as never)).toThrow(reason)
  })
})

describe('a table', () => {
  it.each<[string, object, RegExp]>([
    ['without a hash key', {}, /a key column is named by a text, not undefined/],
    ['with an empty hash key', { hashKey: '' }, /named by a text/],
    ['with an unknown option', { hashKey: 'id', sortkey: 'at' }, /no option "sortkey"/],
    ['with one column twice', { hashKey: 'id', sortKey: ['at', 'at'] }, /stands once in a key/],
    ['with its hash key as sort key', { hashKey: 'id', sortKey: 'id' }, /stands once in a key/],
    ['with a sort key that is no text', { hashKey: 'id', sortKey: [1] }, /named by a text, not 1/],
  ])('%s is refused', (_, key, reason) => {
    expect(() => table<{ id: string }>()(key as never)).toThrow(ConfigurationError)
    expect(() => table<{ id: string }>()(key as never)).toThrow(reason)
  })
})

import { describe, expect, it } from 'vitest'
import { ConfigurationError, defineDatabase, table } from '../index.js'

const notes = table<{ id: string; at: Date }>()({ hashKey: 'id', sortKey: ['at'] })

describe('a declaration', () => {
  it('has defaults for what it does not say', () => {
    expect(defineDatabase({ tables: { notes } }).settings).toEqual({
      roots: 16,
      fanout: 4,
      limits: { itemBytes: 500_000, hashKeyBytes: 2_048, sortKeyBytes: 1_024, partitionBytes: 9_500_000_000 },
      splitAt: { bytes: 500_000_000, requestsPerSecond: 700, hashKeyShare: 0.5 },
    })
  })

  it('takes settings and limits', () => {
    const { settings } = defineDatabase({
      tables: { notes },
      roots: 3,
      fanout: 8,
      limits: { itemBytes: 1_000_000 },
      splitAt: { bytes: 20_000, hashKeyShare: 1 },
    })
    expect(settings).toEqual({
      roots: 3,
      fanout: 8,
      limits: {
        itemBytes: 1_000_000,
        hashKeyBytes: 2_048,
        sortKeyBytes: 1_024,
        partitionBytes: 9_500_000_000,
      },
      splitAt: { bytes: 20_000, requestsPerSecond: 700, hashKeyShare: 1 },
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
    [
      'a split at nothing',
      { tables: { notes }, splitAt: { bytes: 0 } },
      /splitAt.bytes must be .* from 10000/,
    ],
    ['a split beyond the platform', { tables: { notes }, splitAt: { bytes: 2e9 } }, /splitAt.bytes/],
    [
      'a split at no requests',
      { tables: { notes }, splitAt: { requestsPerSecond: 0 } },
      /splitAt.requestsPerSecond/,
    ],
    ['a share of more than all', { tables: { notes }, splitAt: { hashKeyShare: 2 } }, /from 0.1 to 1, not 2/],
    ['an unknown reason to split', { tables: { notes }, splitAt: { items: 9 } }, /no option "items"/],
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
    [
      'that expires by its key',
      { hashKey: 'id', sortKey: 'at', expiresAt: 'at' },
      /"at" is a part of the key/,
    ],
    ['that expires by no name', { hashKey: 'id', expiresAt: 5 }, /expiresAt names a column by a text, not 5/],
    ['with a sort key that is no text', { hashKey: 'id', sortKey: [1] }, /named by a text, not 1/],
  ])('%s is refused', (_, key, reason) => {
    expect(() => table<{ id: string }>()(key as never)).toThrow(ConfigurationError)
    expect(() => table<{ id: string }>()(key as never)).toThrow(reason)
  })
})

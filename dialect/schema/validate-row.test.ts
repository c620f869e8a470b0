import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { encodeKey } from '../../engine/keys/key-codec.js'
import type { Item } from '../../engine/values/value.js'
import { ConfigurationError, defineDatabase, type FokosError, table, ValidationError } from '../index.js'

interface Note {
  id: string
  at: Date
  text: string
  tags?: string[]
}

/** A database whose rows are validated by this, whatever it is. */
function withValidator(validate: unknown) {
  const tables = {
    notes: table<Note>()({ hashKey: 'id', sortKey: 'at', validate: validate as never }),
    others: table<Note>()({ hashKey: 'id' }),
    // Refuses all, for keys that begin with the number.
    1: table<Note>()({ hashKey: 'id', validate: answering(() => ({ issues: [] })) as never }),
  }
  return defineDatabase({ tables })
}

const answering = (validate: (row: Record<string, unknown>) => unknown) => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

/** What an insert of a row is refused with, if it is. */
function refusalOf(validate: (row: Record<string, unknown>) => unknown, row: object = {}): unknown {
  const { FokosDialect } = withValidator(answering(validate))
  // biome-ignore lint/suspicious/noExplicitAny: rows of any kind
  const db = new Kysely<any>({ dialect: FokosDialect.compileOnly() })
  try {
    db.insertInto('notes')
      .values({ id: 'a', at: new Date(0), text: 'x', ...row })
      .compile()
    return undefined
  } catch (error) {
    return error
  }
}

describe('a validator in a declaration', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'zod'],
    ['an object', {}],
    ['a function', () => true],
    ['one of a later version', { '~standard': { version: 2, vendor: 'x', validate: () => ({}) } }],
    ['one that does not validate', { '~standard': { version: 1, vendor: 'x' } }],
  ])('is refused when it is %s', (_, validate) => {
    expect(() => withValidator(validate)).toThrow(ConfigurationError)
    expect(() => withValidator(validate)).toThrow(
      /^notes: what validates rows follows version 1 of Standard Schema/,
    )
  })

  it('may be a function', () => {
    expect(() =>
      withValidator(
        Object.assign(
          () => {},
          answering((value) => ({ value })),
        ),
      ),
    ).not.toThrow()
  })
})

describe('a validator', () => {
  it('sees rows as they will be read: plain objects, with their key, without what is not there', () => {
    let seen: unknown
    const row = { text: 'y', tags: undefined }
    expect(
      refusalOf((value) => {
        seen = value
        return { value }
      }, row),
    ).toBeUndefined()
    expect(seen).toStrictEqual({ id: 'a', at: new Date(0), text: 'y' })
    expect(Object.getPrototypeOf(seen)).toBe(Object.prototype)
  })

  it('cannot change what is stored', () => {
    const { FokosDialect } = withValidator(
      answering((row) => {
        row.text = 'changed'
        return { value: { text: 'another' } }
      }),
    )
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const db = new Kysely<any>({ dialect: FokosDialect.compileOnly() })
    const query = db
      .insertInto('notes')
      .values({ id: 'a', at: new Date(0), text: 'x' })
      .compile()
    expect(JSON.stringify(query)).toContain('\\"text\\":\\"x\\"')
    expect(JSON.stringify(query)).not.toContain('changed')
  })

  it('has its issues in the error, with their paths as plain data', () => {
    const place = Symbol('place')
    const error = refusalOf(() => ({
      issues: [
        { message: 'too short', path: ['text'] },
        { message: 'not a tag', path: [{ key: 'tags' }, { key: 0 }] },
        { message: 'odd', path: [place] },
        { message: 'no row at all' },
      ],
    })) as ValidationError
    expect(error).toBeInstanceOf(ValidationError)
    expect(error.message).toBe(
      'notes.text: too short (and 3 more), in the row with id = "a", at = 1970-01-01T00:00:00.000Z',
    )
    expect(error.code).toBe('validation')
    expect(error.details).toEqual({
      table: 'notes',
      column: 'text',
      path: ['text'],
      issues: [
        { message: 'too short', path: ['text'] },
        { message: 'not a tag', path: ['tags', 0] },
        { message: 'odd', path: ['Symbol(place)'] },
        { message: 'no row at all', path: [] },
      ],
    })
  })

  it('may refuse a row without saying which column', () => {
    const error = refusalOf(() => ({ issues: [{ message: 'contradicts itself' }] })) as ValidationError
    expect(error.message).toMatch(/^notes: contradicts itself, in the row with id = "a"/)
    expect(error.details).not.toHaveProperty('column')
  })

  it('has few and short issues in the error, whatever it says', () => {
    const issues = Array.from({ length: 1_000 }, () => ({ message: 'x'.repeat(100_000) }))
    const error = refusalOf(() => ({ issues })) as ValidationError
    expect(error.message).toContain('(and 999 more)')
    expect(error.details.issues).toHaveLength(20)
    expect(JSON.stringify(error.details).length).toBeLessThan(20_000)
  })

  const boom = new Error('boom')
  it.each<[string, () => unknown, typeof FokosError, RegExp]>([
    [
      'throws',
      () => {
        throw boom
      },
      ValidationError,
      /^notes: the validator threw: boom$/,
    ],
    [
      'throws what is no error',
      () => {
        throw 'a text'
      },
      ValidationError,
      /^notes: the validator threw: a text$/,
    ],
    [
      'throws what has no text',
      () => {
        throw Object.create(null)
      },
      ValidationError,
      /^notes: the validator threw: what is no error$/,
    ],
    [
      'answers a promise',
      async () => ({ value: 1 }),
      ConfigurationError,
      /^notes: the validator answered a promise/,
    ],
    ['answers a promise that fails', () => Promise.reject(boom), ConfigurationError, /answered a promise/],
    // biome-ignore lint/suspicious/noThenProperty: what is to be found
    ['answers what can be waited for', () => ({ then: () => {} }), ConfigurationError, /answered a promise/],
    [
      'answers nothing',
      () => undefined,
      ConfigurationError,
      /^notes: the validator answered neither a value nor issues/,
    ],
    ['answers null', () => null, ConfigurationError, /neither a value nor issues/],
    ['answers a truth', () => true, ConfigurationError, /neither a value nor issues/],
    ['answers an empty object', () => ({}), ConfigurationError, /neither a value nor issues/],
    [
      'answers issues that are no list',
      () => ({ issues: 'bad' }),
      ConfigurationError,
      /neither a value nor issues/,
    ],
    [
      'answers no issue in a list',
      () => ({ issues: [] }),
      ValidationError,
      /^notes: the validator refuses it/,
    ],
    [
      'answers issues that are none',
      () => ({ issues: [null] }),
      ValidationError,
      /^notes: the validator threw/,
    ],
  ])('that %s is a typed error', (_, validate, type, text) => {
    const error = refusalOf(validate)
    expect(error).toBeInstanceOf(type)
    expect((error as Error).message).toMatch(text)
    expect((error as FokosError).details.table).toBe('notes')
  })

  it('keeps what it threw as the cause', () => {
    const error = refusalOf(() => {
      throw boom
    }) as Error
    expect(error.cause).toBe(boom)
  })
})

describe('what partitions check', () => {
  const item: Item = { id: 'a', at: new Date(0), text: 'x' }
  const hashKey = encodeKey(['a'])
  const { checkItem } = withValidator(answering(() => ({ issues: [{ message: 'no' }] })))

  it('is nothing, where no table has a validator', () => {
    expect(defineDatabase({ tables: { notes: table<Note>()({ hashKey: 'id' }) } }).checkItem).toBeUndefined()
  })

  it('is the rows of tables that have one', () => {
    expect(() => checkItem?.({ hashKey, sortKey: encodeKey(['notes', new Date(0)]) }, item)).toThrow(
      ValidationError,
    )
    expect(() => checkItem?.({ hashKey, sortKey: encodeKey(['others']) }, item)).not.toThrow()
  })

  it('is not what the dialect did not write', () => {
    for (const sortKey of [encodeKey([1]), encodeKey(['unknown']), encodeKey([]), Uint8Array.of(0x7f, 1)]) {
      expect(() => checkItem?.({ hashKey, sortKey }, item)).not.toThrow()
    }
  })
})

import type { KeyPart } from '../../engine/keys/key-codec.js'
import { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { Value } from '../../engine/values/value.js'
import type { Statement } from './statement.js'

/** The types of columns that both databases can hold. */
export type ColumnKind = 'text' | 'number' | 'bigint' | 'boolean' | 'date' | 'bytes' | 'json'

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** The values that statements use: few, so that they meet. */
  readonly pool: readonly Value[]
}

/** A table with random columns. */
export interface World {
  readonly table: string
  readonly hash: Column
  readonly sort: readonly Column[]
  /** Columns beside the key. Their pools hold null. */
  readonly plain: readonly Column[]
}

const KEY_KINDS: readonly ColumnKind[] = [
  'text',
  'number',
  'bigint',
  'boolean',
  'date',
  'bytes',
  'text',
  'number',
]
const TEXTS = [
  '',
  'a',
  'A',
  'ab',
  'abc',
  'b',
  'zz',
  'ä',
  'ß',
  '€',
  '日本',
  '😀',
  '😀b',
  '\ufffd',
  'a%',
  'a_b',
  "o'x",
  ' ',
  '\\',
]
const NUMBERS = [
  0,
  1,
  -1,
  2,
  3,
  7,
  10,
  -10,
  0.5,
  -0.25,
  1.5,
  100,
  1e10,
  -1e10,
  2 ** 53,
  -(2 ** 53),
  1e300,
  -1e300,
  5e-324,
]
const BIGINTS = [
  0n,
  1n,
  -1n,
  2n,
  7n,
  255n,
  256n,
  -256n,
  65536n,
  2n ** 40n,
  -(2n ** 40n),
  2n ** 62n,
  -(2n ** 62n),
]
const DATES = [0, 1, -1, 86_400_000, 978_307_200_000, 978_307_200_001, 4_102_444_800_000, -62_135_596_800_000]

export function makeWorld(seed: number): World {
  const random = new SeededRandom(seed)
  const keyColumn = (name: string, size: number) =>
    makeColumn(random, name, random.pick(KEY_KINDS), size, false)
  return {
    table: random.pick(['things', 'Order', 'tüv']),
    hash: keyColumn('hk', 4),
    sort: Array.from({ length: random.below(4) }, (_, i) => keyColumn(`s${i + 1}`, 5)),
    plain: [
      makeColumn(random, 't', 'text', 8, true),
      makeColumn(random, 'u', 'text', 8, true),
      makeColumn(random, 'n', 'number', 10, true),
      makeColumn(random, 'm', 'number', 10, true),
      makeColumn(random, 'i', 'bigint', 6, true),
      makeColumn(random, 'f', 'boolean', 2, true),
      makeColumn(random, 'd', 'date', 6, true),
      makeColumn(random, 'x', 'bytes', 4, true),
      makeColumn(random, 'j', 'json', 8, true),
    ],
  }
}

export function keyColumns({ hash, sort }: World): readonly Column[] {
  return [hash, ...sort]
}

export function allColumns(world: World): readonly Column[] {
  return [...keyColumns(world), ...world.plain]
}

/** All rows of some hash keys, in the order of their keys. */
export function allOf(
  world: World,
  hashKeys: readonly Value[],
  descending = false,
): Statement & { readonly kind: 'select' } {
  const { hash } = world
  const left = { kind: 'column', type: hash.kind, column: hash.name } as const
  return {
    kind: 'select',
    columns: 'all',
    where: [{ kind: 'in', negated: false, left, list: hashKeys }],
    orderBy: keyColumns(world).map(({ name }) => ({ column: name, descending })),
    ordered: true,
  }
}

function makeColumn(
  random: SeededRandom,
  name: string,
  kind: ColumnKind,
  size: number,
  nullable: boolean,
): Column {
  const pool = Array.from({ length: size }, () => makeValue(random, kind))
  return { name, kind, pool: nullable ? [...pool, null] : pool }
}

function makeValue(random: SeededRandom, kind: ColumnKind): Value {
  switch (kind) {
    case 'text':
      return random.chance(0.7) ? random.pick(TEXTS) : random.pick(TEXTS) + random.pick(TEXTS)
    case 'number':
      return random.chance(0.8) ? random.pick(NUMBERS) : random.below(2000) / 16 - 50
    case 'bigint':
      return random.pick(BIGINTS)
    case 'boolean':
      return random.chance(0.5)
    case 'date':
      return new Date(random.pick(DATES))
    case 'bytes':
      return Uint8Array.from({ length: random.below(4) }, () => random.pick([0, 1, 127, 128, 255]))
    case 'json':
      return {
        num: random.pick([...NUMBERS.slice(0, 12), null]) as Value,
        text: random.pick(TEXTS),
        list: Array.from({ length: random.below(4) }, () => random.below(10)),
        in: { deep: random.pick(TEXTS) },
      }
  }
}

/** What a value is called in SQLite, whose columns are TEXT, REAL, INTEGER and BLOB. */
export function toSqlite(value: Value): null | string | number | bigint | Uint8Array {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Date) return value.getTime()
  if (value instanceof Uint8Array) return value
  return typeof value === 'object' ? JSON.stringify(value) : value
}

/** And back. Everything is read as bigints where SQLite has integers. */
export function fromSqlite(value: unknown, kind: ColumnKind): Value {
  if (value === null || value === undefined) return null
  switch (kind) {
    case 'boolean':
      return Number(value) !== 0
    case 'number':
      return Number(value)
    case 'bigint':
      return BigInt(value as bigint)
    case 'date':
      return new Date(Number(value))
    case 'json':
      return JSON.parse(value as string)
    default:
      return value as Value
  }
}

export function sqliteType(kind: ColumnKind): string {
  switch (kind) {
    case 'number':
      return 'real'
    case 'bytes':
      return 'blob'
    case 'text':
    case 'json':
      return 'text'
    default:
      return 'integer'
  }
}

export type KeyValue = KeyPart

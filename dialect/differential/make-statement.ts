import type { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { Value } from '../../engine/values/value.js'
import type { Assignment, Condition, Operand, Row, Selected, Statement } from './statement.js'
import { allColumns, type Column, keyColumns, type World } from './world.js'

/** A random statement. Nearly all can be planned; some cannot, and must be refused. */
export function makeStatement(random: SeededRandom, world: World): Statement {
  const choice = random.fraction()
  if (choice < 0.36) return makeSelect(random, world)
  if (choice < 0.5) return makeGroupedSelect(random, world)
  if (choice < 0.75) return makeInsert(random, world)
  if (choice < 0.9) return makeUpdate(random, world)
  return makeDelete(random, world)
}

function makeSelect(random: SeededRandom, world: World): Statement {
  const { where, hashKeys } = makeKeyConditions(random, world)
  const filters = Array.from({ length: random.below(3) }, () => makeCondition(random, world, 2))
  const ordered = random.chance(0.6)
  const descending = random.chance(0.5)
  const orderBy = ordered ? makeOrder(random, world, hashKeys, descending) : []
  const limit = ordered && random.chance(0.5) ? 1 + random.below(6) : undefined
  const offset = limit !== undefined && random.chance(0.3) ? random.below(5) : undefined
  return {
    kind: 'select',
    columns: random.chance(0.5) ? 'all' : makeSelection(random, world),
    where: shuffle(random, [...where, ...filters]),
    orderBy,
    ordered,
    ...(limit === undefined ? undefined : { limit }),
    ...(offset === undefined ? undefined : { offset }),
    ...(random.chance(0.1) ? { alias: 'z' } : undefined),
  }
}

/** Groups, aggregates of a hash key or of an interval, or rows without duplicates. */
function makeGroupedSelect(random: SeededRandom, world: World): Statement {
  const { where, hashKeys } = makeKeyConditions(random, world)
  const filters = Array.from({ length: random.below(2) }, () => makeCondition(random, world, 2))
  const conditions = shuffle(random, [...where, ...filters])
  const prefix = world.sort.slice(0, random.below(world.sort.length + 1))
  const grouped = hashKeys > 1 || random.chance(0.2) ? [world.hash, ...prefix] : prefix
  const columns = grouped.map((column): Selected => ({ as: column.name, value: reference(column) }))
  const distinct = grouped.length > 0 && random.chance(0.25)
  const results = Array.from(
    { length: 1 + random.below(3) },
    (_, i): Selected => ({ as: `r${i}`, value: makeAggregate(random, world) }),
  )
  const ordered = random.chance(0.6)
  const orderBy = ordered
    ? shuffle(random, grouped).map(({ name }) => ({ column: name, descending: random.chance(0.5) }))
    : []
  const limit = ordered && random.chance(0.4) ? 1 + random.below(4) : undefined
  return {
    kind: 'select',
    columns: distinct ? columns : shuffle(random, [...columns.filter(() => random.chance(0.8)), ...results]),
    where: conditions,
    orderBy,
    ordered,
    ...(distinct ? { distinct } : { groupBy: grouped.map(({ name }) => name) }),
    ...(!distinct && random.chance(0.25) ? { having: makeHaving(random, world) } : undefined),
    ...(limit === undefined ? undefined : { limit }),
    ...(limit !== undefined && random.chance(0.4) ? { offset: random.below(4) } : undefined),
  }
}

function makeHaving(random: SeededRandom, world: World): Condition {
  const count = { kind: 'aggregate', type: 'number', function: 'count' } as const
  if (random.chance(0.5)) {
    const bound = { kind: 'value', type: 'number', value: random.below(4) } as const
    return flip(random, random.pick(['>', '>=', '=', '<']), count, bound)
  }
  const result = makeAggregate(random, world)
  return { kind: 'isNull', negated: random.chance(0.7), operand: result }
}

function makeAggregate(random: SeededRandom, world: World): Operand {
  const filter = random.chance(0.2) ? { filter: makeCondition(random, world, 1) } : undefined
  const choice = random.fraction()
  if (choice < 0.2) return { kind: 'aggregate', type: 'number', function: 'count', ...filter }
  if (choice < 0.35) {
    const operand = reference(random.pick(allColumns(world)))
    return { kind: 'aggregate', type: 'number', function: 'count', operand, ...filter }
  }
  if (choice < 0.45) {
    const operand = reference(random.pick(keyColumns(world)))
    return { kind: 'aggregate', type: 'number', function: 'count', operand, distinct: true, ...filter }
  }
  const ordered = allColumns(world).filter(({ kind }) => kind !== 'json')
  if (choice < 0.7) {
    const column = random.pick(ordered)
    const operand = random.chance(0.7) ? reference(column) : makeOperand(random, world, column, false)
    return { kind: 'aggregate', type: column.kind, function: random.pick(['min', 'max']), operand, ...filter }
  }
  const numbers = allColumns(world).filter(({ kind }) => kind === 'number' || kind === 'boolean')
  if (numbers.length === 0) return { kind: 'aggregate', type: 'number', function: 'count', ...filter }
  const column = random.pick(numbers)
  // Sixteenths: what they add up to is exact, in whatever order SQLite adds them.
  const operand: Operand =
    column.kind === 'boolean'
      ? reference(column)
      : {
          kind: 'arithmetic',
          type: 'number',
          operator: '/',
          left: { kind: 'cast', type: 'number', operand: reference(column), to: 'integer' },
          right: { kind: 'value', type: 'number', value: 16 },
        }
  return { kind: 'aggregate', type: 'number', function: random.pick(['sum', 'avg']), operand, ...filter }
}

/** All key columns, in one of the orders that a total order can be asked for in. */
function makeOrder(random: SeededRandom, world: World, hashKeys: number, descending: boolean) {
  const sort = world.sort.map(({ name }) => ({ column: name, descending }))
  const hash = { column: world.hash.name, descending: random.chance(0.5) }
  if (hashKeys === 1 && random.chance(0.7)) return sort
  return random.chance(0.5) ? [hash, ...sort] : [...sort, hash]
}

function makeInsert(random: SeededRandom, world: World): Statement {
  const hashKey = random.pick(world.hash.pool)
  const count = random.chance(0.6) ? 1 : 1 + random.below(5)
  const spread = random.chance(0.3)
  const rows = Array.from({ length: count }, () =>
    makeRow(random, world, spread ? random.pick(world.hash.pool) : hashKey),
  )
  return { kind: 'insert', rows, how: makeOnExisting(random, world), ...makeReturning(random, world) }
}

function makeOnExisting(random: SeededRandom, world: World): (Statement & { kind: 'insert' })['how'] {
  const choice = random.fraction()
  if (choice < 0.35) return 'plain'
  if (choice < 0.65) {
    return {
      set: makeAssignments(random, world, true),
      ...(random.chance(0.4) ? { where: makeCondition(random, world, 1) } : undefined),
    }
  }
  return random.pick(['replace', 'orReplace', 'orIgnore', 'doNothing'] as const)
}

function makeRow(random: SeededRandom, world: World, hashKey: Value): Row {
  const row: Record<string, Value> = { [world.hash.name]: hashKey }
  for (const { name, pool } of world.sort) row[name] = random.pick(pool)
  for (const { name, pool } of world.plain) if (random.chance(0.85)) row[name] = random.pick(pool)
  return row
}

function makeUpdate(random: SeededRandom, world: World): Statement {
  return {
    kind: 'update',
    set: makeUpdates(random, world),
    where: shuffle(random, [...makeChangedRows(random, world), ...makeFilters(random, world)]),
    ...makeReturning(random, world),
  }
}

function makeDelete(random: SeededRandom, world: World): Statement {
  return {
    kind: 'delete',
    where: shuffle(random, [...makeChangedRows(random, world), ...makeFilters(random, world)]),
    ...makeReturning(random, world),
  }
}

/** Rows by their keys, or all rows of an interval. */
function makeChangedRows(random: SeededRandom, world: World): Condition[] {
  return random.chance(0.65) ? makeRowConditions(random, world) : makeKeyConditions(random, world).where
}

function makeUpdates(random: SeededRandom, world: World): Assignment[] {
  const nested = world.plain.find(({ kind }) => kind === 'json')
  if (nested === undefined || random.chance(0.75)) return makeAssignments(random, world, false)
  const others = world.plain.filter((column) => column !== nested)
  const whole = random.chance(0.5) ? makeAssignments(random, { ...world, plain: others }, false) : []
  const places = Array.from({ length: 1 + random.below(2) }, (): Assignment => {
    // Places keep their types: SQLite orders values of different ones, and here they do not compare.
    const numeric = random.chance(0.5)
    const legs = numeric
      ? random.pick([['num'], ['list', 0], ['list', random.below(4)], ['new', 0, 'x'], ['new', 1]] as const)
      : random.pick([['text'], ['in', 'deep'], ['in', 'new'], ['text', 'in', 'the', 'way']] as const)
    const value = numeric ? random.pick([0, 7, -2.5, null]) : random.pick(['', 'ä', '😀', null])
    return { column: nested.name, legs, value: { kind: 'value', type: 'json', value } }
  })
  return [...whole, ...places]
}

function makeFilters(random: SeededRandom, world: World): Condition[] {
  return random.chance(0.5) ? [makeCondition(random, world, 2)] : []
}

function makeReturning(random: SeededRandom, world: World): { returning?: 'all' | readonly Selected[] } {
  const choice = random.fraction()
  if (choice < 0.5) return {}
  return { returning: choice < 0.75 ? 'all' : makeSelection(random, world) }
}

function makeAssignments(random: SeededRandom, world: World, excluded: boolean): Assignment[] {
  const columns = random.some(world.plain, 1, 3)
  return columns.map((column) => ({
    column: column.name,
    value: makeOperand(random, world, column, excluded),
  }))
}

function makeSelection(random: SeededRandom, world: World): Selected[] {
  return random.some(allColumns(world), 1, 5).map((column, i) =>
    random.chance(0.6)
      ? { as: column.name, value: { kind: 'column', type: column.kind, column: column.name } }
      : {
          as: `e${i}`,
          value:
            column.kind === 'json' && random.chance(0.7)
              ? makePath(random, column)
              : makeOperand(random, world, column, false),
        },
  )
}

/** One row, named by its whole key; sometimes several of one hash key, sometimes too little. */
function makeRowConditions(random: SeededRandom, world: World): Condition[] {
  const choice = random.fraction()
  const hashKey = random.pick(world.hash.pool)
  const values = [hashKey, ...world.sort.map(({ pool }) => random.pick(pool))]
  const columns = keyColumns(world)
  if (choice < 0.7) return columns.map((column, i) => equal(random, column, values[i] as Value))
  if (choice < 0.8 && columns.length > 1) {
    return [{ kind: 'tuple', operator: '=', columns: columns.map(({ name }) => name), values }]
  }
  const last = columns.at(-1) as Column
  if (choice < 0.95 && columns.length > 1) {
    const list = random.some(last.pool, 1, 3)
    return [
      ...columns.slice(0, -1).map((column, i) => equal(random, column, values[i] as Value)),
      { kind: 'in', negated: false, left: reference(last), list },
    ]
  }
  return columns.slice(0, -1).map((column, i) => equal(random, column, values[i] as Value))
}

/** Conditions on the key in all the ways that people write them. */
function makeKeyConditions(random: SeededRandom, world: World): { where: Condition[]; hashKeys: number } {
  const { hash, sort } = world
  const choice = random.fraction()
  const hashKey = random.pick(hash.pool)
  if (choice < 0.55) {
    return { where: [equal(random, hash, hashKey), ...makeSortConditions(random, sort)], hashKeys: 1 }
  }
  if (choice < 0.67) {
    const list = random.some(hash.pool, 0, 3)
    return {
      where: [
        { kind: 'in', negated: false, left: reference(hash), list },
        ...makeSortConditions(random, sort),
      ],
      hashKeys: 2,
    }
  }
  const columns = keyColumns(world)
  const names = columns.map(({ name }) => name)
  const keys = Array.from({ length: 1 + random.below(4) }, () => columns.map(({ pool }) => random.pick(pool)))
  if (choice < 0.77) {
    if (columns.length > 1 && random.chance(0.5)) {
      return { where: [{ kind: 'tupleIn', columns: names, list: keys }], hashKeys: 2 }
    }
    const each = keys.map((key): Condition => {
      const conditions = columns.map((column, i) => equal(random, column, key[i] as Value))
      return { kind: 'and', conditions }
    })
    return { where: [{ kind: 'or', conditions: each }], hashKeys: 2 }
  }
  if (choice < 0.87 && sort.length > 0) {
    // Keyset pagination, with or without the hash key in the tuple.
    const from = random.chance(0.5) ? columns : sort
    const operator = random.pick(['>', '>=', '<', '<='])
    const values = from.map((column) => (column === hash ? hashKey : random.pick(column.pool)))
    return {
      where: [
        equal(random, hash, hashKey),
        { kind: 'tuple', operator, columns: from.map(({ name }) => name), values },
      ],
      hashKeys: 1,
    }
  }
  if (choice < 0.92) {
    return { where: [equal(random, hash, hashKey), equal(random, hash, random.pick(hash.pool))], hashKeys: 1 }
  }
  if (choice < 0.96) {
    const branches = random.some(hash.pool, 1, 3).map(
      (value): Condition => ({
        kind: 'and',
        conditions: [equal(random, hash, value), ...makeSortConditions(random, sort)],
      }),
    )
    return { where: [{ kind: 'or', conditions: branches }], hashKeys: 2 }
  }
  // No hash key, or not in every branch: must be refused.
  return {
    where: random.chance(0.5)
      ? makeSortConditions(random, sort)
      : [{ kind: 'or', conditions: [equal(random, hash, hashKey), makeCondition(random, world, 1)] }],
    hashKeys: 2,
  }
}

function makeSortConditions(random: SeededRandom, sort: readonly Column[]): Condition[] {
  const conditions: Condition[] = []
  for (const column of sort) {
    const choice = random.fraction()
    if (choice < 0.35) conditions.push(equal(random, column, random.pick(column.pool)))
    else if (choice < 0.75) conditions.push(...makeRange(random, column))
    else if (choice < 0.85 && random.chance(0.3)) continue
    else break
    if (choice >= 0.35 && random.chance(0.7)) break
  }
  return conditions
}

function makeRange(random: SeededRandom, column: Column): Condition[] {
  const value = (): Operand => ({ kind: 'value', type: column.kind, value: random.pick(column.pool) })
  const left = reference(column)
  const choice = random.fraction()
  if (choice < 0.4) return [flip(random, random.pick(['>', '>=', '<', '<=']), left, value())]
  if (choice < 0.6) {
    return [
      { kind: 'compare', operator: random.pick(['>', '>=']), left, right: value() },
      { kind: 'compare', operator: random.pick(['<', '<=']), left, right: value() },
    ]
  }
  if (choice < 0.75) return [{ kind: 'between', operand: left, least: value(), most: value() }]
  if (choice < 0.85) return [{ kind: 'in', negated: false, left, list: random.some(column.pool, 0, 3) }]
  if (column.kind !== 'text') return [flip(random, random.pick(['!=', '<=', '>']), left, value())]
  const text = String(random.pick(column.pool))
  const pattern = random.pick([`${text}%`, `%${text}`, text, `${[...text][0] ?? ''}_%`, '%'])
  return [{ kind: 'compare', operator: 'like', left, right: { kind: 'value', type: 'text', value: pattern } }]
}

function makeCondition(random: SeededRandom, world: World, depth: number): Condition {
  const choice = random.fraction()
  if (depth > 0 && choice < 0.2) {
    const conditions = Array.from({ length: 1 + random.below(3) }, () =>
      makeCondition(random, world, depth - 1),
    )
    return { kind: random.pick(['and', 'or']), conditions }
  }
  if (depth > 0 && choice < 0.28) return { kind: 'not', condition: makeCondition(random, world, depth - 1) }
  const column = random.pick(random.chance(0.8) ? world.plain : allColumns(world))
  if (choice < 0.4) return { kind: 'isNull', negated: random.chance(0.5), operand: reference(column) }
  if (column.kind === 'json') {
    const path = makePath(random, column)
    return flip(random, random.pick(['=', '!=', '<', '>']), path, makePathValue(random, path))
  }
  if (choice < 0.55) {
    const list = random.some(column.pool, 0, 4)
    return { kind: 'in', negated: random.chance(0.4), left: reference(column), list }
  }
  if (choice < 0.65 && column.kind === 'text') {
    const pattern = random.pick(['%', 'a%', '%b', '_', '__', '%a%', 'a\\%', '', 'Z%', '%_b', '😀%'])
    return {
      kind: 'compare',
      operator: random.pick(['like', 'not like']),
      left: makeOperand(random, world, column, false),
      right: { kind: 'value', type: 'text', value: pattern },
    }
  }
  if (choice < 0.72) {
    const bound = () => makeOperand(random, world, column, false)
    return { kind: 'between', operand: reference(column), least: bound(), most: bound() }
  }
  const operator = random.pick([
    '=',
    '!=',
    '<>',
    '<',
    '<=',
    '>',
    '>=',
    'is',
    'is not',
    'is distinct from',
    'is not distinct from',
  ])
  return flip(
    random,
    operator,
    makeOperand(random, world, column, false),
    makeOperand(random, world, column, false),
  )
}

/** Something of a column's type: a value, a column, or a computation. */
function makeOperand(random: SeededRandom, world: World, column: Column, excluded: boolean): Operand {
  const choice = random.fraction()
  if (choice < 0.4 || column.kind === 'json') {
    return { kind: 'value', type: column.kind, value: random.pick(column.pool) }
  }
  const same = allColumns(world).filter(({ kind }) => kind === column.kind)
  const other = (): Operand => {
    const { name, kind } = random.pick(same)
    const isExcluded = excluded && random.chance(0.5)
    return { kind: 'column', type: kind, column: name, ...(isExcluded ? { excluded: true } : undefined) }
  }
  if (choice < 0.6) return other()
  if (choice < 0.8) {
    const computed = makeComputation(random, world, column, other)
    if (computed !== undefined) return computed
  }
  if (choice < 0.85 && column.kind === 'boolean') {
    return { kind: 'condition', type: 'boolean', condition: makeCondition(random, world, 0) }
  }
  if (column.kind === 'number' && random.chance(0.7)) {
    if (random.chance(0.15)) return { kind: 'negate', type: 'number', operand: other() }
    return {
      kind: 'arithmetic',
      type: 'number',
      operator: random.pick(['+', '-', '*', '/', '%']),
      left: other(),
      right: { kind: 'value', type: 'number', value: random.pick([0, 1, 2, 3, -4, 0.5, 10]) },
    }
  }
  if (column.kind === 'bigint' && random.chance(0.5)) {
    // Small: SQLite's integers overflow into doubles where ours grow.
    const small = (): Operand => ({ kind: 'value', type: 'bigint', value: BigInt(random.below(20) - 9) })
    return {
      kind: 'arithmetic',
      type: 'bigint',
      operator: random.pick(['+', '-', '*', '/', '%']),
      left: small(),
      right: small(),
    }
  }
  if (column.kind === 'text' && random.chance(0.6)) {
    return { kind: 'arithmetic', type: 'text', operator: '||', left: other(), right: other() }
  }
  return other()
}

/** A function, a case or a cast, of a column's type. */
function makeComputation(
  random: SeededRandom,
  world: World,
  { kind: type, pool }: Column,
  other: () => Operand,
): Operand | undefined {
  const call = (name: string, ...operands: Operand[]): Operand => ({
    kind: 'call',
    type,
    function: name,
    operands,
  })
  const value = (): Operand => ({ kind: 'value', type, value: random.pick(pool) })
  const number = (value: number): Operand => ({ kind: 'value', type: 'number', value })
  const choice = random.fraction()
  if (choice < 0.2) return call('coalesce', other(), ...random.some([other(), value(), value()], 1, 3))
  if (choice < 0.3) return call('nullif', other(), random.chance(0.5) ? other() : value())
  if (choice < 0.5) {
    const branches = Array.from({ length: 1 + random.below(2) }, () => ({
      when: makeCondition(random, world, 0),
      value: random.chance(0.5) ? other() : value(),
    }))
    return { kind: 'case', type, branches, ...(random.chance(0.6) ? { otherwise: value() } : undefined) }
  }
  const texts = allColumns(world).filter(({ kind }) => kind === 'text')
  const text = (): Operand => reference(random.pick(texts))
  const bigints = allColumns(world).filter(({ kind }) => kind === 'bigint')
  switch (type) {
    case 'text': {
      if (bigints.length > 0 && random.chance(0.2)) {
        return { kind: 'cast', type, operand: reference(random.pick(bigints)), to: 'text' }
      }
      const name = random.pick(['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'concat', 'substr'])
      if (name === 'concat') return call(name, other(), ...random.some([other(), value()], 1, 2))
      if (name !== 'substr') return call(name, random.chance(0.7) ? other() : value())
      const place = number(random.below(7) - 3)
      return call(name, other(), place, ...(random.chance(0.5) ? [number(random.below(5) - 1)] : []))
    }
    case 'number': {
      if (texts.length > 0 && random.chance(0.2)) return call('length', text())
      if (texts.length > 0 && random.chance(0.2)) {
        return { kind: 'cast', type, operand: text(), to: random.pick(['integer', 'real']) }
      }
      if (random.chance(0.3)) return { kind: 'cast', type, operand: other(), to: 'integer' }
      if (random.chance(0.4)) return call('abs', other())
      return call('round', other(), ...(random.chance(0.5) ? [number(random.below(4))] : []))
    }
    case 'bigint':
      return { kind: 'cast', type, operand: number(random.below(100) / 8 - 5), to: 'bigint' }
    default:
      return undefined
  }
}

function makePath(random: SeededRandom, column: Column): Operand {
  const [type, legs] = random.pick([
    ['number', ['num']],
    ['text', ['text']],
    ['number', ['list', random.below(3)]],
    ['text', ['in', 'deep']],
    ['number', ['nothing', 'here']],
  ] as const)
  return { kind: 'path', type, column: column.name, legs }
}

function makePathValue(random: SeededRandom, path: Operand): Operand {
  const value = path.type === 'number' ? random.below(10) - 1 : random.pick(['', 'a', 'ä', '😀', 'zz'])
  return { kind: 'value', type: path.type, value }
}

function equal(random: SeededRandom, column: Column, value: Value): Condition {
  return flip(random, '=', reference(column), { kind: 'value', type: column.kind, value })
}

const FLIPPED: { readonly [operator: string]: string } = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** Sometimes writes a comparison the other way round. */
function flip(random: SeededRandom, operator: string, left: Operand, right: Operand): Condition {
  if (random.chance(0.85)) return { kind: 'compare', operator, left, right }
  return { kind: 'compare', operator: FLIPPED[operator] ?? operator, left: right, right: left }
}

function reference(column: Column): Operand {
  return { kind: 'column', type: column.kind, column: column.name }
}

function shuffle<T>(random: SeededRandom, items: readonly T[]): T[] {
  return random.some(items, items.length, items.length)
}

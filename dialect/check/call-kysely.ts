import {
  isCompilable,
  type Expression as KyselyExpression,
  type KyselyPlugin,
  WithSchemaPlugin,
} from 'kysely'
import type { Node } from 'typescript'
import {
  type Alternative,
  type Alternatives,
  bothHold,
  combine,
  MOST_COMBINATIONS,
  only,
  possible,
  under,
  type When,
} from './alternatives.js'
import { branchesOfValue } from './branches.js'
import { type Call, isExecution, resultOf, transactionOf } from './call.js'
import { nameKey } from './compare.js'
import type { Frame } from './frame.js'
import { invoke, unknownResult } from './invoke.js'
import { settled } from './member.js'
import { MORE_COMBINATIONS } from './not-followed.js'
import { literalsOf, type Position, placeholderValue } from './placeholder-value.js'
import { kyselyFacts, plannedKysely } from './planned-kysely.js'
import { Closure, FOREIGN, isPlainObject, isReal, Lost, Placeholder, SessionBuilder } from './values.js'

/** A call that Kysely itself answers. */
interface RealCall {
  readonly call: Node
  readonly receiver: object | undefined
  readonly method: string
  // biome-ignore lint/complexity/noBannedTypes: any method of Kysely's
  readonly run: Function
  readonly args: readonly unknown[]
  readonly when: When
}

/** Thrown through Kysely when it is given something that cannot be followed. */
class Unfollowed extends Error {
  constructor(readonly value: Lost | typeof FOREIGN) {
    super('cannot be followed')
  }
}

/** How many of a method's first arguments name columns, tables, operators and the like; of others, none. */
const NAMES: Readonly<Record<string, number>> = {
  ...{ where: 2, whereRef: 3, having: 2, havingRef: 3, between: 1, set: 1 },
  ...{ selectFrom: 1, insertInto: 1, replaceInto: 1, updateTable: 1, deleteFrom: 1 },
  ...{
    select: 1,
    selectAll: 1,
    returning: 1,
    returningAll: 1,
    groupBy: 1,
    distinctOn: 1,
    columns: 1,
    column: 1,
  },
  ...{ orderBy: 2, ref: 2, refTuple: 9, table: 1, key: 0, innerJoin: 3, leftJoin: 3, '': 2 },
}

/** Whether a value is a query, or anything else that can be compiled. */
export function isQuery(value: object): boolean {
  return isCompilable(value)
}

/**
 * Calls Kysely, once for each way that the functions it is given may go.
 *
 * @returns what it gives; something that cannot be followed where it is given that, or refuses.
 */
export function callReal(frame: Frame, { call, receiver, method, run, args, when }: RealCall): Alternatives {
  const { queries } = frame.check
  return everyWay(frame, when, call, (choice) => {
    try {
      const real = args.map((value, i) =>
        toReal(frame, value, {
          call,
          choice,
          isName: i < (NAMES[method] ?? 0) && (method !== 'set' || args.length > 1),
          position: positionOf(args, i),
          isCount: ['limit', 'offset', 'top', 'fetch'].includes(method),
          isCondition: method === '$if' && i === 0,
          rowsOf: method === 'values' ? receiver : undefined,
        }),
      )
      const result: unknown = Reflect.apply(run, receiver, real)
      if (result instanceof Promise) {
        result.catch(() => {})
        return unknownResult(frame.check, call)
      }
      if (typeof result === 'object' && result !== null && isReal(result)) {
        const isStep = receiver !== undefined && isQuery(receiver)
        queries.remember(result, {
          call,
          before: isStep ? receiver : undefined,
          schema: kyselyFacts(receiver)?.schema,
        })
      }
      return result
    } catch (error) {
      if (error instanceof Unfollowed) return error.value
      return new Lost(`Kysely refuses it: ${error instanceof Error ? error.message : String(error)}`, call)
    }
  })
}

/** Which way the functions go that Kysely calls: chosen anew each time. */
interface Choice {
  when: When
  choose(alternatives: Alternatives): unknown
}

/** Runs something again and again, until each choice within was made in each way. */
function everyWay(frame: Frame, when: When, call: Node, run: (choice: Choice) => unknown): Alternatives {
  const found: Alternative[] = []
  const here = bothHold(frame.path, when)
  if (here === undefined) return []
  let plan: number[] = []
  for (;;) {
    const sizes: number[] = []
    let isPossible = true
    const choice: Choice = {
      when: here,
      choose(alternatives) {
        const open = possible(alternatives, choice.when)
        if (open.length === 0) {
          isPossible = false
          return undefined
        }
        const place = open.length === 1 ? 0 : (plan[sizes.length] ?? 0)
        if (open.length > 1) sizes.push(open.length)
        const chosen = open[place] as Alternative
        choice.when = bothHold(choice.when, chosen.when) ?? choice.when
        return chosen.value
      },
    }
    const value = run(choice)
    if (isPossible) found.push({ value, when: choice.when })
    if (found.length >= MOST_COMBINATIONS) {
      frame.check.queries.lose(call, MORE_COMBINATIONS, call)
      return found
    }
    plan = sizes.map((_, i) => plan[i] ?? 0)
    while (plan.length > 0 && (plan.at(-1) as number) + 1 >= (sizes[plan.length - 1] as number)) plan.pop()
    if (plan.length === 0) return found
    plan[plan.length - 1] = (plan.at(-1) as number) + 1
  }
}

interface Place {
  readonly call: Node
  readonly choice: Choice
  readonly isName: boolean
  readonly position: Position
  /** Whether it is a number of rows, whatever its type says. */
  readonly isCount: boolean
  /** Whether only its truth matters, whatever its type says. */
  readonly isCondition: boolean
  /** The insert that it is a row of. */
  readonly rowsOf: object | undefined
}

/** A value as Kysely can be given it. */
function toReal(frame: Frame, given: unknown, place: Place): unknown {
  const { choice, call } = place
  const value = settled(frame, given, call)
  if (place.isCondition) {
    const branches = branchesOfValue(frame, value, choice.when)
    return choice.choose(branches.map(({ truth, when }) => ({ value: truth, when })))
  }
  if (value instanceof Lost || value === FOREIGN) throw new Unfollowed(value as Lost)
  if (value instanceof Closure) {
    return (...args: unknown[]) => {
      const inner = { ...frame, path: choice.when }
      const found = invoke(
        inner,
        value,
        args.map((one) => only(one)),
        call,
      )
      return toReal(frame, choice.choose(found), { ...place, isName: false })
    }
  }
  if (value instanceof Placeholder) return realPlaceholder(frame, value, place)
  if (Array.isArray(value)) return value.map((element) => toReal(frame, element, place))
  if (isPlainObject(value) && !Object.isFrozen(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        toReal(frame, one, { ...place, isName: false, rowsOf: undefined }),
      ]),
    )
  }
  if (!isReal(value) && typeof value === 'object' && value !== null && !isPlainObject(value)) {
    throw new Unfollowed(new Lost('an object of a class of the program is part of it', call))
  }
  return value
}

function realPlaceholder(frame: Frame, value: Placeholder, place: Place): unknown {
  const { choice, call, isName, position, isCount, rowsOf } = place
  if (isCount) return 10
  if (isName) {
    const names = literalsOf(frame.check, value.type)
    if (names !== undefined) {
      return choice.choose(names.map((name) => ({ value: name, when: new Map([[nameKey(value), name]]) })))
    }
  }
  const made = placeholderValue(frame.check, value, call, position)
  if (made instanceof Lost || made === FOREIGN) throw new Unfollowed(made as Lost)
  if (rowsOf === undefined) return made
  const row = (one: unknown) => (typeof one === 'string' ? keyRow(frame, rowsOf, one) : one)
  return Array.isArray(made) ? made.map(row) : row(made)
}

/** A row of which nothing is known has a key at least. */
function keyRow({ check }: Frame, insert: object, value: string): Record<string, unknown> {
  const { into } = (insert as KyselyExpression<unknown>).toOperationNode() as unknown as {
    into?: { table: { identifier: { name: string } } }
  }
  const table = check.queries.schemaOf(insert)?.table(into?.table.identifier.name ?? '')
  const columns = table === undefined ? [] : [table.hashKey, ...table.sortKey]
  return Object.fromEntries(columns.map((column) => [column, value]))
}

/** Lower bounds are below upper ones. */
function positionOf(args: readonly unknown[], i: number): Position {
  const operator = args.length === 3 ? args[1] : undefined
  if (i !== 2) return 'between'
  if (operator === '<' || operator === '<=') return 'above'
  return operator === '>' || operator === '>=' ? 'below' : 'between'
}

/** A method of a Kysely, or of a transaction. */
export function callOnKysely(frame: Frame, db: object, call: Call, when: When): Alternatives {
  const { node, name, args } = call
  const facts = kyselyFacts(db) as NonNullable<ReturnType<typeof kyselyFacts>>
  const [first = only(undefined)] = args
  switch (name) {
    case 'transaction':
    case 'startTransaction':
      return only(new SessionBuilder(transactionOf(db)))
    case 'connection':
    case 'savepoint':
      return only(new SessionBuilder(db))
    case 'commit':
    case 'rollback':
    case 'rollbackToSavepoint':
    case 'releaseSavepoint':
      return only(new SessionBuilder(db))
    case 'withTables':
    case '$extendTables':
    case '$omitTables':
    case '$pickTables':
      return only(db)
    case 'withoutPlugins':
      return only(plannedKysely({ ...facts, plugins: [] }))
    case 'withPlugin':
      return first.map(({ value, when: here }) => ({
        value: isReal(value)
          ? plannedKysely({ ...facts, plugins: [...facts.plugins, value as KyselyPlugin] })
          : new Lost('a plugin that is not one of Kysely’s may change its queries', node),
        when: here,
      }))
    case 'withSchema':
      return only(plannedKysely({ ...facts, plugins: [...facts.plugins, new WithSchemaPlugin('schema')] }))
    case 'executeQuery':
      executeQuery(frame, db, first, node)
      return only(resultOf(frame, node))
    case 'destroy':
    case 'getExecutor':
      return only(unknownResult(frame.check, node))
    default: {
      const run = Reflect.get(db, name) as unknown
      if (typeof run !== 'function') return only(new Lost(`Kysely has no ${name}`, node))
      return combine(
        args,
        (values, both) =>
          under(
            callReal(frame, { call: node, receiver: db, method: name, run, args: values, when: both }),
            when,
          ),
        () => frame.check.queries.lose(node, MORE_COMBINATIONS, node),
      )
    }
  }
}

/** `db.executeQuery(query)`: of a builder, or of what was compiled. */
function executeQuery(frame: Frame, db: object, given: Alternatives, node: Node): void {
  const { queries } = frame.check
  const executor = (
    db as { getExecutor(): { compileQuery(node: unknown, id: unknown): unknown } }
  ).getExecutor()
  for (const { value } of possible(given, frame.path)) {
    const query = settled(frame, value, node)
    if (query instanceof Lost) queries.lose(node, query.why, query.at)
    else if (typeof query !== 'object' || query === null || query instanceof Placeholder) {
      queries.lose(node, 'a query that comes from outside of the program', node)
    } else if (isCompilable(query))
      queries.plan(node, query, (one) => (one as { compile(): unknown }).compile())
    else if ('query' in query) {
      const { query: root, queryId } = query as { query: unknown; queryId?: unknown }
      queries.plan(node, query, () => executor.compileQuery(root, queryId))
    } else queries.lose(node, 'a query that cannot be followed', node)
  }
}

/** A call that executes a query, or compiles it: it is planned. Nothing for other calls. */
export function execution(
  frame: Frame,
  receiver: object,
  { node, name, args }: Call,
): Alternatives | undefined {
  const isCompile = name === 'compile'
  if (!(isExecution(name) || isCompile) || typeof Reflect.get(receiver, name) !== 'function') return undefined
  const { queries } = frame.check
  // Raw SQL is told what to run on.
  const isRaw = !isQuery(receiver) || 'isRawBuilder' in receiver
  if (isRaw) {
    for (const { value } of possible(args[0] ?? only(undefined), frame.path)) {
      const db = settled(frame, value, node)
      if (db === FOREIGN) queries.followed.add(node)
      else if (kyselyFacts(db) === undefined)
        queries.lose(node, 'raw SQL is run on something that cannot be followed', node)
      else queries.plan(node, receiver, (raw) => (raw as { compile(db: unknown): unknown }).compile(db))
    }
    return only(resultOf(frame, node))
  }
  if (name === 'explain') {
    const given = args.map((alternatives) => alternatives[0]?.value)
    queries.plan(node, receiver, (query) =>
      Reflect.apply(Reflect.get(query, 'explain') as () => unknown, query, given),
    )
    return only(resultOf(frame, node))
  }
  const compiled = queries.plan(node, receiver, (query) => (query as { compile(): unknown }).compile(), name)
  if (!isCompile) return only(resultOf(frame, node))
  return only(compiled ?? { query: (receiver as KyselyExpression<unknown>).toOperationNode(), queryId: {} })
}

import type { CallExpression, Expression, Node } from 'typescript'
import * as fokos from '../index.js'
import {
  type Alternative,
  type Alternatives,
  combine,
  limited,
  only,
  possible,
  under,
  type When,
} from './alternatives.js'
import { set } from './assign.js'
import { callOnKysely, callReal, execution, isQuery } from './call-kysely.js'
import { callList } from './call-list.js'
import { newKey } from './check.js'
import { dialectSchema, knowDialect } from './dialects.js'
import { elementsOf, evaluate } from './evaluate.js'
import { type Frame, mergeStates, saveState } from './frame.js'
import { invoke, invokePerhaps, unknownResult } from './invoke.js'
import { memberOf, settled } from './member.js'
import { MORE_COMBINATIONS } from './not-followed.js'
import { kyselyFacts, plannedKysely } from './planned-kysely.js'
import { ts } from './typescript.js'
import {
  Closure,
  FOREIGN,
  Instance,
  isConstant,
  isPlainObject,
  isReal,
  KnownDialect,
  Lost,
  Placeholder,
  ProgramClass,
  SessionBuilder,
} from './values.js'

/** A call, with all that it was found to be given. */
export interface Call {
  readonly node: CallExpression
  readonly name: string
  readonly args: readonly Alternatives[]
}

/** Follows a call: into functions of the program, through Kysely itself, and past all others. */
export function evaluateCall(frame: Frame, node: CallExpression): Alternatives {
  const callee = bare(node.expression)
  if (callee.kind === ts.SyntaxKind.SuperKeyword || callee.kind === ts.SyntaxKind.ImportKeyword) {
    evaluateArguments(frame, node.arguments)
    return only(unknownResult(frame.check, node))
  }
  if (ts.isPropertyAccessExpression(callee) || ts.isElementAccessExpression(callee)) {
    const name = ts.isPropertyAccessExpression(callee)
      ? callee.name.text
      : memberName(frame, callee.argumentExpression)
    const receivers = evaluate(frame, callee.expression)
    const call = { node, name, args: evaluateArguments(frame, node.arguments) }
    const known = pushed(frame, callee.expression, receivers, call)
    if (known !== undefined) return known
    const followed = limited(possible(receivers, frame.path), () =>
      frame.check.queries.lose(node, MORE_COMBINATIONS, node),
    )
    return each(followed, frame, (receiver) => callMember(frame, receiver, callee, call))
  }
  const functions = evaluate(frame, callee)
  const call = { node, name: '', args: evaluateArguments(frame, node.arguments) }
  return each(functions, frame, ({ value, when }) => callFunction(frame, value, when, call))
}

/** What is called, whatever it is said to be. */
function bare(node: Expression): Expression {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)
    ? bare(node.expression)
    : node
}

function each(
  alternatives: Alternatives,
  frame: Frame,
  then: (one: Alternative) => Alternatives,
): Alternatives {
  const [first] = alternatives
  if (alternatives.length === 1 && first !== undefined) return under(then(first), first.when)
  const { path } = frame
  return possible(alternatives, path).flatMap((one) => under(then(one), one.when))
}

function memberName(frame: Frame, node: Expression): string {
  const [name] = evaluate(frame, node)
  return isConstant(name?.value) ? String(name?.value) : ''
}

export function evaluateArguments(frame: Frame, nodes: readonly Expression[]): Alternatives[] {
  return nodes.flatMap((node) => {
    if (!ts.isSpreadElement(node)) return [evaluate(frame, node)]
    const [first] = evaluate(frame, node.expression)
    return elementsOf(frame, first?.value).map((value) => only(value))
  })
}

/** A list that something is added to is another list, held by the same variable. */
function pushed(
  frame: Frame,
  holder: Expression,
  receivers: Alternatives,
  { node, name, args }: Call,
): Alternatives | undefined {
  if (name !== 'push' || !ts.isIdentifier(holder) || !receivers.some(({ value }) => Array.isArray(value))) {
    return undefined
  }
  const added = args.flat().map(({ value }) => value)
  // Rows that are collected say nothing of a query.
  if (added.every((value) => value instanceof Placeholder)) return only(unknownResult(frame.check, node))
  const longer = combine(
    [possible(receivers, frame.path), ...args],
    ([list, ...added], when) => only(Array.isArray(list) ? [...list, ...added] : list, when),
    () => frame.check.queries.lose(node, MORE_COMBINATIONS, node),
  )
  set(frame, holder, longer)
  return only(unknownResult(frame.check, node))
}

function callMember(frame: Frame, receiver: Alternative, callee: Node, call: Call): Alternatives {
  const { check } = frame
  const { node, name, args } = call
  const value = settled(frame, receiver.value, node)
  const { when } = receiver
  if (value instanceof Lost || value === FOREIGN) return callUnfollowed(frame, value as Lost, call)
  if (value instanceof SessionBuilder) return callSession(frame, value, call)
  if (kyselyFacts(value) !== undefined) return callOnKysely(frame, value as object, call, when)
  if (typeof value === 'function' && name === 'compileOnly' && dialectSchema(value) !== undefined) {
    return only(new KnownDialect(dialectSchema(value) as never))
  }
  if (Array.isArray(value) || (value instanceof Placeholder && isListMethod(name) && args.length > 0)) {
    const found = callList(frame, value, call)
    if (found !== undefined) return found
  }
  if (value instanceof Placeholder || value instanceof Instance || value instanceof ProgramClass) {
    if (isConstant(value)) return only(unknownResult(check, node))
    return each(memberOf(frame, { value, when }, name, callee), frame, (member) =>
      callFunction(frame, member.value, member.when, call),
    )
  }
  if (isReal(value) && !(value instanceof Date)) return callRealMember(frame, value, call, when)
  if (isPlainObject(value) || (typeof value === 'object' && value !== null && !(value instanceof Date))) {
    if (isCompiled(value)) return only(unknownResult(check, node))
    return each(memberOf(frame, { value, when }, name, callee), frame, (member) =>
      callFunction(frame, member.value, member.when, call),
    )
  }
  return callUnknown(frame, call)
}

function isCompiled(value: object): boolean {
  return 'query' in value && 'queryId' in value
}

function isListMethod(name: string): boolean {
  return ['map', 'flatMap', 'forEach', 'filter', 'reduce', 'some', 'every', 'find'].includes(name)
}

/** A method of an object of Kysely's, or of this package's. */
function callRealMember(frame: Frame, receiver: object, call: Call, when: When): Alternatives {
  const { node, name, args } = call
  const executed = execution(frame, receiver, call)
  if (executed !== undefined) return executed
  const run = Reflect.get(receiver, name) as unknown
  if (typeof run !== 'function') {
    return isQuery(receiver) ? only(new Lost(`Kysely has no ${name} here`, node)) : callUnknown(frame, call)
  }
  return combine(
    args,
    (values, both) => callReal(frame, { call: node, receiver, method: name, run, args: values, when: both }),
    () => frame.check.queries.lose(node, MORE_COMBINATIONS, node),
  ).flatMap((one) => under([one], when))
}

function callFunction(frame: Frame, value: unknown, when: When, call: Call): Alternatives {
  const { node, args } = call
  const of = settled(frame, value, node)
  if (of instanceof Closure) {
    const given = when.size === 0 ? args : args.map((alternatives) => under(alternatives, when))
    return invoke(frame, of, given, node)
  }
  if (of instanceof Lost || of === FOREIGN) return callUnfollowed(frame, of as Lost, call)
  if (typeof of !== 'function') return callUnknown(frame, call)
  if (of === fokos.defineDatabase) return defineDatabase(frame, call)
  if (of === fokos.retryTransaction) return retryTransaction(frame, call)
  if (of === fokos.scanEveryPartition) return scan(frame, call)
  return combine(
    args,
    (values, both) =>
      callReal(frame, { call: node, receiver: undefined, method: '', run: of, args: values, when: both }),
    () => frame.check.queries.lose(node, MORE_COMBINATIONS, node),
  )
}

/** So long are lists that `Array.from({ length })` makes: more than the conditions of a query may name. */
const LONGEST_LIST = 2_000

/** `Array.from({ length }, make)`: a list that is known, if its length is. */
function listOfLength(frame: Frame, { node, name, args }: Call): Alternatives | undefined {
  const [given, make] = args
  const from = given?.[0]?.value
  if (name !== 'from' || !isPlainObject(from) || typeof from.length !== 'number') return undefined
  const closure = make?.[0]?.value
  if (from.length > LONGEST_LIST) return undefined
  const made = Array.from({ length: from.length }, (_, i) =>
    closure instanceof Closure
      ? invoke(frame, closure, [only(undefined), only(i)], node, true)[0]?.value
      : undefined,
  )
  return only(made)
}

/** What nothing is known of: functions that it is given may be called, and queries may be executed. */
function callUnknown(frame: Frame, { node, name, args }: Call): Alternatives {
  const { queries } = frame.check
  if (name === 'all' || name === 'allSettled' || name === 'race' || name === 'resolve' || name === 'freeze') {
    return args[0] ?? only(undefined)
  }
  const list = listOfLength(frame, { node, name, args })
  if (list !== undefined) return list
  for (const { value } of args.flat()) {
    if (value instanceof Closure) invokePerhaps(frame, value, node)
    else if (isReal(value) && isQuery(value)) {
      queries.lose(node, 'a query is handed to a function outside of the program', node)
    } else if (kyselyFacts(value) !== undefined) {
      queries.lose(node, 'a Kysely is handed to a function outside of the program', node)
    }
  }
  const objects = args.flat().filter(({ value }) => isPlainObject(value))
  if ((name === 'values' || name === 'entries') && objects.length === 1) {
    const whole = (objects[0] as Alternative).value as object
    return only(name === 'values' ? Object.values(whole) : Object.entries(whole))
  }
  return only(unknownResult(frame.check, node))
}

/** What is called on something that cannot be followed cannot be followed either; what it is given can. */
function callUnfollowed(
  frame: Frame,
  value: Lost | typeof FOREIGN,
  { node, name, args }: Call,
): Alternatives {
  const { queries } = frame.check
  if (isExecution(name)) {
    if (value instanceof Lost) queries.lose(node, value.why, value.at)
    else queries.followed.add(node)
  }
  for (const { value: given } of args.flat()) {
    if (given instanceof Closure) invokePerhaps(frame, given, node, value)
  }
  return only(value)
}

/** The methods that execute a query, or ask what it becomes. */
export function isExecution(name: string): boolean {
  return [
    'execute',
    'executeTakeFirst',
    'executeTakeFirstOrThrow',
    'executeQuery',
    'stream',
    'explain',
  ].includes(name)
}

type Declared = Parameters<typeof fokos.defineDatabase>[0]

/** The declaration as far as it says where rows live: what makes values and what checks them is not asked. */
function withoutValues(options: Declared): Declared {
  const tables = Object.entries(options.tables).map(([name, { validate: _, defaults = {}, ...table }]) => {
    const made = Object.keys(defaults).map((column) => [column, ''])
    return [name, { ...table, defaults: Object.fromEntries(made) }]
  })
  return { ...options, tables: Object.fromEntries(tables) }
}

function defineDatabase(frame: Frame, { node, args }: Call): Alternatives {
  const { check } = frame
  return callReal(frame, {
    call: node,
    receiver: undefined,
    method: '',
    run: (options: Declared) => {
      const declaration = fokos.defineDatabase(withoutValues(options))
      const { parent } = node
      const symbol =
        ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)
          ? check.checker.getSymbolAtLocation(parent.name)
          : undefined
      knowDialect(declaration.FokosDialect, check.databases.declare(declaration, symbol))
      return declaration
    },
    args: args.map((alternatives) => alternatives[0]?.value),
    when: frame.path,
  })
}

/** The Kysely of a transaction on another. */
export function transactionOf(value: unknown): unknown {
  const facts = kyselyFacts(value)
  return facts === undefined ? value : plannedKysely({ ...facts, inTransaction: true })
}

function retryTransaction(frame: Frame, { node, args }: Call): Alternatives {
  const [databases = only(undefined), work = only(undefined)] = args
  for (const { value } of databases) {
    const db = settled(frame, value, node)
    for (const { value: closure } of work) {
      if (closure instanceof Closure) return invoke(frame, closure, [only(transactionOf(db))], node)
    }
  }
  return only(unknownResult(frame.check, node))
}

function scan(frame: Frame, { node, args }: Call): Alternatives {
  const { queries } = frame.check
  for (const { value } of possible(args[0] ?? only(undefined), frame.path)) {
    const query = settled(frame, value, node)
    if (query instanceof Lost) queries.lose(node, query.why, query.at)
    else if (query === FOREIGN) queries.followed.add(node)
    else if (isReal(query)) queries.plan(node, query, (one) => fokos.scanEveryPartition(one as never), 'scan')
    else queries.lose(node, 'a query that cannot be followed', node)
  }
  return only(resultOf(frame, node))
}

/** What a query gives: data, which is looked at only where its type matters. */
export function resultOf({ check }: Frame, node: Node): Placeholder {
  const typeOf = () => {
    const type = check.checker.getTypeAtLocation(node)
    return check.checker.getAwaitedType(type) ?? type
  }
  return new Placeholder(newKey(check), typeOf, undefined, true)
}

/** `transaction()`, `startTransaction()`, `connection()`: their callback gets something that queries run on. */
function callSession(frame: Frame, session: SessionBuilder, { node, name, args }: Call): Alternatives {
  if (name === 'setIsolationLevel') {
    const [level] = args[0] ?? []
    const setting = { level: level?.value, at: node }
    return only(new SessionBuilder(session.gives, [...session.settings, setting]))
  }
  if (name !== 'execute') return only(session)
  frame.check.queries.followed.add(node)
  for (const { level, at } of session.settings) {
    if (typeof level !== 'string' || level === 'serializable') continue
    const error = new fokos.UnsupportedQueryError('isolation_level', { level })
    frame.check.queries.refuse(
      (at as CallExpression & { expression: { name?: Node } }).expression.name ?? at,
      error,
      node,
    )
  }
  const [work] = args
  if (work === undefined) return only(session.gives)
  const before = saveState(frame)
  const found = work.flatMap(({ value, when }) =>
    value instanceof Closure ? under(invoke(frame, value, [only(session.gives)], node), when) : [],
  )
  mergeStates(frame, [saveState(frame)], before.path)
  return found.length === 0 ? only(unknownResult(frame.check, node)) : found
}

import type { BindingName, Expression, FunctionLikeDeclaration, Node, ParameterDeclaration } from 'typescript'
import { ALWAYS, type Alternatives, limited, only, type When } from './alternatives.js'
import { type Check, newKey } from './check.js'
import { evaluate } from './evaluate.js'
import { executeBlock, hoistFunctions } from './execute.js'
import { type Frame, mergeStates, newActivation, saveState } from './frame.js'
import { memberOf } from './member.js'
import { MORE_COMBINATIONS } from './not-followed.js'
import { ts } from './typescript.js'
import { Closure, FOREIGN, isPlainObject, isReal, Lost, Placeholder } from './values.js'

/** So deep are calls of functions followed. */
const DEEPEST_CALLS = 40
/** So often are functions followed that are given nothing that has to do with queries. */
const MOST_CALLS = 20
/** So often may one function be under way: what calls itself is followed once more. */
const MOST_RECURSIONS = 2

/**
 * Follows a call of a function of the program.
 *
 * @param args of those that are missing the defaults are taken.
 * @param always also when it seems to have nothing to do with queries: its result may be a row of one.
 * @returns what it may return; of an asynchronous function what its promise may hold.
 */
export function invoke(
  frame: Pick<Frame, 'check' | 'stack' | 'path'>,
  closure: Closure,
  args: readonly Alternatives[],
  at: Node,
  always = false,
): Alternatives {
  const { check, stack, path } = frame
  const { node } = closure
  if (node.body === undefined) return only(unknownResult(check, at))
  const isRelevant = args.some((alternatives) => alternatives.some(matters))
  if (!always && !isRelevant && !isNested(closure) && !check.touching.touches(node))
    return only(unknownResult(check, at))
  const calls = check.calls.get(node)
  // What is called from everywhere, with nothing of interest, gives what it has given before.
  if (!isRelevant && calls !== undefined && calls.count >= MOST_CALLS) return calls.last
  const under = stack.filter((one) => one === node).length
  if (under >= MOST_RECURSIONS || stack.length >= DEEPEST_CALLS) {
    return only(new Lost('functions that call each other without end', at))
  }
  check.invoked.add(node)
  const activation = newActivation(closure.around)
  const inner: Frame = {
    check,
    activation,
    self: closure.self,
    stack: [...stack, node],
    path,
    returns: [],
    leaving: [],
  }
  bindParameters(inner, node, args)
  const found = limited(run(inner, node, node.body, at), () => check.queries.lose(at, MORE_COMBINATIONS, at))
  if (!isRelevant) check.calls.set(node, { count: (calls?.count ?? 0) + 1, last: found })
  return found
}

function run(frame: Frame, { asteriskToken }: FunctionLikeDeclaration, body: Node, at: Node): Alternatives {
  if (!ts.isBlock(body)) return evaluate(frame, body as Expression)
  hoistFunctions(frame, body.statements)
  const end = executeBlock(frame, body.statements)
  if (asteriskToken !== undefined) return only(unknownResult(frame.check, at))
  return end === 'next' ? [...frame.returns, ...only(undefined, frame.path)] : frame.returns
}

/** Whether a function stands in another, whose variables it may use. */
export function isNested({ around }: Closure): boolean {
  return around.around !== undefined
}

/** Follows a function that might be called, or not, by somebody who is not known. */
export function invokePerhaps(frame: Frame, closure: Closure, at: Node, given?: unknown): void {
  const before = saveState(frame)
  const { path } = frame
  invoke(frame, closure, placeholderArguments(frame.check, closure.node, given), at)
  mergeStates(frame, [before, saveState(frame)], path)
}

/** Arguments of which only the types are known. */
export function placeholderArguments(
  check: Check,
  { parameters }: FunctionLikeDeclaration,
  given?: unknown,
): Alternatives[] {
  return parameters.map((parameter) =>
    only(given ?? new Placeholder(newKey(check), () => check.checker.getTypeAtLocation(parameter))),
  )
}

/** What a call gives that is not followed. */
export function unknownResult(check: Check, at: Node): unknown {
  return new Placeholder(newKey(check), () => {
    const type = check.checker.getTypeAtLocation(at)
    return check.checker.getAwaitedType(type) ?? type
  })
}

function bindParameters(
  frame: Frame,
  { parameters }: FunctionLikeDeclaration,
  args: readonly Alternatives[],
): void {
  const names = parameters.filter(({ name }) => !(ts.isIdentifier(name) && name.text === 'this'))
  names.forEach((parameter, i) => {
    bind(frame, parameter.name, argumentOf(frame, parameter, args, i))
  })
}

function argumentOf(
  frame: Frame,
  parameter: ParameterDeclaration,
  args: readonly Alternatives[],
  i: number,
): Alternatives {
  if (parameter.dotDotDotToken !== undefined) {
    const rest = args.slice(i)
    return only(rest.map((alternatives) => alternatives[0]?.value))
  }
  return withDefault(frame, retyped(frame, args[i] ?? only(undefined), parameter), parameter.initializer)
}

/** What a declaration says of the type of values of which nothing was known. */
export function retyped(
  { check }: Frame,
  alternatives: Alternatives,
  declared: Node & { readonly type?: Node | undefined },
): Alternatives {
  const isTold = declared.type !== undefined || ts.isParameter(declared)
  if (!isTold || !alternatives.some(({ value }) => value instanceof Placeholder)) return alternatives
  const typeOf = () => check.checker.getTypeAtLocation(declared)
  return alternatives.map(({ value, when }) => ({
    value: value instanceof Placeholder ? value.as(typeOf) : value,
    when,
  }))
}

/** What stands behind `=` where nothing is given. */
function withDefault(
  frame: Frame,
  given: Alternatives,
  initializer: ParameterDeclaration['initializer'],
): Alternatives {
  if (initializer === undefined) return given
  return given.flatMap((alternative) =>
    alternative.value === undefined ? evaluate(frame, initializer) : [alternative],
  )
}

/** Gives names to values, or to what is in them. */
export function bind(frame: Frame, name: BindingName, value: Alternatives): void {
  const { checker } = frame.check
  if (ts.isIdentifier(name)) {
    const symbol = checker.getSymbolAtLocation(name)
    if (symbol !== undefined) frame.activation.variables.set(symbol, value)
    return
  }
  const taken: string[] = []
  name.elements.forEach((element, i) => {
    if (ts.isOmittedExpression(element)) return
    if (element.dotDotDotToken !== undefined) {
      bind(frame, element.name, rest(frame, value, taken, i, element))
      return
    }
    const property = ts.isArrayBindingPattern(name)
      ? String(i)
      : propertyName(element.propertyName ?? element.name)
    taken.push(property)
    const found = value.flatMap((alternative) => memberOf(frame, alternative, property, element))
    bind(frame, element.name, withDefault(frame, found, element.initializer))
  })
}

function rest(
  frame: Frame,
  value: Alternatives,
  taken: readonly string[],
  from: number,
  at: Node,
): Alternatives {
  return value.map(({ value: whole, when }) => ({
    value: Array.isArray(whole)
      ? whole.slice(from)
      : isPlainObject(whole)
        ? Object.fromEntries(Object.entries(whole).filter(([key]) => !taken.includes(key)))
        : unknownResult(frame.check, ts.isBindingElement(at) ? at.name : at),
    when,
  }))
}

function propertyName(node: Node): string {
  if (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return node.text
  return node.getText()
}

/** Whether a function can do something with it that has to do with queries. */
function matters({ value }: { readonly value: unknown; readonly when: When }): boolean {
  if (value instanceof Closure || value instanceof Lost || value === FOREIGN) return true
  if (Array.isArray(value)) return value.some((element) => matters({ value: element, when: ALWAYS }))
  if (isPlainObject(value)) return Object.values(value).some((one) => matters({ value: one, when: ALWAYS }))
  return isReal(value) && !(value instanceof Date) && !(value instanceof Uint8Array)
}

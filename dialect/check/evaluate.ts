import * as kysely from 'kysely'
import type {
  BinaryExpression,
  ConditionalExpression,
  Declaration,
  Expression,
  Identifier,
  NewExpression,
  Node,
  ObjectLiteralExpression,
  TaggedTemplateExpression,
  TemplateExpression,
  Symbol as TsSymbol,
  VariableDeclaration,
} from 'typescript'
import { type Alternative, type Alternatives, combine, only, possible, under } from './alternatives.js'
import { assign } from './assign.js'
import { branchesOf } from './branches.js'
import { evaluateArguments, evaluateCall } from './call.js'
import { callReal } from './call-kysely.js'
import { MOST_STEPS, newKey } from './check.js'
import { compareValues } from './compare.js'
import { dialectSchema } from './dialects.js'
import { type Activation, type Frame, mergeStates, restoreState, type State, saveState } from './frame.js'
import { bind, invokePerhaps, retyped, unknownResult } from './invoke.js'
import { libraryExport, libraryOf } from './library.js'
import { construct, memberOf } from './member.js'
import { moduleActivation, moduleFrame } from './modules.js'
import { MORE_COMBINATIONS } from './not-followed.js'
import { placeholderValue } from './placeholder-value.js'
import { kyselyFacts, plannedKysely } from './planned-kysely.js'
import { ts } from './typescript.js'
import {
  Closure,
  FOREIGN,
  isConstant,
  isPlainObject,
  isReal,
  KnownDialect,
  Lost,
  ModuleExports,
  Placeholder,
  ProgramClass,
} from './values.js'

/** All the values that an expression may have where the frame is. */
export function evaluate(frame: Frame, node: Expression): Alternatives {
  const { check } = frame
  if (++check.steps > MOST_STEPS) return only(new Lost('more than is followed from one function on', node))
  if (ts.isIdentifier(node)) return evaluateIdentifier(frame, node)
  if (ts.isCallExpression(node)) return evaluateCall(frame, node)
  if (ts.isPropertyAccessExpression(node)) {
    return each(evaluate(frame, node.expression), (whole) => memberOf(frame, whole, node.name.text, node))
  }
  if (ts.isElementAccessExpression(node)) {
    const names = evaluate(frame, node.argumentExpression)
    return combine(
      [evaluate(frame, node.expression), names],
      ([whole, name], when) =>
        typeof name === 'string' || typeof name === 'number'
          ? memberOf(frame, { value: whole, when }, String(name), node)
          : whole instanceof Lost || whole === FOREIGN
            ? only(whole, when)
            : Array.isArray(whole) && whole.length > 0
              ? whole.map((value) => ({ value, when }))
              : only(unknownResult(check, node), when),
      () => {},
    )
  }
  if (ts.isStringLiteralLike(node)) return only(node.text)
  if (ts.isNumericLiteral(node)) return only(Number(node.text))
  if (ts.isBigIntLiteral(node)) return only(BigInt(node.text.replace(/n$/, '').replaceAll('_', '')))
  if (ts.isTemplateExpression(node)) return evaluateTemplate(frame, node)
  if (ts.isTaggedTemplateExpression(node)) return evaluateTag(frame, node)
  if (ts.isObjectLiteralExpression(node)) return evaluateObject(frame, node)
  if (ts.isArrayLiteralExpression(node)) {
    return combine(
      node.elements.map((element) =>
        evaluate(frame, ts.isSpreadElement(element) ? element.expression : element),
      ),
      (values, when) =>
        only(
          values.flatMap((value, i) => {
            const element = node.elements[i] as Expression
            return ts.isSpreadElement(element) ? elementsOf(frame, value) : [value]
          }),
          when,
        ),
      () => lose(frame, node),
    )
  }
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) {
    const closure = new Closure(node, frame.activation, ts.isArrowFunction(node) ? frame.self : undefined)
    check.pending.push(closure)
    return only(closure)
  }
  if (ts.isBinaryExpression(node)) return evaluateBinary(frame, node)
  if (ts.isConditionalExpression(node)) return evaluateConditional(frame, node)
  if (ts.isPrefixUnaryExpression(node)) return evaluatePrefix(frame, node.operator, node)
  if (ts.isNewExpression(node)) return evaluateNew(frame, node)
  if (ts.isAsExpression(node)) return retyped(frame, evaluate(frame, node.expression), node)
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isTypeAssertionExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isSpreadElement(node) ||
    ts.isExpressionWithTypeArguments(node)
  ) {
    return evaluate(frame, node.expression)
  }
  if (ts.isYieldExpression(node)) {
    if (node.expression !== undefined) evaluate(frame, node.expression)
    return only(unknownResult(check, node))
  }
  if (ts.isVoidExpression(node)) {
    evaluate(frame, node.expression)
    return only(undefined)
  }
  if (ts.isClassExpression(node)) return only(new ProgramClass(node, frame.activation))
  switch (node.kind) {
    case ts.SyntaxKind.TrueKeyword:
      return only(true)
    case ts.SyntaxKind.FalseKeyword:
      return only(false)
    case ts.SyntaxKind.NullKeyword:
      return only(null)
    case ts.SyntaxKind.ThisKeyword:
      return only(frame.self ?? unknownResult(check, node))
    default:
      // What is in it may run queries, whatever it is.
      ts.forEachChild(node, (child) => {
        if (ts.isExpression(child)) evaluate(frame, child)
      })
      return only(unknownResult(check, node))
  }
}

function each(alternatives: Alternatives, then: (one: Alternative) => Alternatives): Alternatives {
  const [first] = alternatives
  if (alternatives.length === 1 && first !== undefined) return under(then(first), first.when)
  return alternatives.flatMap((one) => under(then(one), one.when))
}

function lose({ check }: Frame, at: Node): void {
  check.queries.lose(at, MORE_COMBINATIONS, at)
}

/** What is in a list; of one that is not known, two of its kind. */
export function elementsOf(frame: Frame, value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (!(value instanceof Placeholder)) return value === undefined ? [] : [value]
  const typeOf = () => {
    const { checker } = frame.check
    // Of what is no list, whoever takes an element says what it is.
    return checker.getIndexTypeOfType(value.type, ts.IndexKind.Number) ?? checker.getAnyType()
  }
  return [0, 1].map((i) => new Placeholder(`${value.key}[${i}]`, typeOf, undefined, value.isData))
}

function evaluateIdentifier(frame: Frame, node: Identifier): Alternatives {
  const { checker } = frame.check
  if (node.text === 'undefined') return only(undefined)
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node)
  return symbol === undefined ? only(unknownResult(frame.check, node)) : symbolValue(frame, symbol, node)
}

/** What a name stands for. */
export function symbolValue(frame: Frame, symbol: TsSymbol, at: Node): Alternatives {
  const { check } = frame
  for (let scope: Activation | undefined = frame.activation; scope !== undefined; scope = scope.around) {
    const found = scope.variables.get(symbol)
    if (found !== undefined) return possible(found, frame.path)
  }
  const resolved = symbol.flags & ts.SymbolFlags.Alias ? check.checker.getAliasedSymbol(symbol) : symbol
  const library = libraryExport(resolved)
  if (library !== undefined) return only(library)
  const [declaration] = resolved.declarations ?? []
  if (declaration === undefined) return only(unknownResult(check, at))
  if (ts.isSourceFile(declaration)) {
    return only(libraryOf(declaration) ?? new ModuleExports(declaration))
  }
  return declaredValue(frame, resolved, declaration, at)
}

function declaredValue(frame: Frame, symbol: TsSymbol, declaration: Declaration, at: Node): Alternatives {
  const { check } = frame
  const file = declaration.getSourceFile()
  if (file.isDeclarationFile) return only(unknownResult(check, at))
  const module = moduleActivation(check, file)
  const known = module.variables.get(symbol)
  if (known !== undefined) return known
  const implementation = symbol.declarations?.find((one) => ts.isFunctionDeclaration(one) && one.body)
  if (implementation !== undefined && ts.isFunctionDeclaration(implementation)) {
    return only(new Closure(implementation, module, undefined))
  }
  if (ts.isClassDeclaration(declaration)) return only(new ProgramClass(declaration, module))
  if (ts.isExportAssignment(declaration)) return evaluate(moduleFrame(check, file), declaration.expression)
  const variable = variableOf(declaration)
  if (variable !== undefined && isOfModule(variable) && !check.underWay.has(symbol)) {
    check.underWay.add(symbol)
    evaluateVariable(moduleFrame(check, file), variable)
    check.underWay.delete(symbol)
    const evaluated = module.variables.get(symbol)
    if (evaluated !== undefined) return evaluated
  }
  return only(new Placeholder(`symbol ${symbolNumber(symbol)}`, () => check.checker.getTypeAtLocation(at)))
}

const symbolNumbers = new WeakMap<TsSymbol, number>()
let symbolCount = 0

function symbolNumber(symbol: TsSymbol): number {
  let number = symbolNumbers.get(symbol)
  if (number === undefined) {
    number = ++symbolCount
    symbolNumbers.set(symbol, number)
  }
  return number
}

function variableOf(declaration: Node): VariableDeclaration | undefined {
  let at: Node = declaration
  while (ts.isBindingElement(at) || ts.isObjectBindingPattern(at) || ts.isArrayBindingPattern(at))
    at = at.parent
  return ts.isVariableDeclaration(at) ? at : undefined
}

function isOfModule(variable: VariableDeclaration): boolean {
  return ts.isVariableStatement(variable.parent.parent) && ts.isSourceFile(variable.parent.parent.parent)
}

/** Evaluates a declaration, unless somebody has needed it before its turn. */
export function evaluateVariable(frame: Frame, declaration: VariableDeclaration): void {
  const { check } = frame
  const isLet = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) === 0
  if (isOfModule(declaration)) {
    if (ts.isIdentifier(declaration.name)) {
      const symbol = check.checker.getSymbolAtLocation(declaration.name)
      if (symbol !== undefined && frame.activation.variables.has(symbol)) return
      // Whoever runs first may give it another value: only its type is certain.
      if (symbol !== undefined && isLet) {
        const typeOf = () => check.checker.getTypeOfSymbol(symbol)
        const initial = declaration.initializer === undefined ? [] : evaluate(frame, declaration.initializer)
        const isQuery = initial.some(({ value }) => isReal(value))
        bind(
          frame,
          declaration.name,
          isQuery ? initial : only(new Placeholder(`symbol ${symbolNumber(symbol)}`, typeOf)),
        )
        return
      }
    } else if (declaration.name.elements.some((element) => isBound(frame, element))) return
  }
  if (declaration.initializer !== undefined)
    bind(frame, declaration.name, retyped(frame, evaluate(frame, declaration.initializer), declaration))
  else if (ts.isIdentifier(declaration.name)) bind(frame, declaration.name, only(undefined))
}

function isBound(frame: Frame, element: Node): boolean {
  if (!ts.isBindingElement(element) || !ts.isIdentifier(element.name)) return false
  const symbol = frame.check.checker.getSymbolAtLocation(element.name)
  return symbol !== undefined && frame.activation.variables.has(symbol)
}

function evaluateTemplate(frame: Frame, node: TemplateExpression): Alternatives {
  return combine(
    node.templateSpans.map(({ expression }) => evaluate(frame, expression)),
    (values, when) => {
      const texts = values.map((value, i) => {
        const real =
          value instanceof Placeholder
            ? placeholderValue(frame.check, value, node.templateSpans[i] as Node)
            : value
        return `${String(real)}${node.templateSpans[i]?.literal.text ?? ''}`
      })
      return only(node.head.text + texts.join(''), when)
    },
    () => {},
  )
}

function evaluateTag(frame: Frame, node: TaggedTemplateExpression): Alternatives {
  const { template } = node
  const spans = ts.isTemplateExpression(template) ? template.templateSpans : []
  const cooked = ts.isTemplateExpression(template)
    ? [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)]
    : [template.text]
  const strings = Object.assign([...cooked], { raw: cooked })
  return combine(
    [evaluate(frame, node.tag), ...spans.map(({ expression }) => evaluate(frame, expression))],
    ([tag, ...values], when) => {
      if (typeof tag === 'function') {
        return callReal(frame, {
          call: node,
          receiver: undefined,
          method: '',
          run: tag,
          args: [strings, ...values],
          when,
        })
      }
      return only(tag instanceof Lost ? tag : unknownResult(frame.check, node), when)
    },
    () => lose(frame, node),
  )
}

function evaluateObject(frame: Frame, node: ObjectLiteralExpression): Alternatives {
  const { check } = frame
  const names: Alternatives[] = []
  const values: Alternatives[] = []
  for (const property of node.properties) {
    if (ts.isPropertyAssignment(property)) {
      names.push(
        ts.isComputedPropertyName(property.name)
          ? evaluate(frame, property.name.expression)
          : only(textOf(property.name)),
      )
      values.push(evaluate(frame, property.initializer))
    } else if (ts.isShorthandPropertyAssignment(property)) {
      names.push(only(property.name.text))
      values.push(evaluateIdentifier(frame, property.name))
    } else if (ts.isSpreadAssignment(property)) {
      names.push(only(undefined))
      values.push(evaluate(frame, property.expression))
    } else {
      const closure = new Closure(property, frame.activation, undefined)
      check.pending.push(closure)
      names.push(only(textOf(property.name)))
      values.push(only(closure))
    }
  }
  return combine(
    [...names, ...values],
    (all, when) => {
      const made: Record<string, unknown> = {}
      for (let i = 0; i < names.length; i++) {
        const [name, value] = [all[i], all[names.length + i]]
        const at = node.properties[i] as Node
        if (name === undefined && ts.isSpreadAssignment(at))
          Object.assign(made, spreadOf(frame, value, at.expression))
        else made[nameText(frame, name, at)] = value
      }
      return only(made, when)
    },
    () => lose(frame, node),
  )
}

function textOf(name: Node): string {
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name)
    ? name.text
    : name.getText()
}

function nameText(frame: Frame, name: unknown, at: Node): string {
  return String(name instanceof Placeholder ? placeholderValue(frame.check, name, at) : name)
}

function spreadOf(frame: Frame, value: unknown, at: Node): object {
  if (isPlainObject(value)) return value
  if (!(value instanceof Placeholder)) return {}
  const made = placeholderValue(frame.check, value, at)
  return isPlainObject(made) ? made : {}
}

function evaluateConditional(frame: Frame, node: ConditionalExpression): Alternatives {
  return branched(frame, node.condition, (truth) => evaluate(frame, truth ? node.whenTrue : node.whenFalse))
}

/** What comes of a condition's branches, each under what it assumes. Values that make no difference are one. */
function branched(frame: Frame, condition: Expression, then: (truth: boolean) => Alternatives): Alternatives {
  const branches = branchesOf(frame, condition)
  const before = saveState(frame)
  const states: State[] = []
  const found: Alternative[] = []
  for (const { truth, when } of branches) {
    restoreState(frame, { ...before, path: when })
    found.push(...under(then(truth), when))
    states.push(saveState(frame))
  }
  mergeStates(frame, states, before.path)
  frame.path = before.path
  return withoutMereData(frame, found)
}

/** Of several values that only stand in a row or a comparison, one is enough. */
function withoutMereData(frame: Frame, found: readonly Alternative[]): Alternatives {
  const [first] = found
  if (first === undefined || found.length === 1) return found
  const kinds = new Set(found.map(({ value }) => dataKind(value)))
  if (kinds.size > 1 || kinds.has(undefined)) return found
  return [{ value: first.value, when: frame.path }]
}

function dataKind(value: unknown): string | undefined {
  if (value instanceof Placeholder) return value.isData ? 'placeholder' : undefined
  if (typeof value === 'number' || typeof value === 'bigint') return typeof value
  return undefined
}

const ARITHMETIC = new Set(['-', '*', '/', '%', '**', '|', '&', '^', '<<', '>>', '>>>'])
const COMPARISONS = new Set(['===', '!==', '==', '!=', '<', '>', '<=', '>=', 'in', 'instanceof'])

function evaluateBinary(frame: Frame, node: BinaryExpression): Alternatives {
  const operator = node.operatorToken.getText()
  switch (operator) {
    case '=':
    case '??=':
    case '||=':
    case '&&=':
    case '+=':
    case '-=':
      return assign(frame, node, operator)
    case ',':
      evaluate(frame, node.left)
      return evaluate(frame, node.right)
    case '&&':
      return evaluateShort(frame, node, (truth) => truth)
    case '||':
      return evaluateShort(frame, node, (truth) => !truth)
    case '??':
      return evaluateNullish(frame, node)
    default: {
      const right = evaluate(frame, node.right)
      return combine(
        [evaluate(frame, node.left), right],
        ([a, b], when) =>
          COMPARISONS.has(operator)
            ? under(compareValues(frame, operator, a, b), when)
            : only(calculate(frame, operator, a, b, node), when),
        () => {},
      )
    }
  }
}

/** `&&` and `||`: the right side only where the left one does not decide. */
function evaluateShort(
  frame: Frame,
  node: BinaryExpression,
  goesOn: (truth: boolean) => boolean,
): Alternatives {
  const left = evaluate(frame, node.left)
  return branched(frame, node.left, (truth) =>
    goesOn(truth) ? evaluate(frame, node.right) : possible(left, frame.path),
  )
}

function evaluateNullish(frame: Frame, node: BinaryExpression): Alternatives {
  const left = evaluate(frame, node.left)
  if (left.every(({ value }) => value !== undefined && value !== null && !(value instanceof Placeholder)))
    return left
  const before = saveState(frame)
  const right = evaluate(frame, node.right)
  mergeStates(frame, [before, saveState(frame)], before.path)
  const found = left.flatMap((one) =>
    one.value === undefined || one.value === null
      ? under(right, one.when)
      : one.value instanceof Placeholder &&
          right.some(({ value }) => !isConstant(value) && !(value instanceof Placeholder))
        ? [
            ...under([one], new Map([[`${one.value.key}==null`, false]])),
            ...under(right, new Map([[`${one.value.key}==null`, true]])),
          ]
        : [one],
  )
  return found
}

function calculate(frame: Frame, operator: string, a: unknown, b: unknown, node: Node): unknown {
  if (operator === '+' && (typeof a === 'string' || typeof b === 'string')) {
    const text = (value: unknown) =>
      value instanceof Placeholder ? placeholderValue(frame.check, value, node) : value
    return `${String(text(a))}${String(text(b))}`
  }
  if (typeof a === 'number' && typeof b === 'number') {
    if (operator === '+') return a + b
    if (operator === '-') return a - b
    if (operator === '*') return a * b
    if (operator === '/') return a / b
    if (operator === '%') return a % b
  }
  const typeOf = () =>
    ARITHMETIC.has(operator)
      ? frame.check.checker.getNumberType()
      : frame.check.checker.getTypeAtLocation(node)
  return new Placeholder(newKey(frame.check), typeOf, undefined, true)
}

function evaluatePrefix(
  frame: Frame,
  operator: number,
  node: Expression & { readonly operand: Expression },
): Alternatives {
  return evaluate(frame, node.operand).map(({ value, when }) => {
    if (value instanceof Lost || value === FOREIGN) return { value, when }
    if (operator === ts.SyntaxKind.ExclamationToken) {
      if (isConstant(value)) return { value: !value, when }
      if (!(value instanceof Placeholder)) return { value: false, when }
      const key = value.contraryOf ?? value.key
      const typeOf = () => frame.check.checker.getBooleanType()
      return {
        value:
          value.contraryOf === undefined
            ? new Placeholder(`!${key}`, typeOf, key, true)
            : new Placeholder(key, typeOf, undefined, true),
        when,
      }
    }
    if (operator === ts.SyntaxKind.MinusToken && (typeof value === 'number' || typeof value === 'bigint')) {
      return { value: -value, when }
    }
    return { value: unknownResult(frame.check, node), when }
  })
}

function evaluateNew(frame: Frame, node: NewExpression): Alternatives {
  const { check } = frame
  const args = evaluateArguments(frame, node.arguments ?? [])
  return evaluate(frame, node.expression)
    .flatMap(({ value: of, when }) => {
      if (of instanceof Lost || of === FOREIGN) return only(of, when)
      const schema = dialectSchema(of)
      if (schema !== undefined) return only(new KnownDialect(schema), when)
      if (of instanceof ProgramClass) return only(construct(frame, of, args), when)
      if (of === kysely.Kysely) return under(newKysely(frame, node, args), when)
      if (typeof of === 'function' && isPluginClass(of)) {
        return combine(
          args,
          (values, both) =>
            under(
              callReal(frame, {
                call: node,
                receiver: undefined,
                method: 'new',
                run: (...given: unknown[]) => Reflect.construct(of, given),
                args: values,
                when: both,
              }),
              when,
            ),
          () => {},
        )
      }
      return only(newOther(frame, node, args), when)
    })
    .map(({ value, when }) => ({ value: value ?? unknownResult(check, node), when }))
}

function isPluginClass(of: object): boolean {
  return Object.values(kysely).includes(of as never) && /Plugin$/.test((of as { name: string }).name)
}

/** An object that is none of ours. What is handed to it may be executed there. */
function newOther(frame: Frame, node: NewExpression, args: readonly Alternatives[]): unknown {
  const name = ts.isIdentifier(node.expression) ? node.expression.text : ''
  const values = args.map((alternatives) => alternatives[0]?.value)
  if (name === 'Date' && values.every(isConstant)) {
    return values.length === 0
      ? new Placeholder(newKey(frame.check), () => frame.check.checker.getTypeAtLocation(node))
      : Reflect.construct(Date, values)
  }
  if (name === 'Uint8Array' || name === 'Date') return unknownResult(frame.check, node)
  if (name === 'Set' && Array.isArray(values[0])) return values[0]
  for (const value of values) {
    if (value instanceof Closure) invokePerhaps(frame, value, node)
    for (const inside of [value, ...(isPlainObject(value) ? Object.values(value) : [])]) {
      if (kyselyFacts(inside) !== undefined) {
        frame.check.queries.lose(node, 'a Kysely is handed to a class outside of the program', node)
      }
    }
  }
  return unknownResult(frame.check, node)
}

/** `new Kysely({ dialect, plugins })`: ours, if the dialect is; else as its type says. */
function newKysely(frame: Frame, node: NewExpression, args: readonly Alternatives[]): Alternatives {
  const { check } = frame
  const given = args[0] ?? only(undefined)
  return given.flatMap(({ value: config, when }): Alternatives => {
    const dialect = isPlainObject(config) ? config.dialect : undefined
    const plugins = isPlainObject(config) ? (config.plugins ?? []) : []
    const byType = () => {
      const found = check.databases.kyselyOf(databaseArgument(frame, node), false)
      if (found.kind === 'foreign') return FOREIGN
      return found.kind === 'ours'
        ? found.kysely
        : new Lost('the defineDatabase that this type is of is not in the program', node)
    }
    const base =
      dialect instanceof KnownDialect
        ? plannedKysely({ schema: dialect.schema, plugins: [], inTransaction: false })
        : byType()
    const facts = kyselyFacts(base)
    if (facts === undefined) return only(base, when)
    if (!Array.isArray(plugins) || !plugins.every((plugin) => isReal(plugin))) {
      return only(new Lost('a plugin that is not one of Kysely’s may change its queries', node), when)
    }
    // What the type says of renamed columns, the plugins say themselves.
    return only(plannedKysely({ ...facts, plugins: plugins as kysely.KyselyPlugin[] }), when)
  })
}

function databaseArgument({ check }: Frame, node: NewExpression) {
  const [argument] = node.typeArguments ?? []
  if (argument !== undefined) return check.checker.getTypeFromTypeNode(argument)
  const type = check.checker.getTypeAtLocation(node)
  return check.checker.getTypeArguments(type as never)[0]
}

import type { BinaryExpression, Expression, Symbol as TsSymbol } from 'typescript'
import { type Alternatives, only, possible, under } from './alternatives.js'
import { newKey } from './check.js'
import { elementsOf, evaluate } from './evaluate.js'
import type { Activation, Frame } from './frame.js'
import { memberOf } from './member.js'
import { ts } from './typescript.js'
import { Instance, isPlainObject, Placeholder } from './values.js'

/** Follows an assignment to a variable, or to what is in one. */
export function assign(frame: Frame, node: BinaryExpression, operator: string): Alternatives {
  const right = evaluate(frame, node.right)
  if (operator === '+=' || operator === '-=') {
    const sum = only(
      new Placeholder(
        newKey(frame.check),
        () => frame.check.checker.getTypeAtLocation(node.left),
        undefined,
        true,
      ),
    )
    set(frame, node.left, sum)
    return sum
  }
  if (operator === '=') {
    set(frame, node.left, right)
    return right
  }
  const left = evaluate(frame, node.left)
  const kept = left.filter(({ value }) => value !== undefined && value !== null)
  // A placeholder for a Kysely is one already, and what is assigned to it is the same.
  const isKnown = right.some(({ value }) => !(value instanceof Placeholder))
  const value = [...kept.filter((one) => !(isKnown && one.value instanceof Placeholder)), ...right]
  set(frame, node.left, value)
  return value
}

/** Gives a variable, a field or an element another value. */
export function set(frame: Frame, target: Expression, value: Alternatives): void {
  if (ts.isIdentifier(target)) {
    const symbol = frame.check.checker.getSymbolAtLocation(target)
    if (symbol !== undefined) holderOf(frame, symbol).variables.set(symbol, under(value, frame.path))
    return
  }
  if (ts.isParenthesizedExpression(target) || ts.isNonNullExpression(target) || ts.isAsExpression(target)) {
    set(frame, target.expression, value)
    return
  }
  if (ts.isPropertyAccessExpression(target)) {
    setMember(frame, target.expression, target.name.text, value)
    return
  }
  if (ts.isElementAccessExpression(target)) {
    const [name] = evaluate(frame, target.argumentExpression)
    if (typeof name?.value === 'string' || typeof name?.value === 'number') {
      setMember(frame, target.expression, String(name.value), value)
    }
    return
  }
  if (ts.isArrayLiteralExpression(target) || ts.isObjectLiteralExpression(target))
    destructure(frame, target, value)
}

/** An object with another field is another object: whoever else held it is not seen to change. */
function setMember(frame: Frame, object: Expression, name: string, value: Alternatives): void {
  const wholes = evaluate(frame, object)
  if (wholes.every((whole) => whole.value instanceof Instance)) {
    for (const whole of wholes) (whole.value as Instance).fields.set(name, value)
    return
  }
  if (!ts.isIdentifier(object)) return
  set(
    frame,
    object,
    wholes.flatMap((whole) =>
      isPlainObject(whole.value)
        ? under(value, whole.when).map((one) => ({
            value: { ...(whole.value as object), [name]: one.value },
            when: one.when,
          }))
        : [whole],
    ),
  )
}

function destructure(frame: Frame, target: Expression, value: Alternatives): void {
  if (ts.isArrayLiteralExpression(target)) {
    target.elements.forEach((element, i) => {
      if (ts.isOmittedExpression(element)) return
      set(
        frame,
        element,
        value.map((one) => ({ ...one, value: elementsOf(frame, one.value)[i] })),
      )
    })
  } else if (ts.isObjectLiteralExpression(target)) {
    for (const property of target.properties) {
      if (!ts.isShorthandPropertyAssignment(property)) continue
      set(
        frame,
        property.name,
        value.flatMap((one) => memberOf(frame, one, property.name.text, property.name)),
      )
    }
  }
}

function holderOf(frame: Frame, symbol: TsSymbol): Activation {
  for (let scope: Activation | undefined = frame.activation; scope !== undefined; scope = scope.around) {
    if (scope.variables.has(symbol)) return scope
  }
  return frame.activation
}

/** What a variable holds now, to be changed: nothing if the expression is no variable. */
export function heldBy(frame: Frame, node: Expression): Alternatives | undefined {
  return ts.isIdentifier(node) ? possible(evaluate(frame, node), frame.path) : undefined
}

import { type Alternatives, only } from './alternatives.js'
import { newKey } from './check.js'
import type { Frame } from './frame.js'
import { hasPlaceholder, literalsOf } from './placeholder-value.js'
import { isConstant, Placeholder } from './values.js'

/** The key of the assumption which of its names a value is. */
export function nameKey({ key }: Placeholder): string {
  return `name of ${key}`
}

/** What a comparison gives: of constants its truth, of anything else a condition that is known again. */
export function compareValues(frame: Frame, operator: string, a: unknown, b: unknown): Alternatives {
  if ([a, b].some((side) => typeof side === 'string' && hasPlaceholder(side))) {
    return only(
      new Placeholder(
        `${String(a)}${operator}${String(b)}`,
        () => frame.check.checker.getBooleanType(),
        undefined,
        true,
      ),
    )
  }
  if (isConstant(a) && isConstant(b)) {
    const truth = compareConstants(operator, a, b)
    if (truth !== undefined) return only(truth)
  }
  const typeOf = () => frame.check.checker.getBooleanType()
  const condition = (key: string, isContrary = false) =>
    isContrary ? new Placeholder(`!${key}`, typeOf, key, true) : new Placeholder(key, typeOf, undefined, true)
  const isEquality = /^[!=]==?$/.test(operator)
  const [placeholder, constant] = a instanceof Placeholder ? [a, b] : [b, a]
  if (!isEquality || !(placeholder instanceof Placeholder)) return only(condition(newKey(frame.check)))
  const isContrary = operator.startsWith('!')
  if (constant === null || constant === undefined) {
    return only(condition(`${placeholder.key}==null`, isContrary))
  }
  if (constant instanceof Placeholder) {
    return only(condition(`${placeholder.key}===${constant.key}`, isContrary))
  }
  if (!isConstant(constant)) return only(condition(newKey(frame.check)))
  const names =
    typeof constant === 'string' && !placeholder.isData
      ? literalsOf(frame.check, placeholder.type)
      : undefined
  if (names === undefined || names.length < 2) {
    return only(condition(`${placeholder.key}===${typeof constant} ${String(constant)}`, isContrary))
  }
  return names.map((name) => ({
    value: (name === constant) !== isContrary,
    when: new Map([[nameKey(placeholder), name]]),
  }))
}

function compareConstants(operator: string, a: unknown, b: unknown): boolean | undefined {
  switch (operator) {
    case '===':
      return a === b
    case '!==':
      return a !== b
    case '==':
      return (a ?? null) === (b ?? null)
    case '!=':
      return (a ?? null) !== (b ?? null)
    case '<':
      return (a as number) < (b as number)
    case '>':
      return (a as number) > (b as number)
    case '<=':
      return (a as number) <= (b as number)
    case '>=':
      return (a as number) >= (b as number)
    default:
      return undefined
  }
}

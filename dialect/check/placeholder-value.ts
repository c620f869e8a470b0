import type { Node, Type, TypeReference } from 'typescript'
import type { Check } from './check.js'
import { FROM_OUTSIDE } from './not-followed.js'
import { ts } from './typescript.js'
import { FOREIGN, Lost, type Placeholder } from './values.js'

/** Stands in a text for what only the running program knows. No program has it in a name. */
const MARK = '⟦'

/** Where a value stands: bounds must be apart, so that the interval between two of them is not empty. */
export type Position = 'below' | 'between' | 'above'

/** So deep are objects made of their types. */
const DEEPEST = 4
/** So many names are tried, where a type says which a value may be. */
const MOST_NAMES = 12
/** Of Kysely's types, those that queries begin with. */
const KYSELY_TYPES = new Set([
  'Kysely',
  'Transaction',
  'ControlledTransaction',
  'QueryCreator',
  'ReadonlyKysely',
])

/** Whether a text holds what only the running program knows. */
export function hasPlaceholder(text: string): boolean {
  return text.includes(MARK)
}

/**
 * A value of a placeholder's type: the same for the same placeholder. Lists have two elements, so that what is written
 * for several is planned for several.
 */
export function placeholderValue(
  check: Check,
  placeholder: Placeholder,
  at: Node,
  position: Position = 'between',
): unknown {
  const key = position === 'between' ? placeholder.key : `${placeholder.key} ${position}`
  if (check.values.has(key)) return check.values.get(key)
  const value = make({ check, at, position }, placeholder.type, key, 0)
  check.values.set(key, value)
  return value
}

/** Kysely, if that is what a type is: ours, another's or one that cannot be told; else nothing. */
export function kyselyOfType(check: Check, given: Type, at: Node): unknown {
  const { checker } = check
  const resolved = checker.getNonNullableType(checker.getBaseConstraintOfType(given) ?? given)
  for (const type of resolved.isUnionOrIntersection() ? resolved.types : [resolved]) {
    const reference = kyselyReference(check, type)
    if (reference !== undefined) {
      const [database] = checker.getTypeArguments(reference)
      const inTransaction = (reference.symbol?.name ?? '').endsWith('Transaction')
      const found = check.databases.kyselyOf(database, inTransaction)
      if (found.kind === 'ours') return found.kysely
      if (found.kind === 'foreign') return FOREIGN
      return new Lost('the defineDatabase that this type is of is not in the program', at)
    }
    if (isBuilder(type)) return new Lost(FROM_OUTSIDE, at)
  }
  return undefined
}

/** Whether a type is one of Kysely's builders or expressions. */
export function isBuilder(type: Type): boolean {
  return type.getProperty('toOperationNode') !== undefined
}

/** A type's reference to one of {@link KYSELY_TYPES}, perhaps as what it extends. */
function kyselyReference({ checker }: Check, type: Type): TypeReference | undefined {
  if (!(type.flags & ts.TypeFlags.Object) || type.symbol === undefined) return undefined
  if (KYSELY_TYPES.has(type.symbol.name) && type.getProperty('selectFrom') !== undefined)
    return type as TypeReference
  if (!type.isClassOrInterface()) return undefined
  for (const base of checker.getBaseTypes(type)) {
    const reference = kyselyReference({ checker } as Check, base)
    if (reference !== undefined) return reference
  }
  return undefined
}

/** The texts that a type lists, if it lists nothing else. */
export function literalsOf({ checker }: Check, type: Type): string[] | undefined {
  const resolved = checker.getBaseConstraintOfType(type) ?? type
  const members = (resolved.isUnion() ? resolved.types : [resolved]).filter((member) => !isNothing(member))
  if (members.length === 0 || members.length > MOST_NAMES) return undefined
  const texts = members.map((member) => (member.isStringLiteral() ? member.value : undefined))
  return texts.every((text) => text !== undefined) ? (texts as string[]) : undefined
}

/** A branded text is a text. */
const PRIMITIVE = () =>
  ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike | ts.TypeFlags.BooleanLike

interface Making {
  readonly check: Check
  readonly at: Node
  readonly position: Position
}

function make(making: Making, given: Type, key: string, depth: number): unknown {
  const { check, at } = making
  const { checker } = check
  const constrained = checker.getBaseConstraintOfType(given) ?? given
  const type = constrained.isUnion()
    ? (constrained.types.find((member) => !isNothing(member)) ?? constrained)
    : constrained.isIntersection()
      ? (constrained.types.find(({ flags }) => flags & PRIMITIVE()) ?? constrained)
      : constrained
  const { flags } = type
  if (type.isStringLiteral() || type.isNumberLiteral()) return type.value
  if (flags & ts.TypeFlags.BigIntLiteral) return literalBigint(type)
  if (flags & ts.TypeFlags.BooleanLike) return true
  if (flags & ts.TypeFlags.Null) return null
  if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void | ts.TypeFlags.Never)) return undefined
  if (flags & ts.TypeFlags.NumberLike) return scalar(making, (n) => n)
  if (flags & ts.TypeFlags.BigIntLike) return scalar(making, BigInt)
  if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.StringLike)) return text(making)
  const kysely = kyselyOfType(check, type, at)
  if (kysely !== undefined) return kysely
  if (flags & ts.TypeFlags.NonPrimitive) return {}
  const name = type.symbol?.name
  if (name === 'Date') return new Date(Date.UTC(2000, 0, 1) + scalar(making, (n) => n * 4_000))
  if (name === 'Uint8Array' || name === 'ArrayBuffer') return new TextEncoder().encode(text(making))
  if (checker.isTupleType(type)) {
    return checker
      .getTypeArguments(type as TypeReference)
      .map((element, i) => make(making, element, `${key}[${i}]`, depth + 1))
  }
  const element = checker.getIndexTypeOfType(type, ts.IndexKind.Number)
  if (element !== undefined) return [0, 1].map((i) => make(making, element, `${key}[${i}]`, depth + 1))
  if (type.getCallSignatures().length > 0)
    return new Lost('a function that comes from outside of the program', at)
  return record(making, type, key, depth)
}

function record(making: Making, type: Type, key: string, depth: number): Record<string, unknown> {
  const { checker } = making.check
  const made: Record<string, unknown> = {}
  if (depth >= DEEPEST) return made
  for (const property of type.getProperties()) {
    const propertyType = checker.getTypeOfSymbolAtLocation(property, making.at)
    if (propertyType.getCallSignatures().length > 0 || isNothing(propertyType)) continue
    made[property.name] = make(making, propertyType, `${key}.${property.name}`, depth + 1)
  }
  const others = checker.getIndexTypeOfType(type, ts.IndexKind.String)
  if (others !== undefined) made[text(making)] = make(making, others, `${key}[]`, depth + 1)
  return made
}

function isNothing({ flags }: Type): boolean {
  return (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null | ts.TypeFlags.Void | ts.TypeFlags.Never)) !== 0
}

function literalBigint(type: Type): bigint {
  const { negative, base10Value } = (type as unknown as { value: { negative: boolean; base10Value: string } })
    .value
  return negative ? -BigInt(base10Value) : BigInt(base10Value)
}

/** Far below, or above, of what programs compare with. */
function scalar<T>({ check, position }: Making, from: (n: number) => T): T {
  const far = { below: -1_000_000_000, between: 0, above: 1_000_000_000 }[position]
  return from(far + ++check.made)
}

function text({ check, position }: Making): string {
  return `${{ below: '\u0001', between: '', above: '\u{10fffd}' }[position]}${MARK}${++check.made}⟧`
}

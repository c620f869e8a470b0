import { TypeMismatchError } from '../errors.js'
import { describe } from '../expressions/describe.js'
import { encodeKey, type KeyPart, whyNotAKeyPart } from '../keys/key-codec.js'
import type { Value } from '../values/value.js'
import type { Aggregate, AggregateState } from './aggregation.js'
import { addExactly, roundSum } from './exact-sum.js'
import { isNull, orderValues } from './order-values.js'

/** One aggregate of one group, while items and partial results are added to it. */
export interface Accumulator {
  /** @throws {TypeMismatchError} for a value that the aggregate does not take. */
  add(value: Value): void
  merge(state: AggregateState): void
  readonly state: AggregateState
  readonly result: Value
  /** How many values it holds. */
  readonly size: number
}

/** A new one for an aggregate, to which nothing was added. */
export function accumulatorFor({ function: name, distinct, operand }: Aggregate): Accumulator {
  switch (name) {
    case 'count':
      return distinct === true ? new DistinctCounter() : new Counter(operand === undefined)
    case 'sum':
    case 'avg':
      return new Summation(name)
    case 'min':
    case 'max':
      return new Extreme(name)
    default:
      // From a newer version: what is not understood is refused.
      name satisfies never
      throw new TypeMismatchError(`there is no aggregate ${String(name)}`)
  }
}

/** What a state says that belongs to the accumulator: anything else comes from nowhere. */
function stateOf<K extends AggregateState['kind']>(
  state: AggregateState,
  kind: K,
): AggregateState & { readonly kind: K } {
  if (state.kind === kind) return state as AggregateState & { readonly kind: K }
  throw new TypeMismatchError(`a ${state.kind} is merged with a ${kind}`)
}

class Counter implements Accumulator {
  readonly #all: boolean
  #count = 0
  readonly size = 1

  /** @param all whether nulls count too. */
  constructor(all: boolean) {
    this.#all = all
  }

  add(value: Value): void {
    if (this.#all || !isNull(value)) this.#count++
  }

  merge(state: AggregateState): void {
    this.#count += stateOf(state, 'count').count
  }

  get state(): AggregateState {
    return { kind: 'count', count: this.#count }
  }

  get result(): Value {
    return this.#count
  }
}

class DistinctCounter implements Accumulator {
  readonly #values = new Map<string, KeyPart>()

  add(value: Value): void {
    if (isNull(value)) return
    const reason = whyNotAKeyPart(value)
    if (reason !== undefined) throw new TypeMismatchError(`count distinct takes values of keys: ${reason}`)
    const part = value as KeyPart
    this.#values.set(encodeKey([part]).join(), part)
  }

  merge(state: AggregateState): void {
    for (const value of stateOf(state, 'distinct').values) this.add(value)
  }

  get state(): AggregateState {
    return { kind: 'distinct', values: [...this.#values.values()] }
  }

  get result(): Value {
    return this.#values.size
  }

  get size(): number {
    return this.#values.size
  }
}

/** So many numbers below this as anybody can count are not beyond all numbers together. */
const LARGE = 2 ** 960
/** What larger ones are divided by, which costs them nothing. */
const SCALE = 2 ** 128

class Summation implements Accumulator {
  readonly #of: 'sum' | 'avg'
  readonly #parts: number[] = []
  readonly #large: number[] = []
  #count = 0
  #infinite = 0
  #whole = true
  #bigints: bigint | null = null
  readonly size = 1

  constructor(of: 'sum' | 'avg') {
    this.#of = of
  }

  add(value: Value): void {
    if (isNull(value)) return
    if (typeof value === 'bigint') {
      this.#bigints = (this.#bigints ?? 0n) + value
    } else {
      const number = typeof value === 'boolean' ? Number(value) : value
      if (typeof number !== 'number') {
        throw new TypeMismatchError(`${this.#of} takes numbers, not ${describe(value)}`)
      }
      this.#whole &&= Number.isInteger(number)
      this.#addNumber(number)
    }
    this.#count++
  }

  merge(state: AggregateState): void {
    const { count, parts, large, infinite, whole, bigints } = stateOf(state, 'sum')
    this.#count += count
    this.#infinite += infinite
    this.#whole &&= whole
    if (bigints !== null) this.#bigints = (this.#bigints ?? 0n) + bigints
    for (const part of parts) addExactly(this.#parts, part)
    for (const part of large) addExactly(this.#large, part)
  }

  get state(): AggregateState {
    return {
      kind: 'sum',
      count: this.#count,
      parts: [...this.#parts],
      large: [...this.#large],
      infinite: this.#infinite,
      whole: this.#whole,
      bigints: this.#bigints,
    }
  }

  get result(): Value {
    if (this.#count === 0) return null
    const bigints = this.#bigints
    if (this.#of === 'avg') return numberOrNull((this.#numbers + Number(bigints ?? 0n)) / this.#count)
    if (bigints === null) return numberOrNull(this.#numbers)
    // As a bigint and a number add: exactly, if the number is whole.
    if (!this.#whole || this.#infinite !== 0) return numberOrNull(this.#numbers + Number(bigints))
    const large = this.#large.reduce((sum, part) => sum + BigInt(part) * BigInt(SCALE), bigints)
    return this.#parts.reduce((sum, part) => sum + BigInt(part), large)
  }

  get #numbers(): number {
    if (this.#infinite !== 0) return this.#infinite
    if (this.#large.every((part) => part === 0)) return roundSum(this.#parts)
    const all = [...this.#large]
    for (const part of this.#parts) addExactly(all, part / SCALE)
    return roundSum(all) * SCALE
  }

  #addNumber(number: number): void {
    if (!Number.isFinite(number)) this.#infinite += number
    else if (Math.abs(number) < LARGE) addExactly(this.#parts, number)
    else addExactly(this.#large, number / SCALE)
  }
}

class Extreme implements Accumulator {
  readonly #of: 'min' | 'max'
  #value: Value = null
  readonly size = 1

  constructor(of: 'min' | 'max') {
    this.#of = of
  }

  add(value: Value): void {
    if (isNull(value)) return
    // Also the first one must be a value that has an order.
    const order = orderValues(value, isNull(this.#value) ? value : this.#value)
    const better = this.#of === 'min' ? order < 0 : order > 0
    if (isNull(this.#value) || better) this.#value = value
  }

  merge(state: AggregateState): void {
    this.add(stateOf(state, 'extreme').value)
  }

  get state(): AggregateState {
    return { kind: 'extreme', value: this.#value }
  }

  get result(): Value {
    return this.#value
  }
}

/** NaN is SQL's null. */
function numberOrNull(number: number): number | null {
  return Number.isNaN(number) ? null : number
}

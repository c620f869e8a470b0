import { TypeMismatchError } from '../errors.js'
import { evaluate, holds } from '../expressions/evaluate.js'
import { compareBytes } from '../keys/compare-bytes.js'
import { encodeKey, type KeyPart, whyNotAKeyPart } from '../keys/key-codec.js'
import type { Item, Value } from '../values/value.js'
import { type Accumulator, accumulatorFor } from './accumulators.js'
import type { Aggregation, PartialGroup } from './aggregation.js'
import { isNull } from './order-values.js'

interface Group {
  readonly values: readonly Value[]
  /** The values as bytes, which say how groups are ordered; null comes before every value. */
  readonly key: Uint8Array
  readonly accumulators: readonly Accumulator[]
}

/** Groups of items, as far as they were added: in a partition from its items, in a client from what partitions have. */
export class Groups {
  readonly #aggregation: Aggregation
  readonly #groups = new Map<string, Group>()

  constructor(aggregation: Aggregation) {
    this.#aggregation = aggregation
    if (aggregation.groups.length === 0) this.#groupOf([])
  }

  /** @throws {TypeMismatchError} for a value that an aggregate does not take, or that cannot name a group. */
  add(item: Item): void {
    const operands = { item }
    const { groups, aggregates } = this.#aggregation
    const { accumulators } = this.#groupOf(groups.map(({ value }) => evaluate(value, operands)))
    aggregates.forEach(({ operand, filter }, i) => {
      if (!holds(filter, operands)) return
      accumulators[i]?.add(operand === undefined ? null : evaluate(operand, operands))
    })
  }

  /** Adds what was computed elsewhere, of other items. */
  merge(partials: readonly PartialGroup[]): void {
    for (const { values, states } of partials) {
      const { accumulators } = this.#groupOf(values)
      accumulators.forEach((accumulator, i) => {
        const state = states[i]
        if (state !== undefined) accumulator.merge(state)
      })
    }
  }

  /** What can be merged into others. */
  partials(): PartialGroup[] {
    return [...this.#groups.values()].map(({ values, accumulators }) => ({
      values,
      states: accumulators.map(({ state }) => state),
    }))
  }

  /** How many values are held. */
  get size(): number {
    let size = 0
    for (const { accumulators } of this.#groups.values()) {
      size += accumulators.reduce((sum, accumulator) => sum + accumulator.size, 1)
    }
    return size
  }

  /** Each group as its columns and results, in the order of the groups' values. */
  rows(): Item[] {
    const { groups, aggregates } = this.#aggregation
    return [...this.#groups.values()]
      .sort((left, right) => compareBytes(left.key, right.key))
      .map(({ values, accumulators }) => {
        // Without a prototype, so that a column of any name is a column.
        const row: Record<string, Value> = Object.create(null)
        groups.forEach(({ name }, i) => {
          row[name] = values[i]
        })
        aggregates.forEach(({ name }, i) => {
          row[name] = accumulators[i]?.result
        })
        return row
      })
  }

  #groupOf(values: readonly Value[]): Group {
    const key = encodeKey(values.flatMap(groupParts))
    const text = key.join()
    const known = this.#groups.get(text)
    if (known !== undefined) return known
    const group = { values, key, accumulators: this.#aggregation.aggregates.map(accumulatorFor) }
    this.#groups.set(text, group)
    return group
  }
}

/** A null is told from every value, and comes before it. */
function groupParts(value: Value): KeyPart[] {
  if (isNull(value)) return [false]
  const reason = whyNotAKeyPart(value)
  if (reason !== undefined) throw new TypeMismatchError(`groups are named by values of keys: ${reason}`)
  return [true, value as KeyPart]
}

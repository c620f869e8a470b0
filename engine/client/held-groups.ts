import type { PartialGroup } from '../aggregates/aggregation.js'
import { Groups } from '../aggregates/groups.js'
import { LimitError } from '../errors.js'

/** Values of groups that one statement holds: each group counts, and each value that is counted once. */
const MAX_HELD_VALUES = 100_000
/** How many items are added between two looks at how many values there are. */
const LOOK_EVERY = 1_000

/** Groups that grow while pages come in, up to a limit. */
export class HeldGroups extends Groups {
  #added = 0

  /** @throws {LimitError} when the groups are too many. */
  override merge(partials: readonly PartialGroup[]): void {
    super.merge(partials)
    this.#checkSize()
  }

  /** @throws {LimitError} when the groups are too many. */
  override add(...added: Parameters<Groups['add']>): void {
    super.add(...added)
    if (++this.#added % LOOK_EVERY === 0) this.#checkSize()
  }

  #checkSize(): void {
    const { size } = this
    if (size <= MAX_HELD_VALUES) return
    throw new LimitError(
      `a statement holds at most ${MAX_HELD_VALUES} groups and different values: aggregate a narrower interval, or ` +
        'group by fewer columns',
      { limit: MAX_HELD_VALUES, size },
    )
  }
}

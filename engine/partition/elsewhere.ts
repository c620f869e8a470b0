import type { PartitionOperation, Route } from '../operations.js'

/** Thrown out of a section: what is asked for is not served here. */
export class Elsewhere {
  /** What is to be passed on. */
  readonly operation: PartitionOperation
  /** Who is next: all of them, if there are several. */
  readonly next: readonly Route[]
  /** Whether it is to be waited for, because it is on its way here. */
  readonly arriving: boolean

  constructor(operation: PartitionOperation, next: readonly Route[], arriving: boolean) {
    this.operation = operation
    this.next = next
    this.arriving = arriving
  }
}

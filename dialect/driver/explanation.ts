import type { KeyPart } from '../../engine/keys/key-codec.js'
import type { Change } from '../../engine/operations.js'

/** Some columns of a key, with their values. */
export interface KeyColumns {
  readonly [column: string]: KeyPart
}

/** What `.explain()` answers: one for each operation that would be sent, or one that says that nothing would. */
export interface Explanation {
  /**
   * - `get`, `batch get`: rows by their whole keys.
   * - `query`: the rows of one interval, in pages.
   * - `aggregate`: what is computed of the rows of one interval, in parts.
   * - `alter`: the rows of one interval that pass are found, and changed in a transaction.
   * - `write`: changes in one partition. In a `transaction`, those of each of several.
   * - `nothing`: the conditions can never hold.
   */
  readonly operation:
    | 'get'
    | 'batch get'
    | 'query'
    | 'aggregate'
    | 'alter'
    | 'write'
    | 'transaction'
    | 'nothing'
  readonly table: string
  /** Of writes. */
  readonly change?: Change['kind']
  /** Of gets and writes: whole keys. */
  readonly keys?: readonly KeyColumns[]
  /** Of an interval. */
  readonly hashKey?: KeyColumns
  /** Of an interval: its rows have sort keys from this one on, it included. */
  readonly from?: KeyColumns
  /** Of an interval: its rows have sort keys behind this one and all that start with it. */
  readonly after?: KeyColumns
  /** Of an interval: its rows have sort keys up to this one, it and all that start with it included. */
  readonly to?: KeyColumns
  /** Of an interval: its rows have sort keys before this one. */
  readonly before?: KeyColumns
  /** Of reads of several rows, whatever number of operations that takes: the columns, as in an `order by`. */
  readonly order?: string
  readonly limit?: number
  /** How many of what passes is read and not answered. */
  readonly offset?: number
  /** Of an aggregate: the columns that tell groups apart. */
  readonly groups?: string
  /** Whether there are conditions that the partition asks of each row, beside the key. */
  readonly filtered?: boolean
  /** The partition that would serve it; of an interval, the one to begin with. */
  readonly partition?: string
  /** How often the request would be passed on until it is there. */
  readonly hops?: number
}

/*
 * What happened, as the clients saw it: the judge's only evidence. It is plain data about reads and writes of
 * versions, and knows nothing of how they were made, so that a history can be written by hand too.
 */

/** A row's name, ordered as text: `hash key/sort key`. */
export type Key = string

/** Versions of one key are ordered as numbers; 0 is the absence before any write. */
export type VersionNumber = number

/** What a read saw of one key. */
export interface Observation {
  readonly key: Key
  /** `absent` when there was no row: before the first write, or after some delete. */
  readonly version: VersionNumber | 'absent'
}

/** What a read saw of all keys with `from <= key < to`: those that are not listed were absent. */
export interface RangeObservation {
  readonly from: Key
  readonly to: Key
  readonly rows: readonly { readonly key: Key; readonly version: VersionNumber }[]
}

/** What a transaction wrote to one key. Of several writes to one key, in order, the last is what it installs. */
export interface Installed {
  readonly key: Key
  readonly version: VersionNumber
  readonly deletes?: boolean
}

/** One transaction; a plain operation is one of its own. What it did, it claims to have done in one moment. */
export interface Transaction {
  /** Unique. */
  readonly id: number
  readonly client: number
  /** When it was called, and when its answer came: places in one total order of all calls and answers. */
  readonly called: number
  /** `undefined`: no answer ever came. */
  readonly answered: number | undefined
  /**
   * - `done`: it was acknowledged.
   * - `refused`: it was reported as certainly not having happened.
   * - `unknown`: nobody said. It may have happened at any time since the call, or never. It lists all writes
   *   that it would have made whose versions came to light; if none of them was ever seen, it does not count.
   */
  readonly outcome: 'done' | 'refused' | 'unknown'
  readonly reads?: readonly Observation[]
  readonly ranges?: readonly RangeObservation[]
  readonly writes?: readonly Installed[]
  /** Keys that it deleted, or would have, at versions that never came to light: an absence shows none. */
  readonly deletesUnseen?: readonly Key[]
}

export type History = readonly Transaction[]

/** The names that the literature has for what went wrong. */
export type AnomalyName =
  // A. Adya, "Weak Consistency: A Generalized Theory and Optimistic Implementations for Distributed
  // Transactions", 1999; K. Kingsbury and P. Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
  // Observations", 2020.
  | 'G0 (dirty write)'
  | 'G1a (aborted read)'
  | 'G1b (intermediate read)'
  | 'G1c (circular information flow)'
  | 'G-single (read skew)'
  | 'G2-item (write skew)'
  | 'G2 (phantom)'
  | 'lost update'
  | 'stale read'
  | 'real-time violation'
  // What only a store that names its versions can show.
  | 'lost write'
  | 'duplicate write'
  | 'version reuse'
  | 'version order violation'
  | 'fractured write'
  | 'not linearizable'
  | 'wrong total'
  | 'broken storage'
  // A row that a partition showed though it had ended by its clock, or that is stored still.
  | 'expired row'
  // What does not come back when nothing is wrong any more.
  | 'unavailable'
  // What a client is answered then that is not what is stored, and how many partitions it is sent to for it.
  | 'wrong answer'
  | 'detour'

export interface Anomaly {
  readonly name: AnomalyName
  /** What was seen, in a sentence. */
  readonly description: string
  /** The transactions that show it, in the order in which the description needs them. */
  readonly transactions: readonly number[]
  readonly keys: readonly Key[]
}

/**
 * How much is done in one go: little enough that nobody waits long for it, and that it fits into a message; much
 * enough that it comes to an end. All are counts of rows.
 */
export interface Pace {
  /** Looked at for one page of a copy. */
  readonly copied: number
  /** Changes in one answer. */
  readonly caughtUp: number
  /** Changes left behind, from which on a target asks for the hand-over. */
  readonly few: number
  /** Changes that are given with the keys, in the section that gives them away. */
  readonly handedOver: number
  /** Changes that a target has not got yet, from which on writes are slowed down. */
  readonly many: number
  /** Deleted in one section. */
  readonly deleted: number
  /** Looked at in one section to find what divides a partition. */
  readonly surveyed: number
  /** Writes after which a partition's size is looked at. */
  readonly writes: number
}

export const DEFAULT_PACE: Pace = {
  copied: 1_000,
  caughtUp: 500,
  few: 200,
  handedOver: 1_000,
  many: 2_000,
  deleted: 300,
  surveyed: 2_000,
  writes: 16,
}

/** When a page ends though more of its interval is left: a partition serves nobody else meanwhile. */
export interface PageLimits {
  /** Items that it looks into, whether they pass the filter or not. */
  readonly items: number
  /** Items whose keys and versions are enough: nothing is decoded. */
  readonly counted: number
  /** Values that the groups of its answer hold. */
  readonly values: number
  /** After how many items it looks how many values there are. */
  readonly lookEvery: number
}

export const DEFAULT_PAGES: PageLimits = {
  items: 5_000,
  counted: 50_000,
  values: 10_000,
  lookEvery: 250,
}

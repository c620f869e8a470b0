import { type MeasuredDatabase, NEVER } from './database.js'
import type { HeatLoad } from './heat-load.js'
import type { RangeGrowth } from './range-growth.js'
import type { SpreadLoad } from './spread-load.js'

/** How much is measured: all of it, a tenth, or what a test has time for. */
export type Size = 'full' | 'quick' | 'test'

/** What is measured. */
export interface Plan {
  /** A little of everything, so that code is warm when it counts. */
  readonly warmUp: SpreadLoad
  /** The same load as `spread`, where nothing splits. */
  readonly still: SpreadLoad
  /** Each run has a database of its own. */
  spread(run: number): SpreadLoad
  readonly ranges: readonly RangeGrowth[]
  readonly heat: HeatLoad
}

const MB = 1_000_000

const SIZES = {
  full: { spread: 400, range: 200, at: 16, roots: 4, probes: 32, seconds: 150, sustainedFor: 10_000 },
  quick: { spread: 40, range: 20, at: 2, roots: 2, probes: 24, seconds: 40, sustainedFor: 3_000 },
  test: { spread: 12, range: 6, at: 1, roots: 2, probes: 12, seconds: 10, sustainedFor: 1_000 },
} as const

/** Of a row, in the mean. */
const ROW_BYTES = 8_000

export function planMeasurements(size: Size): Plan {
  const { spread, range, at, roots, probes, seconds, sustainedFor } = SIZES[size]
  const splits = { roots, fanout: 4, bytes: at * MB, ...NO_HEAT }
  const load = { kind: 'spread', rowBytes: ROW_BYTES, probes } as const
  return {
    warmUp: { ...load, database: { ...splits, title: 'warm', bytes: MB }, bytes: 4 * MB },
    still: {
      ...load,
      database: { ...splits, title: 'still', bytes: NEVER.bytes },
      bytes: spread * MB,
    },
    spread: (run) => ({ ...load, database: { ...splits, title: `spread${run}` }, bytes: spread * MB }),
    ranges: (['ascending', 'random'] as const).map((order) => ({
      kind: 'range',
      database: { ...splits, title: order },
      bytes: range * MB,
      rowBytes: ROW_BYTES,
      order,
    })),
    heat: {
      kind: 'heat',
      // A call has its partition for so long that it can serve about 200 a second, and less than a third is much.
      database: { ...splits, ...HEAT, title: 'heat', bytes: NEVER.bytes, sustainedFor },
      clients: 48,
      seconds,
    },
  }
}

const NO_HEAT = { requestsPerSecond: NEVER.requestsPerSecond, sustainedFor: 10_000, holds: 0 } as const

const HEAT = { requestsPerSecond: 60, holds: 5 } as const satisfies Partial<MeasuredDatabase>

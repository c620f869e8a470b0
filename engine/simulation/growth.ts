import { DEFAULT_PAGES, type PageLimits } from '../partition/page-limits.js'
import type { PartitionSettings } from '../partition/partition.js'
import type { Pace } from '../partition/transfer/pace.js'
import type { Millis } from '../ports.js'
import { DEFAULT_SETTINGS, type EngineSettings, type Limits, type SplitAt } from '../settings.js'
import type { SeededRandom } from './seeded-random.js'

/** When the partitions of a run split: at sizes and loads that a few rows and clients come to. */
export interface Growth {
  readonly roots: number
  readonly fanout: number
  readonly splitAt: SplitAt
  /** For how long there must be as many requests as `splitAt` says. */
  readonly sustainedFor: Millis
}

/** More than any run comes to. */
const NEVER = 1_000_000_000

/** Decides from a seed when partitions split. @param always whether they must, sooner or later. */
export function planGrowth(random: SeededRandom, always: boolean): Growth | undefined {
  if (!always && random.chance(0.5)) return undefined
  const byBytes = random.chance(0.85)
  const byHeat = !byBytes || random.chance(0.3)
  return {
    roots: random.integer(1, 3),
    fanout: random.integer(2, 3),
    splitAt: {
      bytes: byBytes ? Math.round(200 * 15 ** random.fraction()) : NEVER,
      requestsPerSecond: byHeat ? random.integer(3, 20) : NEVER,
      hashKeyShare: random.pick([0.2, 0.5, 0.5, 0.7, 1]),
    },
    sustainedFor: random.integer(1_000, 2_000),
  }
}

/** What an instance is set to: when it splits may be changed at any time. */
export function partitionSettings(
  growth: Growth | undefined,
  limits: Limits,
  random: SeededRandom,
): PartitionSettings {
  const pages = randomPages(random.fork('pages'))
  if (growth === undefined) return { limits, splitAt: DEFAULT_SETTINGS.splitAt, pages }
  const { splitAt, sustainedFor } = growth
  const bytes = random.chance(0.1) ? Math.round(splitAt.bytes * random.between(0.5, 2)) : splitAt.bytes
  return { limits, splitAt: { ...splitAt, bytes }, sustainedFor, pace: randomPace(random), pages }
}

/** What a run's clients declare. */
export function settingsOf(growth: Growth | undefined, limits: Limits): EngineSettings {
  if (growth === undefined) return { ...DEFAULT_SETTINGS, roots: 3, limits }
  const { roots, fanout, splitAt } = growth
  return { roots, fanout, limits, splitAt }
}

/** Little at a time, so that everything takes several steps; or all at once. */
function randomPace(random: SeededRandom): Pace {
  const some = () => (random.chance(0.2) ? 1_000 : random.integer(1, 5))
  return {
    copied: some(),
    caughtUp: some(),
    few: random.integer(0, 3),
    handedOver: random.integer(1, 4),
    many: random.pick([5, 20, 1_000]),
    deleted: some(),
    surveyed: random.pick([3, 1_000]),
    writes: random.integer(1, 3),
  }
}

/** In some instances so short that a statement over few rows takes several. */
function randomPages(random: SeededRandom): PageLimits {
  if (random.chance(0.7)) return DEFAULT_PAGES
  return {
    items: random.integer(1, 8),
    counted: random.integer(2, 12),
    values: random.pick([6, 15, 10_000]),
    lookEvery: random.integer(1, 3),
  }
}

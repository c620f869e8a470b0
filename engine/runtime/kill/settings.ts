import { resolveSettings } from '../../settings.js'

export const DATABASE = 'killed'

/** Partitions split so early that a run sees every kind of split many times. */
export const SETTINGS = resolveSettings({
  roots: 2,
  fanout: 2,
  // Empty tables take about half of it.
  splitAt: { bytes: 100_000, hashKeyShare: 0.6 },
})

/** What the data is written with; nothing of it may ever be another. */
export const PINNED = { roots: SETTINGS.roots, fanout: SETTINGS.fanout }

/** The same, and partitions never split. */
export const WITHOUT_GROWTH = resolveSettings(PINNED)

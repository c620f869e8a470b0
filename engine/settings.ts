import { ConfigurationError } from './errors.js'
import type { PinnedSettings } from './operations.js'

/** Sizes in bytes as stored: keys encoded, items as JSON text in UTF-8. */
export interface Limits {
  /** Of one item. Default 500,000, at most 1,000,000: a SQLite row here has at most 2 MB, keys included. */
  readonly itemBytes: number
  /** Of one hash key. Default 2,048, at most 16,384. */
  readonly hashKeyBytes: number
  /** Of one sort key, the table's name included. Always 1,024. */
  readonly sortKeyBytes: number
  /**
   * Of a partition's database: above it, what would make it larger is refused. A partition splits long before that,
   * unless it cannot. Default 9,500,000,000, at most 10,000,000,000, which is what a Durable Object holds.
   */
  readonly partitionBytes: number
}

/** When a partition splits. May be changed at any time: what is larger then, splits then. */
export interface SplitAt {
  /** Bytes that its database takes. Default 500,000,000; 10,000 to 1,000,000,000. */
  readonly bytes: number
  /** Requests a second, for ten seconds. Default 700; at least 1. */
  readonly requestsPerSecond: number
  /**
   * One hash key that has more than this share of the bytes, or of the requests, of a partition that would split
   * gets range partitions of its own instead. Default 0.5; from 0.1 to 1.
   */
  readonly hashKeyShare: number
}

/** All settings of a database, with the defaults filled in. */
export interface EngineSettings extends PinnedSettings {
  readonly limits: Limits
  readonly splitAt: SplitAt
}

/** What may be set; the rest is as in {@link DEFAULT_SETTINGS}. */
export interface SettingsOptions {
  /** Hash partitions from the start, 1 to 4,096. Can never change once data is written. Default 16. */
  readonly roots?: number
  /** Children of a hash partition that splits, 2 to 64. Can never change once data is written. Default 4. */
  readonly fanout?: number
  /** Bytes of an item, of a hash key, of a partition. They may be raised later; the Durable Objects check them. */
  readonly limits?: Partial<Pick<Limits, 'itemBytes' | 'hashKeyBytes' | 'partitionBytes'>>
  /** When a partition splits. Of the Durable Objects alone; it may be changed at any time. */
  readonly splitAt?: Partial<SplitAt>
}

/** What one statement may change at most: a partition serves nobody else while it runs. */
export const MAX_CHANGES = 1_000
/** Bytes of the items that one statement writes, together. */
export const MAX_STATEMENT_BYTES = 4_000_000

/** How many items one transaction changes at most. */
export const MAX_TRANSACTION_ITEMS = 100
/** Bytes of the items that one transaction writes, together. */
export const MAX_TRANSACTION_BYTES = 4_000_000

export const DEFAULT_SETTINGS: EngineSettings = {
  roots: 16,
  fanout: 4,
  limits: { itemBytes: 500_000, hashKeyBytes: 2_048, sortKeyBytes: 1_024, partitionBytes: 9_500_000_000 },
  splitAt: { bytes: 500_000_000, requestsPerSecond: 700, hashKeyShare: 0.5 },
}

/** The names of the options that {@link resolveSettings} takes. */
export const SETTINGS_OPTIONS = ['roots', 'fanout', 'limits', 'splitAt'] as const

/** @throws {ConfigurationError} for an unknown option or a value out of its bounds. */
export function resolveSettings(options: SettingsOptions = {}): EngineSettings {
  const limits = options.limits ?? {}
  refuseUnknownOptions('limits', limits, ['itemBytes', 'hashKeyBytes', 'partitionBytes'])
  const { splitAt = {} } = options
  refuseUnknownOptions('splitAt', splitAt, ['bytes', 'requestsPerSecond', 'hashKeyShare'])
  const defaults = DEFAULT_SETTINGS.limits
  return {
    roots: integer('roots', options.roots, DEFAULT_SETTINGS.roots, 1, 4_096),
    fanout: integer('fanout', options.fanout, DEFAULT_SETTINGS.fanout, 2, 64),
    limits: {
      itemBytes: integer('limits.itemBytes', limits.itemBytes, defaults.itemBytes, 1, 1_000_000),
      hashKeyBytes: integer('limits.hashKeyBytes', limits.hashKeyBytes, defaults.hashKeyBytes, 1, 16_384),
      sortKeyBytes: defaults.sortKeyBytes,
      partitionBytes: integer(
        'limits.partitionBytes',
        limits.partitionBytes,
        defaults.partitionBytes,
        100_000,
        10_000_000_000,
      ),
    },
    splitAt: resolveSplitAt(splitAt),
  }
}

function resolveSplitAt({ bytes, requestsPerSecond, hashKeyShare }: Partial<SplitAt>): SplitAt {
  const defaults = DEFAULT_SETTINGS.splitAt
  const share = hashKeyShare ?? defaults.hashKeyShare
  if (typeof share !== 'number' || !(share >= 0.1 && share <= 1)) {
    throw new ConfigurationError(`splitAt.hashKeyShare must be a number from 0.1 to 1, not ${String(share)}`)
  }
  return {
    bytes: integer('splitAt.bytes', bytes, defaults.bytes, 10_000, 1_000_000_000),
    requestsPerSecond: integer(
      'splitAt.requestsPerSecond',
      requestsPerSecond,
      defaults.requestsPerSecond,
      1,
      1_000_000,
    ),
    hashKeyShare: share,
  }
}

/** @throws {ConfigurationError} when `options` has a name that is not `known`: a typo must not be a default. */
export function refuseUnknownOptions(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new ConfigurationError(`${what}: there is no option "${name}"; there are ${known.join(', ')}`)
    }
  }
}

function integer(name: string, value: unknown, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new ConfigurationError(
      `${name} must be a whole number from ${least} to ${most}, not ${String(value)}`,
    )
  }
  return value
}

import type { Millis, PartitionName } from '../../ports.js'
import { type EngineSettings, resolveSettings } from '../../settings.js'

/** A database that is measured. Its name says all of it, so that a partition knows it from its own name. */
export interface MeasuredDatabase {
  /** Tells databases apart that are alike otherwise. */
  readonly title: string
  readonly roots: number
  readonly fanout: number
  /** When a partition splits: bytes of its database, and requests a second. */
  readonly bytes: number
  readonly requestsPerSecond: number
  /** For how long there must be too many requests. */
  readonly sustainedFor: Millis
  /** For how long each call has a partition for itself. */
  readonly holds: Millis
}

/** Bytes that no partition here ever gets, and requests. */
export const NEVER = { bytes: 1_000_000_000, requestsPerSecond: 1_000_000 } as const

export function databaseName({ title, ...numbers }: MeasuredDatabase): string {
  const { roots, fanout, bytes, requestsPerSecond, sustainedFor, holds } = numbers
  return [title, roots, fanout, bytes, requestsPerSecond, sustainedFor, holds].join('_')
}

/** The database that a partition belongs to. */
export function databaseOf(partition: PartitionName): MeasuredDatabase {
  const [name = ''] = partition.split('/')
  const [title = '', ...numbers] = name.split('_')
  const [roots, fanout, bytes, requestsPerSecond, sustainedFor, holds] = numbers.map(Number)
  return { title, roots, fanout, bytes, requestsPerSecond, sustainedFor, holds } as MeasuredDatabase
}

/** What its partitions are set to. */
export function settingsOf(database: MeasuredDatabase): EngineSettings & { sustainedFor: Millis } {
  const { roots, fanout, bytes, requestsPerSecond, sustainedFor } = database
  return { ...resolveSettings({ roots, fanout, splitAt: { bytes, requestsPerSecond } }), sustainedFor }
}

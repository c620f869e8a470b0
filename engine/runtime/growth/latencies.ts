import type { Millis } from '../../ports.js'

/** What some durations come to. */
export interface Spread {
  readonly count: number
  readonly p50: Millis
  readonly p99: Millis
  readonly max: Millis
}

export function spreadOf(durations: readonly Millis[]): Spread {
  const sorted = [...durations].sort((left, right) => left - right)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).p50
}

import type { Millis } from '../../ports.js'

/** The usual one of some values. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}

/** How long work takes that is done so often, one after the other: the median. */
export function medianMillis(repetitions: number, work: (repetition: number) => unknown): Millis {
  return medianOf(
    Array.from({ length: repetitions }, (_, repetition) => {
      const begin = performance.now()
      work(repetition)
      return performance.now() - begin
    }),
  )
}

/**
 * How often a second something can be done to each of a list: the median of so many rounds.
 *
 * @param least how long a round takes at least: the list is gone through again and again.
 */
export function ratePerSecond<T>(
  repetitions: number,
  least: Millis,
  list: readonly T[],
  work: (each: T) => unknown,
): number {
  const round = () => {
    const begin = performance.now()
    for (let count = 0; ; ) {
      for (const each of list) work(each)
      count += list.length
      const took = performance.now() - begin
      if (took >= least) return (1_000 * count) / took
    }
  }
  return medianOf(Array.from({ length: repetitions }, round))
}

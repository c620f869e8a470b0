import type { CaseReport } from './measure-case.js'

/** What must hold of a case. */
interface Target {
  readonly what: string
  readonly holds: (report: CaseReport) => boolean
}

const MILLION = 1_000_000

/** A million of hash partitions or of promoted hash keys, give or take the last split. */
const isMillion = (count: number) => Math.abs(count - MILLION) < 100

/** What a database of a million partitions may cost its clients. */
const TARGETS: readonly Target[] = [
  {
    what: 'a million hash partitions are at most 150 KB to publish',
    holds: ({ partitions, encodedBytes }) => !isMillion(partitions) || encodedBytes <= 150_000,
  },
  {
    what: 'a million hash partitions are at most 1 MB in a client',
    holds: ({ partitions, clientBytes, measuredBytes = 0 }) =>
      !isMillion(partitions) || Math.max(clientBytes, measuredBytes) <= 1_000_000,
  },
  {
    what: 'a million hash partitions are read in less than 20 ms',
    holds: ({ partitions, decodeMillis }) => !isMillion(partitions) || decodeMillis < 20,
  },
  {
    what: 'of a million hash partitions the owner is found 500,000 times a second',
    holds: ({ partitions, lookupsPerSecond }) => !isMillion(partitions) || lookupsPerSecond >= 500_000,
  },
  {
    what: 'a million promoted hash keys are at most 1,250,000 bytes to publish',
    holds: ({ promoted, filterBytes }) => !isMillion(promoted) || filterBytes <= 1_250_000,
  },
  {
    what: 'at most 1.2 % of other hash keys are taken for promoted',
    holds: ({ falsePositiveRate }) => falsePositiveRate <= 0.012,
  },
  {
    what: 'who knows what is published comes to the owner at once',
    holds: ({ hops }) => hops.current.children.most === 1,
  },
  {
    what: 'where partitions know what is published, the second is the owner',
    holds: ({ hops }) => Math.max(hops.half.snapshot.most, hops.none.snapshot.most) <= 2,
  },
]

/** Those that a case misses. */
export function missedTargets(report: CaseReport): string[] {
  return TARGETS.filter(({ holds }) => !holds(report)).map(({ what }) => what)
}

import type { Millis } from '../ports.js'

/** Chances are per message, write or call; times between faults are means, in simulated milliseconds. */
export interface FaultProfile {
  /** A message takes from the first to the second of these. */
  readonly delay: readonly [Millis, Millis]
  /** The chance that it takes up to a hundred times as long. */
  readonly slow: number
  /** The request is lost on its way; the caller hears of a broken connection some time later. */
  readonly dropRequest: number
  /** The answer is lost on its way; the caller hears the same. */
  readonly dropAnswer: number
  /** The request arrives twice. */
  readonly duplicate: number
  /** The caller hears of a broken connection while its request goes on. */
  readonly disconnect: number
  /** The partition refuses the call as too much, unseen. */
  readonly overload: number
  /** Writes become durable after a time from the first to the second of these. */
  readonly flush: readonly [Millis, Millis]
  /** Mean time between crashes of a partition; 0 for never. */
  readonly crashEvery: Millis
  /** The chance that a partition crashes between a write and its becoming durable. */
  readonly crashBeforeDurable: number
  /** The chance that a partition crashes when a write is durable, before the answer leaves. */
  readonly crashAfterDurable: number
  /** The chance that a replaced instance lives on, and still receives calls, for up to this long. */
  readonly stale: number
  readonly staleFor: Millis
  /** Mean time between pauses of a partition, and how long they are at most. */
  readonly pauseEvery: Millis
  readonly pauseFor: Millis
  /** Every clock is off by up to this, in both directions. */
  readonly skew: Millis
  /** Mean time between jumps of a clock, and how far they go at most, in both directions. */
  readonly jumpEvery: Millis
  readonly jump: Millis
  /** Mean time between leaps of a clock, over all the time that a partition remembers; 0 for never. */
  readonly leapEvery: Millis
  /** The chance that an alarm is up to ten seconds late, and that it fires twice. */
  readonly alarmLate: number
  readonly alarmTwice: number
  /** The chance that a Worker cuts a transaction into more parts than there are partitions. */
  readonly olderPicture: number
  /** The chance that something becomes of a snapshot of the topology, each time that it is put or read. */
  readonly snapshots: number
}

const NONE: FaultProfile = {
  delay: [1, 5],
  slow: 0,
  dropRequest: 0,
  dropAnswer: 0,
  duplicate: 0,
  disconnect: 0,
  overload: 0,
  flush: [1, 3],
  crashEvery: 0,
  crashBeforeDurable: 0,
  crashAfterDurable: 0,
  stale: 0,
  staleFor: 0,
  pauseEvery: 0,
  pauseFor: 0,
  skew: 0,
  jumpEvery: 0,
  jump: 0,
  leapEvery: 0,
  alarmLate: 0,
  alarmTwice: 0,
  olderPicture: 0,
  snapshots: 0,
}

const LIGHT: FaultProfile = {
  ...NONE,
  delay: [1, 20],
  slow: 0.01,
  dropRequest: 0.005,
  dropAnswer: 0.005,
  duplicate: 0.01,
  disconnect: 0.005,
  overload: 0.01,
  crashEvery: 20_000,
  crashBeforeDurable: 0.002,
  crashAfterDurable: 0.002,
  stale: 0.2,
  staleFor: 500,
  pauseEvery: 20_000,
  pauseFor: 500,
  skew: 50,
  alarmLate: 0.05,
  alarmTwice: 0.02,
  olderPicture: 0.1,
  snapshots: 0.1,
}

const HEAVY: FaultProfile = {
  delay: [1, 60],
  slow: 0.05,
  dropRequest: 0.04,
  dropAnswer: 0.05,
  duplicate: 0.1,
  disconnect: 0.04,
  overload: 0.04,
  flush: [1, 40],
  crashEvery: 3_000,
  crashBeforeDurable: 0.03,
  crashAfterDurable: 0.03,
  stale: 0.8,
  staleFor: 8_000,
  pauseEvery: 5_000,
  pauseFor: 3_000,
  // A write that is sent again is trusted to clocks that agree within ten seconds.
  skew: 4_000,
  jumpEvery: 20_000,
  jump: 60_000,
  leapEvery: 6_000,
  alarmLate: 0.3,
  alarmTwice: 0.2,
  olderPicture: 0.3,
  snapshots: 0.4,
}

/** Many answers get lost, and who is asked again is often an instance that was replaced and does not know. */
const FORGETFUL: FaultProfile = {
  ...HEAVY,
  dropAnswer: 0.2,
  duplicate: 0.2,
  crashEvery: 2_000,
  stale: 1,
  staleFor: 20_000,
  pauseEvery: 0,
  leapEvery: 0,
}

/** How much goes wrong, by name. */
export const FAULT_PROFILES: {
  readonly [name in 'none' | 'light' | 'heavy' | 'forgetful']: FaultProfile
} = {
  none: NONE,
  light: LIGHT,
  heavy: HEAVY,
  forgetful: FORGETFUL,
}

/** The kinds of faults that can be left out one by one, to see which of them a failure needs. */
export const FAULT_KINDS: readonly {
  readonly name: string
  readonly without: Partial<FaultProfile>
}[] = [
  { name: 'crashes', without: { crashEvery: 0, crashBeforeDurable: 0, crashAfterDurable: 0 } },
  { name: 'stale instances', without: { stale: 0 } },
  { name: 'pauses', without: { pauseEvery: 0 } },
  { name: 'wrong clocks', without: { skew: 0, jumpEvery: 0, leapEvery: 0 } },
  { name: 'lost messages', without: { dropRequest: 0, dropAnswer: 0, disconnect: 0 } },
  { name: 'doubled messages', without: { duplicate: 0 } },
  { name: 'overload', without: { overload: 0 } },
  { name: 'slow messages', without: { slow: 0 } },
  { name: 'older pictures of the tree', without: { olderPicture: 0 } },
  { name: 'bad snapshots', without: { snapshots: 0 } },
]

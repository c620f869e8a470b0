import type { PartitionName } from '../../ports.js'
import type { MeasuredDatabase } from './database.js'
import { type Spread, spreadOf } from './latencies.js'
import { openDatabase } from './open-database.js'
import { takeCalls } from './partition-class.js'
import { Refusals } from './refusals.js'
import { Rows } from './row.js'
import { reportTree, restingTree, type TreeReport } from './tree-report.js'

/** Many clients want the same range of one hash key. */
export interface HeatLoad {
  readonly kind: 'heat'
  readonly database: MeasuredDatabase
  readonly clients: number
  readonly seconds: number
}

/** What happened in some seconds. */
export interface HeatWindow {
  /** Since the beginning. */
  readonly until: number
  readonly answersPerSecond: number
  readonly latency: Spread
  /** Partitions that had at least a hundredth of the calls, and the calls a second of the busiest. */
  readonly partitions: number
  readonly busiest: number
}

export interface HeatReport {
  readonly windows: readonly HeatWindow[]
  readonly requests: number
  readonly refused: Record<string, number>
  readonly tree: TreeReport
}

const ROWS = 2_000
const ROW_BYTES = 300
/** The range that most requests are for, and their share. */
const HOT = { from: 800, to: 1_000, share: 0.9 } as const
const OTHERS = 200
const WINDOW = 2

export async function heatUp(
  env: object,
  { database, clients, seconds }: HeatLoad,
  progress: (text: string) => void,
): Promise<HeatReport> {
  const store = openDatabase(env, database)
  const refusals = new Refusals()
  const made = new Rows(ROW_BYTES)
  const hot = (n: number) => ({ hashKey: 'hot', sortKey: n })
  const other = (n: number) => ({ hashKey: `other-${n}` })
  const fill = async (count: number, key: (n: number) => ReturnType<typeof hot | typeof other>) => {
    for (let from = 0; from < count; from += 100) {
      const items = Array.from({ length: Math.min(100, count - from) }, (_, i) => from + i)
      await store.transactWrite(items.map((n) => ({ kind: 'put', key: key(n), value: made.row(n) })))
    }
  }
  await fill(ROWS, hot)
  await fill(OTHERS, other)

  const began = performance.now()
  const elapsed = () => (performance.now() - began) / 1_000
  let latencies: number[] = []
  const client = async () => {
    for (let turn = 0; elapsed() < seconds; turn++) {
      const chosen = Math.random()
      const n = HOT.from + Math.floor(Math.random() * (HOT.to - HOT.from))
      const cold = Math.floor(Math.random() * ROWS)
      const key = chosen < HOT.share ? hot(n) : chosen < 0.95 ? hot(cold) : other(cold % OTHERS)
      const sent = performance.now()
      await refusals.run<unknown>(() =>
        turn % 4 === 0 ? store.put(key, { ...made.row(n), turn }) : store.get(key),
      )
      latencies.push(performance.now() - sent)
    }
  }
  takeCalls()
  const windows: HeatWindow[] = []
  const watch = async () => {
    for (let from = elapsed(); from < seconds - WINDOW / 2; ) {
      await new Promise((resolve) => setTimeout(resolve, WINDOW * 1_000))
      const until = elapsed()
      const taken = latencies
      latencies = []
      const window = {
        until,
        answersPerSecond: taken.length / (until - from),
        latency: spreadOf(taken),
        ...busiest(takeCalls(), until - from),
      }
      windows.push(window)
      progress(`${window.answersPerSecond.toFixed(0)} answers a second, ${window.partitions} partitions`)
      from = until
    }
  }
  await Promise.all([watch(), ...Array.from({ length: clients }, client)])
  const tree = reportTree(await restingTree(store, 60_000), database)
  return { windows, requests: refusals.requests, refused: refusals.refused, tree }
}

function busiest(calls: ReadonlyMap<PartitionName, number>, seconds: number) {
  const counts = [...calls.values()]
  const all = counts.reduce((sum, count) => sum + count, 0)
  return {
    partitions: counts.filter((count) => count > all / 100).length,
    busiest: Math.max(0, ...counts) / seconds,
  }
}

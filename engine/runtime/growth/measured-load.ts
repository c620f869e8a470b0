import type { Store } from '../../store.js'
import type { StoreKey } from '../../store-key.js'
import type { MeasuredDatabase } from './database.js'
import { countHops, type HopsReport } from './hops.js'
import { type Spread, spreadOf } from './latencies.js'
import { takeHandOvers, takeLongest } from './partition-class.js'
import { type ProbeReport, probe } from './probes.js'
import type { Refusals } from './refusals.js'
import { BREATH, breathe, Thread } from './thread.js'
import { reportTree, restingTree, type TreeReport } from './tree-report.js'

/** Rows that are loaded into a tree, and what goes on beside that. */
export interface Load {
  readonly database: MeasuredDatabase
  readonly store: Store
  readonly refusals: Refusals
  readonly rows: number
  /** Those who write, each with one request at a time. */
  readonly writers: number
  /** Keys that are probed. */
  readonly probes: number
  /** Items that are there in the end, beside the rows and those that are probed. */
  readonly others: number
  /** Keys that are located in the end. */
  readonly located: readonly StoreKey[]
  /** Writes a row: each turn from 0 on is taken once. */
  write(turn: number): Promise<void>
  /** What goes on until all is loaded and nothing moves any more. */
  beside(stopped: () => boolean): readonly Promise<void>[]
  /** Looks at what is stored. @returns what is wrong with it, or was with what was read. */
  audit(): Promise<readonly string[]>
}

/** What those met who read and wrote while the tree grew, and what became of it. */
export interface LoadReport {
  readonly rows: number
  /** Of loading, and then until nothing moved any more. */
  readonly seconds: { readonly loading: number; readonly resting: number }
  readonly requests: number
  readonly refused: Record<string, number>
  readonly probes: ProbeReport
  /** For how long keys were served by nobody while they changed hands. */
  readonly handOvers: Spread
  /** For how long the one thread was busy without a break. */
  readonly thread: Spread
  /** The same, by what it was asked for, at worst. */
  readonly longest: Record<string, number>
  readonly tree: TreeReport
  readonly hops: HopsReport
  /** What is wrong with what is stored, or was read: the first of it. */
  readonly findings: readonly string[]
}

/** How long a tree may take until nothing moves any more. */
const PATIENCE = 300_000
const MOST_FINDINGS = 20

/** Loads all rows, and waits until nothing moves. */
export async function measureLoad(
  env: object,
  load: Load,
  progress: (text: string) => void,
): Promise<LoadReport> {
  const { database, store, refusals, rows } = load
  let stopped = false
  const isStopped = () => stopped
  takeLongest()
  takeHandOvers()
  const thread = new Thread()
  const began = performance.now()
  const keys = Array.from({ length: load.probes }, (_, i) => `probe-${i}`)
  const beside = Promise.all([probe(store, keys, refusals, isStopped), ...load.beside(isStopped)])

  let next = 0
  const write = async () => {
    while (next < rows) {
      const turn = next++
      await load.write(turn)
      if (turn % 1_000 === 0) progress(`${turn} of ${rows} rows`)
      if (turn % BREATH === 0) await breathe()
    }
  }
  await Promise.all(Array.from({ length: load.writers }, write))
  const loadedAt = performance.now()
  progress('waiting until nothing moves')
  await restingTree(store, PATIENCE)
  const restedAt = performance.now()
  stopped = true
  const [probes] = await beside
  const busy = await thread.stop()

  progress('looking at what is stored')
  const findings = [...(await load.audit()), ...probes.wrong]
  const tree = reportTree(await restingTree(store, PATIENCE), database)
  const expected = rows + load.probes + load.others
  if (tree.items !== expected) findings.push(`partitions serve ${tree.items} items, not ${expected}`)
  return {
    rows,
    seconds: { loading: (loadedAt - began) / 1_000, resting: (restedAt - loadedAt) / 1_000 },
    requests: refusals.requests,
    refused: refusals.refused,
    probes,
    handOvers: spreadOf(takeHandOvers()),
    thread: busy,
    longest: takeLongest(),
    tree,
    hops: await countHops(env, database, load.located),
    findings: [...findings, ...tree.findings].slice(0, MOST_FINDINGS),
  }
}

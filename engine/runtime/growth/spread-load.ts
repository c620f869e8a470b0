import { calculate, column, value } from '../../expressions/build.js'
import type { Store } from '../../store.js'
import type { StoreKey } from '../../store-key.js'
import type { MeasuredDatabase } from './database.js'
import { countHops, type HopsReport } from './hops.js'
import { type Spread, spreadOf } from './latencies.js'
import { openDatabase } from './open-database.js'
import { takeHandOvers, takeLongest } from './partition-class.js'
import { type ProbeReport, probe } from './probes.js'
import { Refusals } from './refusals.js'
import { Rows } from './row.js'
import { BREATH, breathe, Thread } from './thread.js'
import { reportTree, restingTree, type TreeReport } from './tree-report.js'

/** Rows over many hash keys are loaded while others read and write. */
export interface SpreadLoad {
  readonly kind: 'spread'
  readonly database: MeasuredDatabase
  /** What is loaded, about. */
  readonly bytes: number
  /** Of a row, in the mean. */
  readonly rowBytes: number
  /** Keys that are probed. */
  readonly probes: number
}

export interface SpreadReport {
  readonly rows: number
  readonly bytes: number
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
  /** What is wrong with what is stored, or was read. */
  readonly findings: readonly string[]
}

const LOADERS = 16
const READERS = 2
const PAIRS = 4
/** Rows of one hash key. */
const ROWS_OF_KEY = 4
const PATIENCE = 300_000
/** Keys that are located in the end. */
const LOCATED = 1_500

const keyOf = (n: number): StoreKey => ({
  hashKey: `key-${Math.floor(n / ROWS_OF_KEY)}`,
  sortKey: n % ROWS_OF_KEY,
})

export async function loadSpread(
  env: object,
  { database, bytes, rowBytes, probes }: SpreadLoad,
  progress: (text: string) => void,
): Promise<SpreadReport> {
  const store = openDatabase(env, database)
  const made = new Rows(rowBytes)
  const rows = made.countFor(bytes)
  const refusals = new Refusals()
  const findings: string[] = []
  const loaded: number[] = []
  let stopped = false
  const isStopped = () => stopped
  takeLongest()
  takeHandOvers()
  const thread = new Thread()
  const began = performance.now()
  const keys = Array.from({ length: probes }, (_, i) => `probe-${i}`)
  const beside = Promise.all([
    probe(store, keys, refusals, isStopped),
    ...Array.from({ length: READERS }, () => read(store, made, loaded, refusals, findings, isStopped)),
    ...Array.from({ length: PAIRS }, (_, i) => move(store, i, refusals, findings, isStopped)),
  ])

  let next = 0
  const load = async () => {
    while (next < rows) {
      const n = next++
      if ((await refusals.run(() => store.put(keyOf(n), made.row(n)))) !== undefined) loaded.push(n)
      if (n % 1_000 === 0) progress(`${n} of ${rows} rows`)
      if (n % BREATH === 0) await breathe()
    }
  }
  await Promise.all(Array.from({ length: LOADERS }, load))
  const loadedAt = performance.now()
  progress('waiting until nothing moves')
  await restingTree(store, PATIENCE)
  const restedAt = performance.now()
  stopped = true
  const [probed] = await beside

  const busy = await thread.stop()
  progress('looking at what is stored')
  findings.push(...probed.wrong, ...(await missing(store, made, rows)))
  const tree = reportTree(await restingTree(store, PATIENCE), database)
  const expected = rows + probes + 2 * PAIRS
  if (tree.items !== expected) findings.push(`partitions serve ${tree.items} items, not ${expected}`)
  const located = Array.from({ length: LOCATED }, (_, i) => keyOf(Math.floor((i * rows) / LOCATED)))
  return {
    rows,
    bytes,
    seconds: { loading: (loadedAt - began) / 1_000, resting: (restedAt - loadedAt) / 1_000 },
    requests: refusals.requests,
    refused: refusals.refused,
    probes: probed,
    handOvers: spreadOf(takeHandOvers()),
    thread: busy,
    longest: takeLongest(),
    tree,
    hops: await countHops(env, database, located),
    findings: [...findings, ...tree.findings].slice(0, 20),
  }
}

/** Reads what was loaded, in every way: by key, several at one moment, and a hash key's rows. */
async function read(
  store: Store,
  made: Rows,
  loaded: readonly number[],
  refusals: Refusals,
  findings: string[],
  stopped: () => boolean,
): Promise<void> {
  for (let turn = 0; !stopped(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    const some = Array.from({ length: 3 }, () => loaded[Math.floor(Math.random() * loaded.length)] ?? 0)
    if (loaded.length === 0) continue
    if (turn % 2 === 0) {
      const found = await refusals.run(() => store.getMany([...new Set(some)].map(keyOf)))
      if (found === undefined) continue
      for (const [i, n] of [...new Set(some)].entries()) {
        const row = found[i]
        if (row === null || row === undefined || !made.isRow(n, row.value))
          findings.push(`row ${n} was not read`)
      }
    } else {
      const [n = 0] = some
      const there = await refusals.run(async () => {
        let any = false
        for await (const { value } of store.query({ hashKey: keyOf(n).hashKey })) any ||= made.isRow(n, value)
        return any
      })
      if (there === undefined) continue
      if (!there) findings.push(`row ${n} was not found by a query`)
    }
  }
}

/** Takes from one row and gives to another, in a transaction: together they have nothing whenever they are read. */
async function move(
  store: Store,
  pair: number,
  refusals: Refusals,
  findings: string[],
  stopped: () => boolean,
): Promise<void> {
  const [from, to] = [{ hashKey: `from-${pair}` }, { hashKey: `to-${pair}` }]
  const change = (operator: '+' | '-') => ({ coins: calculate(column('coins'), operator, value(1)) })
  await store.put(from, { coins: 0 })
  await store.put(to, { coins: 0 })
  let moved = 0
  while (!stopped()) {
    const made = await refusals.run(async () => {
      await store.transactWrite([
        { kind: 'update', key: from, set: change('-') },
        { kind: 'update', key: to, set: change('+') },
      ])
      return true
    })
    if (made) moved++
    const rows = await refusals.run(() =>
      store.transactRead([
        { kind: 'get', key: from },
        { kind: 'get', key: to },
      ]),
    )
    if (rows !== undefined) {
      const [left, right] = rows.map((row) => row?.value.coins as number)
      if (left !== -moved || right !== moved) {
        findings.push(`${moved} moves of pair ${pair} make ${left} and ${right}`)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Scans all rows. @returns what is missing, double, or not as it was loaded. */
async function missing(store: Store, made: Rows, rows: number): Promise<string[]> {
  const seen = new Uint8Array(rows)
  const findings: string[] = []
  for await (const { items } of store.scan()) {
    for (const { hashKey, sortKey, value } of items) {
      const [text] = hashKey as [string]
      if (!text.startsWith('key-')) continue
      const n = Number(text.slice(4)) * ROWS_OF_KEY + (sortKey[0] as number)
      if (seen[n] !== 0 || !made.isRow(n, value)) findings.push(`row ${n} is there twice, or is another one`)
      seen[n] = 1
    }
  }
  const lost = seen.reduce((count, times) => count + (times === 0 ? 1 : 0), 0)
  return lost === 0 ? findings : [...findings, `${lost} rows are missing`]
}

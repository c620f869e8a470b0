import { calculate, column, value } from '../../expressions/build.js'
import type { Store } from '../../store.js'
import type { StoreKey } from '../../store-key.js'
import type { MeasuredDatabase } from './database.js'
import { type Load, type LoadReport, measureLoad } from './measured-load.js'
import { openDatabase } from './open-database.js'
import { Refusals } from './refusals.js'
import { Rows } from './row.js'

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

const LOADERS = 16
const READERS = 2
const PAIRS = 4
/** Rows of one hash key. */
const ROWS_OF_KEY = 4
/** Keys that are located in the end. */
const LOCATED = 1_500

const keyOf = (n: number): StoreKey => ({
  hashKey: `key-${Math.floor(n / ROWS_OF_KEY)}`,
  sortKey: n % ROWS_OF_KEY,
})

export function loadSpread(
  env: object,
  { database, bytes, rowBytes, probes }: SpreadLoad,
  progress: (text: string) => void,
): Promise<LoadReport> {
  const store = openDatabase(env, database)
  const made = new Rows(rowBytes)
  const rows = made.countFor(bytes)
  const refusals = new Refusals()
  const findings: string[] = []
  const loaded: number[] = []
  const load: Load = {
    database,
    store,
    refusals,
    rows,
    writers: LOADERS,
    probes,
    others: 2 * PAIRS,
    located: Array.from({ length: LOCATED }, (_, i) => keyOf(Math.floor((i * rows) / LOCATED))),
    async write(n) {
      if ((await refusals.run(() => store.put(keyOf(n), made.row(n)))) !== undefined) loaded.push(n)
    },
    beside: (stopped) => [
      ...Array.from({ length: READERS }, () => read(store, made, loaded, refusals, findings, stopped)),
      ...Array.from({ length: PAIRS }, (_, i) => move(store, i, refusals, findings, stopped)),
    ],
    audit: async () => [...findings, ...(await missing(store, made, rows))],
  }
  return measureLoad(env, load, progress)
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

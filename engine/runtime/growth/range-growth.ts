import type { KeyPart } from '../../keys/key-codec.js'
import type { Store, StoreQuery } from '../../store.js'
import type { MeasuredDatabase } from './database.js'
import { type Spread, spreadOf } from './latencies.js'
import { type Load, type LoadReport, measureLoad } from './measured-load.js'
import { openDatabase } from './open-database.js'
import { Refusals } from './refusals.js'
import { Rows } from './row.js'

/** One hash key grows while its rows are read in order. */
export interface RangeGrowth {
  readonly kind: 'range'
  readonly database: MeasuredDatabase
  readonly bytes: number
  /** Of a row, in the mean. */
  readonly rowBytes: number
  readonly order: 'ascending' | 'random'
}

export interface RangeReport extends LoadReport {
  /** Queries that were held against the reference, and rows that they found. */
  readonly queries: { readonly forward: number; readonly reverse: number; readonly rows: number }
  /** Of one page. */
  readonly pages: Spread
  readonly writes: Spread
}

const HASH_KEY = 'series'
const WRITERS = 12
const READERS = 3
const PROBES = 6
const LOCATED = 1_000

/** What has been written, and when: what a query must find, and what it may. */
class Reference {
  /** By row: when its writing began, and when it was acknowledged. 0 is never. */
  readonly #began: Uint32Array
  readonly #acknowledged: Uint32Array
  #time = 1
  #last = 0

  constructor(rows: number) {
    this.#began = new Uint32Array(rows)
    this.#acknowledged = new Uint32Array(rows)
  }

  begin(n: number): void {
    this.#began[n] = this.#time++
    this.#last = Math.max(this.#last, n)
  }

  acknowledge(n: number): void {
    this.#acknowledged[n] = this.#time++
  }

  get now(): number {
    return this.#time++
  }

  /** The largest row that was begun. */
  get last(): number {
    return this.#last
  }

  /**
   * Holds what a query found against what was written: from one row to another, both included, in that direction.
   *
   * @param since when it began.
   * @returns what is wrong.
   */
  check(
    found: readonly number[],
    from: number,
    to: number,
    limit: number,
    since: number,
  ): string | undefined {
    const until = this.now
    const step = from <= to ? 1 : -1
    const end = found.length === limit ? (found.at(-1) as number) + step : to + step
    let at = 0
    for (let n = from; n !== end; n += step) {
      if (found[at] === n) {
        at++
        const began = this.#began[n] as number
        if (began === 0 || began > until) return `row ${n} was found, and nobody has written it`
        continue
      }
      const acknowledged = this.#acknowledged[n] as number
      if (acknowledged !== 0 && acknowledged < since) return `row ${n} was written, and not found`
    }
    return at === found.length ? undefined : `row ${found[at]} was found out of order, or twice`
  }
}

export async function growRange(
  env: object,
  { database, bytes, rowBytes, order }: RangeGrowth,
  progress: (text: string) => void,
): Promise<RangeReport> {
  const store = openDatabase(env, database)
  const made = new Rows(rowBytes)
  const rows = made.countFor(bytes)
  const reference = new Reference(rows)
  const refusals = new Refusals()
  const findings: string[] = []
  const writes: number[] = []
  const pages: number[] = []
  const queries = { forward: 0, reverse: 0, rows: 0 }

  const query = async (from: number, to: number, limit: number, pageSize: number) => {
    const since = reference.now
    const descending = from > to
    const found: number[] = []
    // Page by page, as a list on a screen is read: each page begins behind the last row of the one before.
    for (let behind: number | undefined; found.length < limit; ) {
      const wanted = Math.min(pageSize, limit - found.length)
      const page = await refusals.run(() =>
        timed(pages, () => list(store, made, boundsOf(from, to, behind, descending), descending, wanted)),
      )
      if (page === undefined) return
      found.push(...page)
      if (page.length < wanted) break
      behind = page.at(-1)
    }
    const wrong = reference.check(found, from, to, limit, since)
    if (wrong !== undefined)
      findings.push(`${from} to ${to}, ${limit} rows in pages of ${pageSize}: ${wrong}`)
    queries[descending ? 'reverse' : 'forward']++
    queries.rows += found.length
  }

  const readSome = async (stopped: () => boolean) => {
    while (!stopped()) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      const { last } = reference
      const some = () => Math.floor(Math.random() * (last + 1))
      // Ranges of all lengths, some of them at the end, where it grows.
      const first = Math.random() < 0.3 ? Math.max(0, last - Math.floor(Math.random() * 100)) : some()
      const length = Math.floor(2 ** (Math.random() * 11))
      const other = Math.min(rows - 1, first + length)
      const [from, to] = Math.random() < 0.5 ? [first, other] : [other, first]
      const limit = Math.random() < 0.5 ? 1 + Math.floor(Math.random() * 100) : Number.POSITIVE_INFINITY
      await query(from, to, limit, 10 + Math.floor(Math.random() * 200))
    }
  }

  const place = order === 'ascending' ? (n: number) => n : permutation(rows)
  const load: Load = {
    database,
    store,
    refusals,
    rows,
    writers: WRITERS,
    probes: PROBES,
    others: 0,
    located: Array.from({ length: LOCATED }, (_, i) => ({
      hashKey: HASH_KEY,
      sortKey: Math.floor((i * rows) / LOCATED),
    })),
    async write(turn) {
      const n = place(turn)
      reference.begin(n)
      const acknowledged = await refusals.run(() =>
        timed(writes, () => store.put({ hashKey: HASH_KEY, sortKey: n }, made.row(n))),
      )
      if (acknowledged !== undefined) reference.acknowledge(n)
    },
    beside: (stopped) => Array.from({ length: READERS }, () => readSome(stopped)),
    // All of it, forward and in reverse.
    async audit() {
      await query(0, rows - 1, Number.POSITIVE_INFINITY, 500)
      await query(rows - 1, 0, Number.POSITIVE_INFINITY, 500)
      return findings
    },
  }
  const report = await measureLoad(env, load, progress)
  return { ...report, queries, pages: spreadOf(pages), writes: spreadOf(writes) }
}

/** @throws {Error} when a row is not what it should be. */
async function list(
  store: Store,
  made: Rows,
  bounds: Pick<StoreQuery, 'from' | 'after' | 'to' | 'before'>,
  descending: boolean,
  limit: number,
): Promise<number[]> {
  const found: number[] = []
  for await (const { sortKey, value } of store.query({ hashKey: HASH_KEY, ...bounds, descending, limit })) {
    const [n] = sortKey as [KeyPart]
    if (!made.isRow(n as number, value)) throw new Error(`row ${n} is another one`)
    found.push(n as number)
  }
  return found
}

/** What is left behind a row. */
function boundsOf(from: number, to: number, behind: number | undefined, descending: boolean) {
  if (descending) return behind === undefined ? { from: to, to: from } : { from: to, before: behind }
  return behind === undefined ? { from, to } : { after: behind, to }
}

async function timed<T>(durations: number[], request: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await request()
  durations.push(performance.now() - began)
  return result
}

/** All numbers below a count, each once, in an order that looks like none. */
function permutation(count: number): (n: number) => number {
  let factor = Math.floor(count * 0.618) | 1
  while (divisor(factor, count) !== 1) factor += 2
  return (n) => Number((BigInt(n) * BigInt(factor) + 7n) % BigInt(count))
}

function divisor(left: number, right: number): number {
  return right === 0 ? left : divisor(right, left % right)
}

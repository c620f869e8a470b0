import { changesAnything, type Record, type Statement } from '../record.js'
import { idsOf } from '../workloads/operation.js'
import { applyTo, type Rows } from './row-model.js'

/** What the search for an order came to. `undecided`: there were too many orders to try. */
export type Verdict =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'undecided' }
  /** `stuck` could not be put anywhere, after as many others as possible were. */
  | { readonly kind: 'not linearizable'; readonly stuck: Record }

/** Orders tried before the search gives up. */
const MAX_STEPS = 100_000

/**
 * Whether the operations on one hash key can be put into an order, true to real time, in which each of them
 * does to the rows what was recorded of it: Wing and Gong's search ("Testing and Verifying Concurrent
 * Objects", 1993) with Lowe's memory of what was tried ("Testing for Linearizability", 2017). Operations whose
 * outcome nobody knows may stand anywhere after their call, or nowhere.
 *
 * @param records those of one hash key; refused ones are left out here.
 */
export function checkLinearizability(records: readonly Record[]): Verdict {
  const entries = records
    .filter(({ outcome }) => outcome !== 'refused')
    .sort((left, right) => left.called - right.called)
  // What nobody ever saw of an uncertain write can nearly always be explained without it, and much faster.
  const seen = new Set(records.flatMap(idsSeen))
  const likely = entries.filter((entry) => isCertain(entry) || leavesNoId(entry) || seen.has(entry.id))
  const verdict = new Search(likely).run()
  return verdict.kind === 'linearizable' || likely.length === entries.length
    ? verdict
    : new Search(entries).run()
}

/** The numbers of the writes in all rows that an operation saw or made. */
function idsSeen({ id, seen, written, statements = [] }: Record): number[] {
  const drafted = statements.flatMap((statement) => (typeof statement === 'string' ? [] : statement.seen))
  const rows = [
    ...seen.map(({ row }) => row),
    ...written.flatMap(({ made, removed }) => [made?.row, removed]),
  ]
  return [
    ...rows.flatMap((row) => (row ? idsOf(row) : [])),
    ...drafted.flatMap(({ row }) => (row ? idsOf(row).filter((seen) => seen !== id) : [])),
    ...statements.flatMap((statement) => (typeof statement === 'string' ? [] : idsSummedUp(statement))),
  ]
}

/** Of rows that were only summed up, the least and the greatest logs are known. */
function idsSummedUp({ totals = [] }: Statement): number[] {
  const logs = totals.flatMap(({ firstLog, lastLog }) => [firstLog, lastLog])
  return logs.flatMap((log) => (log ? log.split(',').map(Number) : []))
}

function leavesNoId({ operation, leaves = [] }: Record): boolean {
  return operation.kind === 'delete' || operation.kind === 'several' || leaves.some(({ deletes }) => deletes)
}

class Search {
  readonly #entries: readonly Record[]
  readonly #certain: number
  readonly #tried = new Set<string>()
  #steps = 0
  /** The furthest that any order came, and what it could not place. */
  #most = -1
  #stuck: Record | undefined

  constructor(entries: readonly Record[]) {
    this.#entries = entries
    this.#certain = entries.filter((entry) => isCertain(entry)).length
  }

  run(): Verdict {
    const done = new Uint8Array(this.#entries.length)
    const found = this.#place([], done, 0, 0)
    if (found) return { kind: 'linearizable' }
    if (this.#steps > MAX_STEPS || this.#stuck === undefined) return { kind: 'undecided' }
    return { kind: 'not linearizable', stuck: this.#stuck }
  }

  /** @param done which are placed. @param placed how many of the certain ones. @param first the first that is not. */
  #place(rows: Rows, done: Uint8Array, placed: number, first: number): boolean {
    let from = first
    for (;;) {
      while (from < done.length && done[from] === 1) from++
      const read = this.#readThatFits(rows, done, from)
      if (read === undefined) break
      // A read that fits changes nothing: to place it at once leaves no order out.
      done[read] = 1
      placed++
      from = Math.min(from, read)
    }
    if (placed === this.#certain) return true
    if (++this.#steps > MAX_STEPS) return false
    const state = `${done.join('')}|${rows.join('|')}`
    if (this.#tried.has(state)) return false
    this.#tried.add(state)
    const candidates = this.#candidates(done, from)
    for (const candidate of candidates) {
      const entry = this.#entries[candidate] as Record
      const next = changesAnything(entry) ? applyTo(rows, entry) : undefined
      if (next === undefined) continue
      // What nobody knows of need not stand where it would change nothing.
      if (!isCertain(entry) && isSame(rows, next)) continue
      const after = Uint8Array.from(done)
      after[candidate] = 1
      if (this.#place(next, after, placed + (isCertain(entry) ? 1 : 0), from)) return true
      if (this.#steps > MAX_STEPS) return false
    }
    if (placed > this.#most) {
      this.#most = placed
      const waiting = candidates.map((i) => this.#entries[i] as Record).filter(isCertain)
      this.#stuck = waiting.sort((left, right) => (left.answered ?? 0) - (right.answered ?? 0))[0]
    }
    return false
  }

  #readThatFits(rows: Rows, done: Uint8Array, from: number): number | undefined {
    return this.#candidates(done, from).find((i) => {
      const entry = this.#entries[i] as Record
      return !changesAnything(entry) && applyTo(rows, entry) !== undefined
    })
  }

  /** What may come next: all that were called before the first answer among those that are left. Certain ones first. */
  #candidates(done: Uint8Array, from: number): number[] {
    let bound = Number.POSITIVE_INFINITY
    const candidates: number[] = []
    for (let i = from; i < this.#entries.length; i++) {
      if (done[i] === 1) continue
      const entry = this.#entries[i] as Record
      if (entry.called > bound) break
      candidates.push(i)
      if (isCertain(entry)) bound = Math.min(bound, entry.answered as number)
    }
    const possible = candidates.filter((i) => (this.#entries[i] as Record).called < bound)
    return [
      ...possible.filter((i) => isCertain(this.#entries[i] as Record)),
      ...possible.filter((i) => !isCertain(this.#entries[i] as Record)),
    ]
  }
}

function isCertain({ outcome, answered }: Record): boolean {
  return outcome === 'done' && answered !== undefined
}

function isSame(left: Rows, right: Rows): boolean {
  // Both may have holes, which `every` would pass over.
  for (let i = 0; i < Math.max(left.length, right.length); i++) if (left[i] !== right[i]) return false
  return true
}

import type { LogRow } from './log-row.js'

/**
 * What an audit can find.
 *
 * - `lost`: a write was acknowledged, and is not there.
 * - `unread`: a row was read, and does not begin any more as it was read.
 * - `invented`: an id that was never sent to this row.
 * - `doubled`: a write was made twice.
 * - `torn`: a write was made in some of its rows and not in others.
 * - `refuted`: a write is there that was refused, or that an earlier audit did not find when it was decided.
 * - `miscounted`: a row's count is not the number of ids in its log, or its size is not what it is padded to.
 * - `mispaid`: an account's coins are not what the transfers in its log have brought and taken.
 * - `unbalanced`: the coins of all accounts are not as many as there are.
 * - `locked`: something is locked for longer than anything may be.
 * - `missing`: a row was acknowledged before a read began, and is not among what was read.
 * - `repeated`: a row came twice in one read.
 * - `unlike`: a row is not the same when it is read in another way.
 * - `served twice`: two partitions serve one item.
 * - `served by nobody`: an item lies somewhere, and nobody serves it.
 * - `left behind`: a partition has an item that has moved away, when no transfer is under way.
 * - `unfinished`: a transfer does not come to its end by itself.
 * - `grown wrong`: what partitions have stored of the tree does not fit together.
 */
export interface Finding {
  readonly kind:
    | 'lost'
    | 'unread'
    | 'invented'
    | 'doubled'
    | 'torn'
    | 'refuted'
    | 'miscounted'
    | 'mispaid'
    | 'unbalanced'
    | 'locked'
    | 'missing'
    | 'repeated'
    | 'unlike'
    | 'served twice'
    | 'served by nobody'
    | 'left behind'
    | 'unfinished'
    | 'grown wrong'
  /** The row, if one row shows it. */
  readonly row?: string
  /** The write, if it is about one. */
  readonly id?: string
}

/**
 * - `sent`: nobody has answered yet.
 * - `unknown`: nobody will: it was made, or was not, and the next audit decides.
 * - `refused`: it was answered that it did not happen.
 * - `absent`: an audit did not find it when no process was left that could still make it.
 */
type Outcome = 'sent' | 'acknowledged' | 'refused' | 'unknown' | 'absent'

interface Attempt {
  readonly rows: readonly string[]
  outcome: Outcome
}

/** The memory of those who write, which no kill reaches: what was sent, what came back, what was read. */
export class Ledger {
  readonly #attempts = new Map<string, Attempt>()
  /** The longest log of each row that was read. */
  readonly #read = new Map<string, string>()
  readonly #acknowledged = new Set<string>()
  readonly #totals = {
    sent: 0,
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    sentAgain: 0,
    unknownButMade: 0,
    reads: 0,
  }

  /** How many writes came to what. Of the `unknown` ones, `unknownButMade` were found by an audit. */
  get totals(): Readonly<
    Record<'sent' | 'acknowledged' | 'refused' | 'unknown' | 'sentAgain' | 'unknownButMade' | 'reads', number>
  > {
    return { ...this.#totals }
  }

  /** To be called before the write leaves. An id is sent once in its life. */
  send(id: string, rows: readonly string[]): void {
    if (this.#attempts.has(id)) throw new Error(`the id ${id} was sent before`)
    this.#attempts.set(id, { rows, outcome: 'sent' })
    this.#totals.sent++
  }

  /** To be called before an unknown write leaves once more: as the same one, which is made once at most. */
  sendAgain(id: string): void {
    const attempt = this.#attempts.get(id)
    if (attempt?.outcome !== 'unknown') throw new Error(`the id ${id} is not unknown`)
    attempt.outcome = 'sent'
    this.#totals.sentAgain++
  }

  /** What came back for a write that was sent. */
  settle(id: string, outcome: 'acknowledged' | 'refused' | 'unknown'): void {
    const attempt = this.#attempts.get(id)
    if (attempt?.outcome !== 'sent') throw new Error(`the id ${id} is not under way`)
    attempt.outcome = outcome
    this.#totals[outcome]++
    if (outcome === 'acknowledged') for (const row of attempt.rows) this.#acknowledged.add(row)
  }

  /** The rows of which a write was acknowledged: they must be there, whoever reads from now on. */
  get acknowledgedRows(): ReadonlySet<string> {
    return this.#acknowledged
  }

  /**
   * Holds what was read, and nothing beside it, against the rows that must be there and come once.
   *
   * @param must rows that were acknowledged before the read began.
   */
  complete(rows: readonly LogRow[], must: Iterable<string>): Finding[] {
    const names = new Set(rows.map(({ name }) => name))
    const missing = [...must].filter((name) => !names.has(name))
    const found = missing.map((row): Finding => ({ kind: 'missing', row }))
    if (names.size === rows.length) return found
    const seen = new Set<string>()
    for (const { name: row } of rows) {
      if (seen.has(row)) found.push({ kind: 'repeated', row })
      seen.add(row)
    }
    return found
  }

  /** Whoever read a row may have acted on it: what it held must stay, also if nobody acknowledged it. */
  read(rows: readonly LogRow[]): Finding[] {
    this.#totals.reads++
    return rows.flatMap(({ name, log }) => {
      const before = this.#read.get(name) ?? ''
      if (log.length >= before.length) this.#read.set(name, log)
      const [shorter, longer] = log.length < before.length ? [log, before] : [before, log]
      return longer.startsWith(shorter) ? [] : [{ kind: 'unread', row: name }]
    })
  }

  /**
   * Holds all rows against what is known, and decides what was unknown: what is not there now must never come.
   *
   * @param rows all that there are, read when no write is under way.
   */
  audit(rows: readonly LogRow[]): Finding[] {
    const found: Finding[] = this.#findShortened(rows)
    const rowsOf = new Map<string, Set<string>>()
    for (const { name, log, count, size, padding } of rows) {
      const ids = log.split(' ').slice(0, -1)
      if (ids.length !== count || size !== padding) found.push({ kind: 'miscounted', row: name })
      for (const id of ids) {
        const inRows = rowsOf.get(id) ?? new Set()
        if (!this.#attempts.get(id)?.rows.includes(name)) found.push({ kind: 'invented', row: name, id })
        else if (inRows.has(name)) found.push({ kind: 'doubled', row: name, id })
        rowsOf.set(id, inRows.add(name))
      }
    }
    for (const [id, attempt] of this.#attempts) {
      found.push(...this.#judge(id, attempt, rowsOf.get(id)?.size ?? 0))
    }
    return found
  }

  /** Rows that hold less than was read of them, or nothing at all any more. */
  #findShortened(rows: readonly LogRow[]): Finding[] {
    const logs = new Map(rows.map(({ name, log }) => [name, log]))
    const gone = [...this.#read].filter(([name, log]) => (logs.get(name)?.length ?? 0) < log.length)
    const shortened = gone.map(([row]) => ({ kind: 'unread', row }) as const)
    return [...shortened, ...this.read(rows).filter(({ row }) => !gone.some(([name]) => name === row))]
  }

  /** @param inRows how many rows hold it. */
  #judge(id: string, attempt: Attempt, inRows: number): Finding[] {
    const { outcome, rows } = attempt
    if (outcome === 'sent') throw new Error(`the id ${id} is still under way: audit when all is quiet`)
    if (outcome === 'unknown') {
      // What is there now counts as acknowledged: the audit itself has read it.
      attempt.outcome = inRows === 0 ? 'absent' : 'acknowledged'
      if (inRows > 0) {
        this.#totals.unknownButMade++
        for (const row of rows) this.#acknowledged.add(row)
      }
    }
    if (inRows > 0 && (outcome === 'refused' || outcome === 'absent')) return [{ kind: 'refuted', id }]
    if (inRows > 0 && inRows < rows.length) return [{ kind: 'torn', id }]
    return inRows === 0 && outcome === 'acknowledged' ? [{ kind: 'lost', id }] : []
  }
}

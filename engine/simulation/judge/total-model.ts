import type { Statement } from '../record.js'
import type { Total, TotalRow } from '../workloads/whole-interval.js'
import type { Rows } from './row-model.js'

/** Whether rows come to what a client was told of them. */
export function comesTo(rows: Rows, { operation, totals }: Statement): boolean {
  if (totals === undefined || operation.kind !== 'total') return true
  const expected = sumUp(rows, operation)
  return totals.length === expected.length && totals.every((told, i) => agree(told, expected[i] as TotalRow))
}

/** Of what was not asked for, nothing was told. */
function agree(told: TotalRow, expected: TotalRow): boolean {
  return Object.entries(told).every(([name, value]) => expected[name as keyof TotalRow] === value)
}

/** What the rows of one hash key come to. */
function sumUp(rows: Rows, { hashes, from, to, atLeast = 0, by }: Total): TotalRow[] {
  const [hash] = hashes as readonly [number]
  const passing = rows
    .slice(from, to)
    .flatMap((row) => (row === undefined ? [] : [readRow(row)]))
    .filter(({ n }) => n >= atLeast)
  if (by === undefined) return [{ hash, ...sumOf(passing) }]
  const counts = [...new Set(passing.map(({ n }) => n))].sort((left, right) => left - right)
  return counts.map((n) => ({ hash, n, ...sumOf(passing.filter((row) => row.n === n)) }))
}

interface Summand {
  readonly n: number
  readonly log: string
  readonly amount: number
}

function readRow(row: string): Summand {
  const [n, log, , amount] = row.split(' ') as [string, string, string, string]
  return { n: Number(n), log, amount: Number(amount) }
}

function sumOf(rows: readonly Summand[]): Omit<TotalRow, 'hash' | 'n'> {
  const logs = rows.map(({ log }) => log).sort()
  const sum = (of: 'n' | 'amount') => (rows.length === 0 ? null : rows.reduce((all, row) => all + row[of], 0))
  return {
    rows: rows.length,
    grown: rows.filter(({ n }) => n >= 1).length,
    counts: sum('n'),
    amounts: sum('amount'),
    firstLog: logs[0] ?? null,
    lastLog: logs.at(-1) ?? null,
    logs: new Set(logs).size,
  }
}

import { type Record, type SeenRow, type Statement, type WrittenRow, writes } from '../record.js'
import type { ChangeOperation, Ends, Several } from '../workloads/operation.js'
import { LARGE, type Row } from '../workloads/operation.js'
import type { Alter } from '../workloads/whole-interval.js'
import { comesTo } from './total-model.js'

/** The rows of one hash key by place, each as a text; nothing where there is none. */
export type Rows = readonly (string | undefined)[]

/**
 * What the rows of a hash key are after an operation, if it can have happened to them with the outcome that
 * was recorded; nothing if it cannot. This is what operations mean, written without any of the code that does
 * them: plain, in memory, one after the other.
 */
export function applyTo(rows: Rows, record: Record): Rows | undefined {
  const { id, statements, outcome } = record
  if (statements === undefined) return applyOne(rows, record, id, outcome === 'unknown')
  let now: Rows | undefined = rows
  let saved = rows
  for (const statement of statements) {
    if (statement === 'savepoint') saved = now
    else if (statement === 'rollback') now = saved
    // What a block was told before its commit holds if it happened, even if nobody knows that.
    else now = applyOne(now, statement, id, statement.untold === true)
    if (now === undefined) return undefined
  }
  return now
}

function applyOne(rows: Rows, statement: Statement, id: number, untold: boolean): Rows | undefined {
  const { operation } = statement
  if (operation.kind === 'check') return holds(rows, operation) ? rows : undefined
  if (!writes(operation))
    return statement.seen.every((seen) => matches(rows, seen)) &&
      covers(rows, statement) &&
      hasAhead(rows, statement) &&
      comesTo(rows, statement)
      ? rows
      : undefined
  const { next, told } = change(rows, id, operation as ChangeOperation | Alter | Several)
  return untold || isTold(told, statement) ? next : undefined
}

function rowText({ n, log, pad, amount, ends }: Row): string {
  return `${n} ${log} ${pad} ${amount}${ends === undefined ? '' : ` ${ends}`}`
}

/** When a row ends that is made anew. */
function newEnd(ends: Ends | undefined): { readonly ends?: number } {
  return typeof ends === 'number' ? { ends } : {}
}

function matches(rows: Rows, { place, row }: SeenRow): boolean {
  return rows[place.sort] === (row === null ? undefined : rowText(row))
}

/** Whether a page shows all rows that there are where it covers. */
function covers(rows: Rows, { covers, seen, operation }: Statement): boolean {
  if (covers === undefined) return true
  return passing(rows, covers, operation) === seen.length
}

/** Whether there are as many rows in front as were left out. */
function hasAhead(rows: Rows, { ahead, operation }: Statement): boolean {
  if (ahead === undefined) return true
  const there = passing(rows, ahead, operation)
  return ahead.atMost ? there <= ahead.rows : there === ahead.rows
}

/** How many rows pass a range's filter. */
function passing(
  rows: Rows,
  { from, to }: { readonly from: number; readonly to: number },
  operation: Statement['operation'],
): number {
  const atLeast = operation.kind === 'range' ? operation.atLeast : undefined
  return rows.slice(from, to).filter((row) => passes(row, atLeast)).length
}

function passes(row: string | undefined, atLeast = 0): row is string {
  return row !== undefined && Number(row.split(' ')[0]) >= atLeast
}

interface Changed {
  readonly next: Rows
  /** What the client must have been told of each row; `conflict` of all of them. */
  readonly told: readonly string[] | 'conflict'
}

function change(rows: Rows, id: number, operation: ChangeOperation | Alter | Several): Changed {
  const next = [...rows]
  switch (operation.kind) {
    case 'several': {
      let now = rows
      const told: string[] = []
      for (const each of operation.changes) {
        const changed = change(now, id, each)
        if (changed.told === 'conflict') return { next: rows, told: 'conflict' }
        now = changed.next
        told.push(...changed.told)
      }
      return { next: now, told }
    }
    case 'alter': {
      const told: string[] = []
      for (let sort = operation.from; sort < operation.to; sort++) {
        const row = rows[sort]
        if (!passes(row, operation.atLeast)) continue
        next[sort] = operation.deletes === true ? undefined : appended(row, id, operation)
        told.push(next[sort] ?? `removed ${row}`)
      }
      return { next, told }
    }
    case 'check':
      return { next: rows, told: [holds(rows, operation) ? 'checked' : 'condition'] }
    case 'put': {
      const { at, large, over, amount = 0, ends } = operation
      if (!meets(rows[at.sort], operation.if)) return { next: rows, told: ['condition'] }
      const row =
        over === undefined
          ? rowText({ n: 0, log: `${id}`, pad: large ? LARGE : 0, amount, ...newEnd(ends) })
          : appended(rowText({ ...over, amount }), id, {})
      next[at.sort] = row
      return { next, told: [row] }
    }
    case 'insert': {
      const { sorts, onExisting, amount = 0, ends } = operation
      if (onExisting === 'error' && sorts.some((sort) => rows[sort] !== undefined))
        return { next: rows, told: 'conflict' }
      const told = sorts.map((sort) => {
        const row = next[sort]
        if (row === undefined)
          next[sort] = rowText({
            n: 0,
            log: `${id}`,
            pad: operation.large ? LARGE : 0,
            amount,
            ...newEnd(ends),
          })
        else if (onExisting === 'ignore') return 'exists'
        else if (!meets(row, operation.if)) return 'condition'
        else next[sort] = appended(row, id, operation)
        return next[sort] as string
      })
      return { next, told }
    }
    case 'append': {
      const { at, alone, twice } = operation
      const row = rows[at.sort]
      if (alone && hasOthers(rows, at.sort)) return { next: rows, told: 'conflict' }
      if (row === undefined) return { next: rows, told: twice ? ['absent', 'absent'] : ['absent'] }
      if (!meets(row, operation.if)) return { next: rows, told: ['condition'] }
      const once = appended(row, id, operation)
      const last = twice ? appended(once, id, {}) : once
      next[at.sort] = last
      return { next, told: twice ? [once, last] : [once] }
    }
    default: {
      const { at, alone, if: wanted, ended } = operation
      const row = rows[at.sort]
      if (alone && hasOthers(rows, at.sort)) return { next: rows, told: 'conflict' }
      if (row === undefined) return { next: rows, told: ['absent'] }
      if (ended !== undefined && row.split(' ')[4] !== `${ended}`) return { next: rows, told: ['condition'] }
      if (!meets(row, wanted)) return { next: rows, told: ['condition'] }
      next[at.sort] = undefined
      return { next, told: [`removed ${row}`] }
    }
  }
}

/** An operation leaves its number once in a row: when it comes again, it only counts. */
function appended(
  row: string,
  id: number,
  {
    grow,
    amount: gain = 0,
    ends = 'kept',
  }: { readonly grow?: boolean; readonly amount?: number; readonly ends?: Ends },
): string {
  const [n, log, pad, amount, end] = row.split(' ') as [string, string, string, string, string | undefined]
  const marked = log.split(',').includes(`${id}`) ? log : `${log},${id}`
  const next = `${Number(n) + 1} ${marked} ${Number(pad) * (grow ? 2 : 1)} ${Number(amount) + gain}`
  const ending = ends === 'kept' ? end : (ends ?? undefined)
  return ending === undefined ? next : `${next} ${ending}`
}

function meets(row: string | undefined, wanted: number | 'as seen' | undefined): boolean {
  return wanted === undefined || row?.startsWith(`${wanted} `) === true
}

function holds(rows: Rows, { at, if: wanted }: ChangeOperation & { kind: 'check' }): boolean {
  return wanted === 'absent' ? rows[at.sort] === undefined : meets(rows[at.sort], wanted)
}

function hasOthers(rows: Rows, sort: number): boolean {
  return rows.some((row, other) => other !== sort && row !== undefined)
}

function isTold(told: readonly string[] | 'conflict', { written, conflict }: Statement): boolean {
  if (conflict || told === 'conflict') return conflict && told === 'conflict'
  return told.length === written.length && told.every((what, i) => isTheSame(what, written[i] as WrittenRow))
}

/** A client is not always shown the row that it made, or removed. */
function isTheSame(told: string, { made, removed, because }: WrittenRow): boolean {
  if (removed !== undefined) return told === `removed ${rowText(removed)}`
  if (because === 'unmet') return told === 'absent' || told === 'condition'
  if (made === undefined) return told === because
  if (made.row === null) return told.startsWith('removed ')
  if (made.row === undefined) return /^\d/.test(told)
  return told === rowText(made.row)
}

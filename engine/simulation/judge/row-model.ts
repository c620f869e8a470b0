import { type Record, type SeenRow, writes } from '../record.js'
import { LARGE, type Row } from '../workloads/operation.js'

/** The rows of one hash key by place, each as a text; nothing where there is none. */
export type Rows = readonly (string | undefined)[]

/**
 * What the rows of a hash key are after an operation, if it can have happened to them with the outcome that
 * was recorded; nothing if it cannot. This is what operations mean, written without any of the code that does
 * them: plain, in memory, one after the other.
 */
export function applyTo(rows: Rows, record: Record): Rows | undefined {
  if (!writes(record.operation))
    return record.seen.every((seen) => matches(rows, seen)) && covers(rows, record) ? rows : undefined
  const { next, told } = change(rows, record)
  return record.outcome === 'unknown' || told === toldText(record) ? next : undefined
}

function rowText({ n, log, pad }: Row): string {
  return `${n} ${log} ${pad}`
}

function matches(rows: Rows, { place, row }: SeenRow): boolean {
  return rows[place.sort] === (row === null ? undefined : rowText(row))
}

/** Whether a page shows all rows that there are where it covers. */
function covers(rows: Rows, { covers, seen, operation }: Record): boolean {
  if (covers === undefined) return true
  const atLeast = operation.kind === 'range' ? (operation.atLeast ?? 0) : 0
  const there = rows
    .slice(covers.from, covers.to)
    .filter((row) => row !== undefined && Number(row.split(' ')[0]) >= atLeast)
  return there.length === seen.length
}

interface Changed {
  readonly next: Rows
  /** What the client must have been told. */
  readonly told: string
}

function change(rows: Rows, { id, operation }: Record): Changed {
  const next = [...rows]
  switch (operation.kind) {
    case 'put':
      if (!meets(rows[operation.at.sort], operation.if)) return { next: rows, told: 'condition' }
      next[operation.at.sort] = rowText({ n: 0, log: `${id}`, pad: operation.large ? LARGE : 0 })
      return { next, told: `${next[operation.at.sort]}` }
    case 'insert': {
      const { sorts, onExisting } = operation
      if (onExisting === 'error' && sorts.some((sort) => rows[sort] !== undefined))
        return { next: rows, told: 'conflict' }
      const told = sorts.map((sort) => {
        if (next[sort] === undefined)
          next[sort] = rowText({ n: 0, log: `${id}`, pad: operation.large ? LARGE : 0 })
        else if (onExisting === 'ignore') return 'exists'
        else if (!meets(next[sort], operation.if)) return 'condition'
        else next[sort] = appended(next[sort], id, operation.grow)
        return next[sort]
      })
      return { next, told: told.join('; ') }
    }
    case 'append': {
      const row = rows[operation.at.sort]
      if (operation.alone && hasOthers(rows, operation.at.sort)) return { next: rows, told: 'conflict' }
      if (row === undefined) return { next: rows, told: operation.twice ? 'absent; absent' : 'absent' }
      if (!meets(row, operation.if)) return { next: rows, told: 'condition' }
      const once = appended(row, id, operation.grow)
      next[operation.at.sort] = operation.twice ? counted(once) : once
      return { next, told: operation.twice ? `${once}; ${counted(once)}` : once }
    }
    default: {
      const { at, quiet, alone, if: wanted } = operation as typeof operation & { kind: 'delete' }
      const row = rows[at.sort]
      if (alone && hasOthers(rows, at.sort)) return { next: rows, told: 'conflict' }
      if (row === undefined) return { next: rows, told: 'absent' }
      if (!meets(row, wanted)) return { next: rows, told: 'condition' }
      next[at.sort] = undefined
      return { next, told: quiet ? 'removed' : `removed ${row}` }
    }
  }
}

function appended(row: string, id: number, grow = false): string {
  const [n, log, pad] = row.split(' ')
  return `${Number(n) + 1} ${log},${id} ${Number(pad) * (grow ? 2 : 1)}`
}

function counted(row: string): string {
  return row.replace(/^\d+/, (n) => `${Number(n) + 1}`)
}

function meets(row: string | undefined, wanted: number | 'as seen' | undefined): boolean {
  return wanted === undefined || row?.startsWith(`${wanted} `) === true
}

function hasOthers(rows: Rows, sort: number): boolean {
  return rows.some((row, other) => other !== sort && row !== undefined)
}

function toldText({ written, conflict }: Record): string {
  if (conflict) return 'conflict'
  return written
    .map(({ made, removed, because }) => {
      if (removed !== undefined) return `removed ${rowText(removed)}`
      if (made === undefined) return `${because}`
      return made.row === null ? 'removed' : rowText(made.row)
    })
    .join('; ')
}

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

export function rowText({ n, log, pad }: Row): string {
  return `${n} ${log} ${pad}`
}

function matches(rows: Rows, { place, row }: SeenRow): boolean {
  return rows[place.sort] === (row === null ? undefined : rowText(row))
}

/** Whether a page shows all rows that there are where it covers. */
function covers(rows: Rows, { covers, seen }: Record): boolean {
  if (covers === undefined) return true
  const there = rows.slice(covers.from, covers.to).filter((row) => row !== undefined)
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
      next[operation.at.sort] = rowText({ n: 0, log: `${id}`, pad: operation.large ? LARGE : 0 })
      return { next, told: `${next[operation.at.sort]}` }
    case 'insert': {
      const { sorts, onExisting } = operation
      if (onExisting === 'error' && sorts.some((sort) => rows[sort] !== undefined))
        return { next: rows, told: 'conflict' }
      const told = sorts.map((sort) => {
        if (next[sort] === undefined) next[sort] = rowText({ n: 0, log: `${id}`, pad: 0 })
        else if (onExisting === 'ignore') return 'nothing'
        else next[sort] = appended(next[sort], id)
        return next[sort]
      })
      return { next, told: told.join('; ') }
    }
    case 'append': {
      const row = rows[operation.at.sort]
      const wanted = operation.if
      if (row === undefined || (wanted !== undefined && !row.startsWith(`${wanted} `)))
        return { next: rows, told: 'nothing' }
      next[operation.at.sort] = appended(row, id)
      return { next, told: `${next[operation.at.sort]}` }
    }
    default: {
      const { at } = operation as typeof operation & { kind: 'delete' }
      const row = rows[at.sort]
      if (row === undefined) return { next: rows, told: 'nothing' }
      next[at.sort] = undefined
      return { next, told: `removed ${row}` }
    }
  }
}

function appended(row: string, id: number): string {
  const [n, log, pad] = row.split(' ')
  return `${Number(n) + 1} ${log},${id} ${pad}`
}

function toldText({ written, conflict }: Record): string {
  if (conflict) return 'conflict'
  return written
    .map(({ made, removed }) => {
      if (removed !== undefined) return `removed ${rowText(removed)}`
      return made?.row ? rowText(made.row) : 'nothing'
    })
    .join('; ')
}

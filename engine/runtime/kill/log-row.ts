import { column, type Expression, value } from '../../index.js'

/*
 * What the rows of the Worker that is killed are: ids are appended to a log and counted, so that a lost one, a
 * doubled one and one that was appended to half its rows all show in the rows afterwards.
 */

/** The rows' sort keys begin with this. */
export const LOG = 'log'

/** A row as it was read: the ids that were appended to it, each with a space behind it, and how many they are. */
export interface LogRow {
  /** `hash key/row`. */
  readonly name: string
  readonly log: string
  readonly count: number
  /** What the row says that it is padded to, and what it is. */
  readonly size?: number
  readonly padding?: number
  /** What is in it, if it is an account. */
  readonly coins?: number
}

/** An item as a row. */
export function logRow(
  hashKey: string,
  { sortKey, value: item }: { sortKey: unknown[]; value: object },
): LogRow {
  const { pad, ...row } = item as { log: string; count: number; size?: number; pad?: string; coins?: number }
  return { name: `${hashKey}/${sortKey[1]}`, ...row, ...(pad === undefined ? {} : { padding: pad.length }) }
}

/** A row as an insert makes it, which is larger by what it is padded with. */
export function inserted(id: string, padding: number): { [column: string]: string | number } {
  return { log: `${id} `, count: 1, size: padding, pad: 'x'.repeat(padding) }
}

/** @param padding by how much the row grows, beside its log. */
export function appending(id: string, padding = 0): { readonly [name: string]: Expression } {
  const grown: { readonly [name: string]: Expression } = {
    size: { kind: 'arithmetic', operator: '+', left: column('size'), right: value(padding) },
    pad: { kind: 'concat', left: column('pad'), right: value('x'.repeat(padding)) },
  }
  return {
    ...(padding === 0 ? {} : grown),
    log: { kind: 'concat', left: column('log'), right: value(`${id} `) },
    count: { kind: 'arithmetic', operator: '+', left: column('count'), right: value(1) },
  }
}

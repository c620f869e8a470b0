import { column, type Expression, value } from '../../index.js'

/*
 * What the rows of the Worker that is killed are: ids are appended to a log and counted, so that a lost one, a
 * doubled one and one that was appended to half its rows all show in the rows afterwards.
 */

/** The rows' sort keys begin with this. */
export const LOG = 'log'
export const DATABASE = 'killed'

/** A row as it was read: the ids that were appended to it, each with a space behind it, and how many they are. */
export interface LogRow {
  /** `hash key/row`. */
  readonly name: string
  readonly log: string
  readonly count: number
  /** What is in it, if it is an account. */
  readonly coins?: number
}

/** An item as a row. */
export function logRow(
  hashKey: string,
  { sortKey, value: item }: { sortKey: unknown[]; value: object },
): LogRow {
  return { name: `${hashKey}/${sortKey[1]}`, ...(item as { log: string; count: number; coins?: number }) }
}

export function appending(id: string): { readonly [name: string]: Expression } {
  return {
    log: { kind: 'concat', left: column('log'), right: value(`${id} `) },
    count: { kind: 'arithmetic', operator: '+', left: column('count'), right: value(1) },
  }
}

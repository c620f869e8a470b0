import type { Version } from '../../operations.js'
import type { Leaving, Record, WrittenRow } from '../record.js'
import { placeText, type Row, writerOf } from '../workloads/operation.js'
import { foreignView } from './own-view.js'
import { type FinalRow, knownVersions, writeName } from './to-history.js'

/**
 * Adds to the transactions what they have written, as far as it came to light: a transaction is told neither rows
 * nor versions of what it leaves.
 */
export function settle(records: readonly Record[], stored: readonly FinalRow[]): Record[] {
  const versions = knownVersions(records, stored)
  const rows = new Map(stored.map(({ place, row }) => [writeName(place, writerOf(row)), row]))
  return records.map((record) => {
    if (record.outcome !== 'done' || record.leaves === undefined) return record
    return { ...record, written: record.leaves.flatMap((left) => installed(left, record, versions, rows)) }
  })
}

function installed(
  { place, deletes }: Leaving,
  record: Record,
  versions: ReadonlyMap<string, Version>,
  rows: ReadonlyMap<string, Row>,
): WrittenRow[] {
  if (!deletes) {
    const name = writeName(place, record.id)
    const version = versions.get(name)
    return version === undefined ? [] : [{ place, made: { row: rows.get(name), version } }]
  }
  // A delete has no version that anybody could see: it comes right behind the row that it took away.
  const base = foreignView(record).rows.findLast((seen) => placeText(seen.place) === placeText(place))
  if (base?.row == null) return []
  const version = versions.get(writeName(place, writerOf(base.row)))
  return version === undefined ? [] : [{ place, made: { row: null, version: version + 0.5 } }]
}

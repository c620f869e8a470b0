import type { Record, Statement } from '../record.js'
import { placeText } from '../workloads/operation.js'
import type { Anomaly } from './history.js'

/** Transfers move amounts and make none: whoever looks at all rows at one moment finds zero in all. */
export function checkTotals(records: readonly Record[]): Anomaly[] {
  return records
    .filter(({ outcome }) => outcome === 'done')
    .flatMap((record) =>
      readingsOf(record).flatMap(({ operation, seen, totals = [] }): Anomaly[] => {
        if (!('balanced' in operation && operation.balanced)) return []
        const shown = seen.reduce((sum, { row }) => sum + (row?.amount ?? 0), 0)
        const total = totals.reduce((sum, { amounts }) => sum + (amounts ?? 0), shown)
        if (total === 0) return []
        const description = `T${record.id} found ${total} in all, where transfers had made nothing`
        const keys = seen.map(({ place }) => placeText(place))
        return [{ name: 'wrong total', description, transactions: [record.id], keys }]
      }),
    )
}

/** What it has read, statement by statement. Only a scan is in several pieces. */
function readingsOf(record: Record): Statement[] {
  const statements = (record.statements ?? []).filter((statement) => typeof statement !== 'string')
  if (record.operation.kind !== 'scan') return [record, ...statements]
  return [{ ...record, seen: statements.flatMap(({ seen }) => seen) }]
}

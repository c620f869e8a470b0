import type { PinnedSettings } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { settingsText } from '../settings-check.js'
import type { Anomaly } from './judge/history.js'
import type { RunPlan } from './plan.js'
import type { Record, SeenRow } from './record.js'
import { idsOf } from './workloads/operation.js'

/** Who may declare what, and what the data was written with. */
export interface Declared {
  readonly settings: PinnedSettings
  /** Of those who declare others, by mistake. */
  readonly stray: PinnedSettings
  /** What each root's data was written with, if there is any. */
  readonly stored: ReadonlyMap<PartitionName, string>
  rootOf(hash: number): PartitionName
}

/** Who declares other settings than the data was written with must be told nothing of it. */
export function auditSettings(
  { clients }: RunPlan,
  records: readonly Record[],
  { settings, stray, stored, rootOf }: Declared,
): Anomaly[] {
  return records.flatMap((record): Anomaly[] => {
    const { id, client, written } = record
    const isStray = clients.find((plan) => plan.client === client)?.stray === true
    const declared = settingsText(isStray ? stray : settings)
    const touched = [
      ...foundBy(record).map(({ place }) => place),
      ...written.filter(({ made }) => made !== undefined).map(({ place }) => place),
    ]
    const wrong = touched.find(({ hash }) => stored.get(rootOf(hash)) !== declared)
    if (wrong === undefined) return []
    const keys = [`h${wrong.hash}`]
    const description = `T${id} declared ${declared}, and was served by a tree that was written with ${stored.get(rootOf(wrong.hash))}`
    return [{ name: 'broken storage', description, transactions: [id], keys }]
  })
}

/** The rows that a store has shown, and no block has drafted. */
function foundBy({ id, seen, statements = [] }: Record): SeenRow[] {
  const shown = statements.flatMap((statement) => (typeof statement === 'string' ? [] : statement.seen))
  return [...seen, ...shown].filter(({ row }) => row !== null && !idsOf(row).includes(id))
}

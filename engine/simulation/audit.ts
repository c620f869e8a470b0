import { decodeKey } from '../keys/key-codec.js'
import { fitsInline } from '../partition/schema.js'
import type { PartitionName } from '../ports.js'
import { type ItemText, textBytes } from '../values/item-text.js'
import type { Host } from './host.js'
import type { Anomaly } from './judge/history.js'
import type { FinalRow } from './judge/to-history.js'
import { auditTree, type Tree } from './tree-audit.js'
import { placeText } from './workloads/operation.js'
import { placeOf, toRow } from './workloads/rows.js'

interface StoredRow {
  readonly hash_key: Uint8Array
  readonly sort_key: Uint8Array
  readonly version: number
  readonly value: string | null
  readonly large: string | null
  readonly expires: number | null
}

/** What is left in storage when all is over, and what of it must not be so. */
export interface Audit {
  readonly rows: readonly FinalRow[]
  readonly anomalies: readonly Anomaly[]
  readonly tree: Tree
  /** The settings that each partition's data was written with, if there is any. */
  readonly settings: ReadonlyMap<PartitionName, string>
}

/** Reads every partition's database, and holds it against the invariants of the tree and of its tables. */
export function audit(hosts: readonly Host[], database: string, roots: number): Audit {
  const rows: FinalRow[] = []
  const anomalies: Anomaly[] = []
  const settings = new Map<PartitionName, string>()
  const { tree, anomalies: ofTree } = auditTree(hosts, database, roots)
  anomalies.push(...ofTree)
  const broken = (host: Host, description: string) =>
    anomalies.push({
      name: 'broken storage',
      description: `${host.name}: ${description}`,
      transactions: [],
      keys: [],
    })
  for (const host of hosts) {
    const { database: sqlite } = host.disk
    const tables = sqlite.prepare("SELECT name FROM sqlite_master WHERE name = 'items'").all()
    if (tables.length === 0) continue
    const pinned = sqlite.prepare("SELECT value FROM facts WHERE name = 'settings'").get() as
      | { value: string }
      | undefined
    if (pinned !== undefined) settings.set(host.name, pinned.value)
    const stored = sqlite
      .prepare(
        `SELECT hash_key, sort_key, items.version, items.value, large_values.value AS large, items.expires
         FROM items LEFT JOIN large_values ON large_values.version = items.version`,
      )
      .all() as unknown as StoredRow[]
    const large = sqlite.prepare('SELECT count(*) AS n FROM large_values').get() as { n: number }
    const bound = sqlite.prepare("SELECT value FROM facts WHERE name = 'clock_bound'").get() as
      | { value: number }
      | undefined
    const locks = sqlite.prepare('SELECT count(*) AS n FROM parts').get() as { n: number }
    if (locks.n > 0) broken(host, `${locks.n} parts of transactions that have not ended`)
    const records = sqlite.prepare('SELECT count(*) AS n FROM transactions').get() as { n: number }
    if (records.n > 0) broken(host, `${records.n} records of transactions that nobody can ask for any more`)
    if (pinned === undefined && stored.length > 0)
      broken(host, 'data without the settings that it was written with')
    if (large.n !== stored.filter(({ value }) => value === null).length)
      broken(host, 'large values that no item has')
    if (new Set(stored.map(({ version }) => version)).size < stored.length) broken(host, 'one version twice')
    for (const row of stored) {
      const [hash] = decodeKey(row.hash_key) as [string]
      const [sort] = decodeKey(row.sort_key) as [number]
      const text = (row.value ?? row.large) as ItemText | null
      const name = `${hash}/${sort}`
      const owner = tree.ownerOf(row.hash_key, row.sort_key)
      if (owner !== host.name) broken(host, `${name} belongs to ${owner}`)
      // Nothing is to happen any more, and every alarm has rung.
      if (row.expires !== null) {
        const description = `${host.name}: ${name} has ended, and is stored still`
        anomalies.push({ name: 'expired row', description, transactions: [], keys: [] })
      }
      const others = tree.serversOf(row.hash_key, row.sort_key).filter((server) => server !== owner)
      if (others.length > 0) broken(host, `${name} is served by ${others.join(' and ')} beside ${owner}`)
      if (row.version > (bound?.value ?? 0)) broken(host, `${name} has a version above the stored bound`)
      if (text === null || (row.value !== null && row.large !== null)) {
        broken(host, `${name} has no value, or two`)
        continue
      }
      const inline = fitsInline(row.hash_key.length, row.sort_key.length, textBytes(text))
      if (inline !== (row.value !== null)) broken(host, `${name} is stored where it does not belong`)
      const place = { hash: Number(hash.slice(1)), sort }
      if (placeText(placeOf(text)) !== placeText(place)) broken(host, `${name} holds another one's row`)
      if (owner === host.name) rows.push({ place, row: toRow(text), version: row.version })
    }
  }
  return { rows, anomalies, tree, settings }
}

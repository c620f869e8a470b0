import { keyText } from '../../keys/key-text.js'
import type { ItemKey } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { auditTree, type Splits } from '../../simulation/tree-audit.js'
import { placeOf, rootOf } from '../../topology/partition-name.js'
import type { Finding } from './ledger.js'
import { DATABASE, PINNED } from './settings.js'
import { type StoredPartition, serves } from './stored-partitions.js'

/**
 * How far transfers had come when the server was killed.
 *
 * - `planned`: the source has decided on it.
 * - `copying`: the target has a part of it, or does not know of it yet.
 * - `catching`: the target has all, and not what has changed since.
 * - `moved`: the source has handed over, and the target does not know.
 * - `serving`: the target serves, and the source does not know.
 * - `settled`: what the source has left is to be deleted.
 */
export interface Stages {
  readonly planned: number
  readonly copying: number
  readonly catching: number
  readonly moved: number
  readonly serving: number
  readonly settled: number
}

export const NO_STAGES: Stages = { planned: 0, copying: 0, catching: 0, moved: 0, serving: 0, settled: 0 }

export function addStages(left: Stages, right: Stages): Stages {
  const sum = { ...NO_STAGES }
  for (const stage of Object.keys(sum) as (keyof Stages)[]) sum[stage] = left[stage] + right[stage]
  return sum
}

/** What is under way. */
export function stagesOf(partitions: readonly StoredPartition[]): Stages {
  const arrivals = new Map(
    partitions.flatMap(({ arrival }) => (arrival ? [[arrival.id, arrival.state]] : [])),
  )
  const stages: Record<string, number> = { ...NO_STAGES }
  for (const { id, state } of partitions.flatMap(({ moves }) => moves)) {
    const arrived = arrivals.get(id)
    const stage = state === 'copying' && arrived === 'catching' ? 'catching' : state
    const come = state === 'moved' && (arrived === 'serving' || arrived === 'settled') ? 'serving' : stage
    if (come !== 'ended') stages[come] = (stages[come] ?? 0) + 1
  }
  return stages as unknown as Stages
}

/** Items that several partitions serve, whoever is asked. There is no moment at which there may be any. */
export function servedTwice(partitions: readonly StoredPartition[]): Finding[] {
  const servers = new Map<string, number>()
  for (const { partition, key } of allItems(partitions)) {
    if (!serves(partition, key)) continue
    const name = textOf(key)
    servers.set(name, (servers.get(name) ?? 0) + 1)
  }
  return [...servers].filter(([, n]) => n > 1).map(([row]) => ({ kind: 'served twice', row }))
}

/** What is not over: transfers at either side, and changes that are noted for one. */
export function unfinished(partitions: readonly StoredPartition[]): Finding[] {
  return partitions.flatMap(({ file, arrival, moves, changes }) => {
    const open = [
      ...moves.flatMap(({ target, state }) => (state === 'ended' ? [] : [`gives to ${target}: ${state}`])),
      ...(arrival === undefined || arrival.state === 'settled' ? [] : [`arrives: ${arrival.state}`]),
      ...(changes === 0 ? [] : [`has ${changes} changes in its log`]),
    ]
    return open.map((what): Finding => ({ kind: 'unfinished', row: `${arrival?.target ?? file} ${what}` }))
  })
}

/** What is wrong with the tree when nothing is under way any more, and how often it has grown. */
export function auditStoredTree(partitions: readonly StoredPartition[]): {
  readonly findings: Finding[]
  readonly splits: Splits
} {
  const stored = partitions.map((partition) => ({
    name: partitionName(partition),
    disk: { database: partition.database },
  }))
  const { tree, anomalies } = auditTree(stored, DATABASE, PINNED.roots)
  const items = allItems(partitions)
  const served = new Set(
    items.filter(({ partition, key }) => serves(partition, key)).map(({ key }) => textOf(key)),
  )
  const findings = [
    ...anomalies.map(({ description }): Finding => ({ kind: 'grown wrong', row: description })),
    ...items
      .filter(({ partition, key }) => !serves(partition, key))
      .map(({ partition, key }): Finding => {
        const kind = served.has(textOf(key)) ? 'left behind' : 'served by nobody'
        return { kind, row: `${textOf(key)} in ${partitionName(partition)}` }
      }),
  ]
  return { findings, splits: tree.splits }
}

function allItems(partitions: readonly StoredPartition[]) {
  return partitions.flatMap((partition) => partition.items.map((key) => ({ partition, key })))
}

function textOf({ hashKey, sortKey }: ItemKey): string {
  return `${JSON.stringify(keyText(hashKey))}/${JSON.stringify(keyText(sortKey))}`
}

/** A file does not say whose it is: a root's children do, or its items, or what was promoted out of it. */
function partitionName({ arrival, moves, promoted, items, file }: StoredPartition): PartitionName {
  if (arrival !== undefined) return arrival.target as PartitionName
  const [child] = moves
  if (child?.set.kind === 'child') {
    return `${DATABASE}/h/${placeOf(child.target as PartitionName).path[0]}` as PartitionName
  }
  const hashKey = items[0]?.hashKey ?? promoted[0]?.hashKey
  if (hashKey === undefined) throw new Error(`nobody knows whose file ${file} is`)
  return rootOf(DATABASE, hashKey, PINNED.roots)
}

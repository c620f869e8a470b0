import type { DatabaseSync } from 'node:sqlite'
import { compareBytes, sameBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { GrowthEvent, ItemKey, KeySet } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { EVERYTHING, holds } from '../topology/key-set.js'
import { childIndex, isUnder, placeOf, rootOf } from '../topology/partition-name.js'
import { decodeBase64 } from '../values/base64.js'
import { describeKey, describeSet } from './describe.js'
import type { Anomaly } from './judge/history.js'

/** How often the tree has grown, by what grew. */
export interface Splits {
  /** Hash partitions that have children. */
  readonly hash: number
  /** Hash keys that have range partitions of their own. */
  readonly promotion: number
  /** Range partitions that have children. */
  readonly range: number
}

/** The tree as the partitions' tables say that it is. */
export interface Tree {
  /** Whoever serves a key, from the root on. */
  ownerOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName
  /** All who serve a key, each by its own tables alone: this should be one. */
  serversOf(hashKey: Uint8Array, sortKey: Uint8Array): PartitionName[]
  readonly splits: Splits
  /** How the tree has grown. */
  readonly grown: readonly GrowthEvent[]
}

export const NO_SPLITS: Splits = { hash: 0, promotion: 0, range: 0 }

export function addSplits(left: Splits, right: Splits): Splits {
  return {
    hash: left.hash + right.hash,
    promotion: left.promotion + right.promotion,
    range: left.range + right.range,
  }
}

/** What one partition has stored of its place in the tree. */
interface StoredPlace {
  readonly name: PartitionName
  readonly arrival: { id: number; source: PartitionName; set: KeySet; state: string } | undefined
  readonly transfers: readonly { id: number; target: PartitionName; set: KeySet; state: string }[]
  readonly promoted: readonly { readonly hashKey: Uint8Array; readonly partition: PartitionName }[]
  readonly changes: number
}

/**
 * Reads the tree from storage, and holds it against what must be so when nothing is under way: every transfer has
 * ended at both of its sides, and the sets that partitions have tile all keys. None of the partitions' code is asked.
 */
export function auditTree(
  hosts: readonly { readonly name: PartitionName; readonly disk: { readonly database: DatabaseSync } }[],
  database: string,
  roots: number,
): { readonly tree: Tree; readonly anomalies: readonly Anomaly[] } {
  const places = new Map(
    hosts.flatMap(({ name, disk }) => (hasTables(disk.database) ? [[name, read(name, disk.database)]] : [])),
  )
  const ownerOf = (hashKey: Uint8Array, sortKey: Uint8Array): PartitionName => {
    let at = rootOf(database, hashKey, roots)
    for (let depth = 0; depth <= places.size; depth++) {
      const next = nextOf(places.get(at), hashKey, sortKey)
      if (next === undefined) return at
      at = next
    }
    return at
  }
  const all = [...places.values()]
  const splits: Splits = {
    hash: all.filter(({ transfers }) => transfers.some(({ set }) => set.kind === 'child')).length,
    promotion: all.reduce((sum, { promoted }) => sum + promoted.length, 0),
    range: all.filter(({ transfers }) => transfers.some(({ set }) => set.kind === 'interval')).length,
  }
  const serversOf = (hashKey: Uint8Array, sortKey: Uint8Array) =>
    all.filter((place) => serves(place, hashKey, sortKey, roots)).map(({ name }) => name)
  const wrong = [
    ...all.flatMap((place) => wrongWith(place, places)),
    ...unreached(places),
    ...bounds(places).flatMap(({ hashKey, sortKey }) => {
      const [owner, ...others] = serversOf(hashKey, sortKey)
      const asked = ownerOf(hashKey, sortKey)
      if (owner === asked && others.length === 0) return []
      return [
        `${describeKey(hashKey, sortKey)} is served by ${[owner, ...others].join(' and ')}, not by ${asked}`,
      ]
    }),
  ]
  const anomalies = wrong.map(
    (description): Anomaly => ({ name: 'broken storage', description, transactions: [], keys: [] }),
  )
  return { tree: { ownerOf, serversOf, splits, grown: all.flatMap(grownFrom) }, anomalies }
}

/** How the tree has grown from a partition, when nothing is under way. */
function grownFrom({ name, transfers, promoted }: StoredPlace): GrowthEvent[] {
  const events: GrowthEvent[] = promoted.map(({ hashKey }) => ({ kind: 'promotion', hashKey }))
  if (transfers.some(({ set }) => set.kind === 'child')) events.push({ kind: 'split', partition: name })
  const [, second] = transfers.flatMap(({ set }) => (set.kind === 'interval' ? [set] : []))
  if (second !== undefined) {
    const { hashKey, interval } = second
    events.push({ kind: 'rangeSplit', partition: name, hashKey, boundary: interval.from })
  }
  return events
}

/** Where a partition's tables send a key; nothing, if it stays. */
function nextOf(
  place: StoredPlace | undefined,
  hashKey: Uint8Array,
  sortKey: Uint8Array,
): PartitionName | undefined {
  const gone = place?.transfers.find(
    ({ set, state }) => state !== 'planned' && state !== 'copying' && holds(set, hashKey, sortKey),
  )
  return gone?.target ?? place?.promoted.find((each) => sameBytes(each.hashKey, hashKey))?.partition
}

function wrongWith(place: StoredPlace, places: ReadonlyMap<PartitionName, StoredPlace>): string[] {
  const { name, arrival, transfers, promoted, changes } = place
  const wrong: string[] = []
  const { kind, path } = placeOf(name)
  const isRoot = kind === 'hash' && path.length === 1
  if (isRoot !== (arrival === undefined))
    wrong.push(isRoot ? 'is a root, and was adopted' : 'has stored something, and nobody has adopted it')
  if (arrival !== undefined && arrival.state !== 'settled')
    wrong.push(`has not ended the transfer of ${describeSet(arrival.set)}: ${arrival.state}`)
  for (const { id, target, set, state } of transfers) {
    if (state !== 'ended')
      wrong.push(`has not ended the transfer of ${describeSet(set)} to ${target}: ${state}`)
    const other = places.get(target)?.arrival
    if (other?.id !== id || other.source !== name || describeSet(other.set) !== describeSet(set))
      wrong.push(`has given ${describeSet(set)} to ${target}, which does not know of it`)
  }
  for (const { hashKey, partition } of promoted) {
    const set = places.get(partition)?.arrival?.set
    if (set?.kind !== 'hashKey' || !sameBytes(set.hashKey, hashKey))
      wrong.push(`says that ${partition} has what it has not`)
  }
  if (changes > 0) wrong.push(`has ${changes} changes that nobody will ask for`)
  wrong.push(...wrongChildren(place))
  return wrong.map((what) => `${name} ${what}`)
}

/** What was divided went to somebody, all of it, and nothing of it twice. */
function wrongChildren({ name, arrival, transfers }: StoredPlace): string[] {
  if (transfers.length === 0) return []
  const sets = transfers.map(({ set }) => set)
  if (placeOf(name).kind === 'hash') {
    const level = placeOf(name).path.length
    const [first] = sets
    const fanout = first?.kind === 'child' ? first.fanout : 0
    const indices = sets.flatMap((set) =>
      set.kind === 'child' && set.level === level && set.fanout === fanout ? [set.index] : [],
    )
    const whole = Array.from({ length: fanout }, (_, index) => index).join()
    return indices.sort((a, b) => a - b).join() === whole && indices.length === sets.length
      ? []
      : [`is divided into ${sets.map(describeSet).join('; ')}`]
  }
  const own = arrival?.set
  const interval = own?.kind === 'interval' ? own.interval : EVERYTHING
  const pieces = sets
    .flatMap((set): Interval[] => (set.kind === 'interval' ? [set.interval] : []))
    .sort((left, right) => compareBytes(left.from, right.from))
  const bounds = [interval.from, ...pieces.flatMap(({ from, to }) => [from, to]), interval.to].map(keyText)
  const tiles = bounds.every((bound, i) => i % 2 === 1 || bound === bounds[i + 1])
  return tiles && pieces.length === sets.length ? [] : [`is divided into ${sets.map(describeSet).join('; ')}`]
}

/** Who is a part of the tree is named by one partition above it, and by no other. */
function unreached(places: ReadonlyMap<PartitionName, StoredPlace>): string[] {
  const named = [...places.values()].flatMap(({ transfers, promoted }) => [
    ...transfers.map(({ target }) => target),
    ...promoted.map(({ partition }) => partition),
  ])
  return [...places.values()].flatMap(({ name, arrival }) => {
    if (arrival === undefined) return []
    const times = named.filter((each) => each === name).length
    return times === 1 ? [] : [`${name} is named by ${times} partitions above it`]
  })
}

/** Whether a partition serves a key, by its own tables alone. */
function serves(place: StoredPlace, hashKey: Uint8Array, sortKey: Uint8Array, roots: number): boolean {
  const { name, arrival } = place
  if (arrival === undefined) {
    const { path } = placeOf(name)
    if (path.length !== 1 || childIndex(hashKey, 0, roots) !== path[0]) return false
  } else {
    const { set, state } = arrival
    if ((state !== 'serving' && state !== 'settled') || !holds(set, hashKey, sortKey)) return false
    if (set.kind === 'child' && !isUnder(placeOf(name), hashKey, roots, set.fanout)) return false
  }
  return nextOf(place, hashKey, sortKey) === undefined
}

/** The first keys of all ranges, and the last ones before them. */
function bounds(places: ReadonlyMap<PartitionName, StoredPlace>): ItemKey[] {
  return [...places.values()].flatMap(({ arrival }) => {
    const set = arrival?.set
    if (set === undefined || set.kind === 'child') return []
    const { from } = set.kind === 'interval' ? set.interval : EVERYTHING
    const before = from.at(-1)
      ? Uint8Array.from([...from.slice(0, -1), (from.at(-1) as number) - 1, 0xff])
      : from
    return [from, before].map((sortKey) => ({ hashKey: set.hashKey, sortKey }))
  })
}

function hasTables(database: DatabaseSync): boolean {
  return exists(database, 'facts')
}

function exists(database: DatabaseSync, table: string): boolean {
  return database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').all(table).length > 0
}

function read(name: PartitionName, database: DatabaseSync): StoredPlace {
  const [arrival] = database.prepare("SELECT value FROM facts WHERE name = 'arrival'").all() as {
    value: string
  }[]
  const place = { name, arrival: arrival && readArrival(arrival.value) }
  // A partition of an older format has none of these tables.
  if (!exists(database, 'transfers')) return { ...place, transfers: [], promoted: [], changes: 0 }
  const transfers = database
    .prepare('SELECT id, target, key_set, state FROM transfers ORDER BY place')
    .all() as unknown as { id: number; target: PartitionName; key_set: string; state: string }[]
  const promoted = database.prepare('SELECT hash_key, partition FROM promoted').all() as unknown as {
    hash_key: Uint8Array
    partition: PartitionName
  }[]
  const [changes] = database.prepare('SELECT count(*) AS n FROM changes').all() as { n: number }[]
  return {
    ...place,
    transfers: transfers.map(({ key_set: set, ...transfer }) => ({ ...transfer, set: readSet(set) })),
    promoted: promoted.map(({ hash_key: hashKey, partition }) => ({ hashKey, partition })),
    changes: changes?.n ?? 0,
  }
}

function readArrival(text: string): NonNullable<StoredPlace['arrival']> {
  const { id, source, set, state } = JSON.parse(text)
  return { id, source, state, set: readSet(set) }
}

function readSet(text: string): KeySet {
  const set = JSON.parse(text)
  if (set.kind === 'child') return set
  const hashKey = decodeBase64(set.hashKey)
  if (set.kind === 'hashKey') return { kind: 'hashKey', hashKey }
  return { kind: 'interval', hashKey, interval: { from: decodeBase64(set.from), to: decodeBase64(set.to) } }
}

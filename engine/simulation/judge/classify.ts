import { type Dependency, type DependencyKind, keysOf } from './dependency-graph.js'
import type { Anomaly, AnomalyName, Transaction } from './history.js'
import { precedes } from './moments.js'

/** One kind of cycle: what it is made of, and what it is called. */
export interface CycleKind {
  /** What it may start with, go on with, and end with at the transaction where it started. */
  readonly first: readonly DependencyKind[]
  /** What must be true of the first besides, if anything. */
  readonly firstIs?: (dependency: Dependency) => boolean
  readonly further: readonly DependencyKind[]
  readonly last: readonly DependencyKind[]
  /** `undefined` if it has been reported already, as something simpler. */
  readonly name: (cycle: readonly Dependency[]) => AnomalyName | undefined
}

/**
 * In this order: a cycle that has been found to be of one kind is of none before, and so there is no need to say
 * that a cycle has "several" rw or "some" rt. A transaction that overwrites a key which it read too early is on
 * a cycle with one rw, and so write skew is never a lost update.
 */
export const CYCLE_KINDS: readonly CycleKind[] = [
  { first: ['ww'], further: ['ww'], last: ['ww'], name: () => 'G0 (dirty write)' },
  {
    first: ['ww', 'wr'],
    further: ['ww', 'wr'],
    last: ['ww', 'wr'],
    name: () => 'G1c (circular information flow)',
  },
  {
    first: ['rw'],
    firstIs: losesUpdate,
    further: ['ww', 'wr'],
    last: ['ww', 'wr'],
    name: () => 'lost update',
  },
  {
    first: ['rw'],
    further: ['ww', 'wr'],
    last: ['ww', 'wr'],
    name: (cycle) => (hasPhantom(cycle) ? 'G2 (phantom)' : 'G-single (read skew)'),
  },
  {
    first: ['rw'],
    further: ['ww', 'wr', 'rw'],
    last: ['ww', 'wr', 'rw'],
    name: (cycle) => (hasPhantom(cycle) ? 'G2 (phantom)' : 'G2-item (write skew)'),
  },
  {
    first: ['rw'],
    further: ['ww', 'wr', 'rt'],
    // Not ww: the reader's own write would have a part in it.
    last: ['wr', 'rt'],
    name: (cycle) => (hasPhantom(cycle) ? 'G2 (phantom)' : 'stale read'),
  },
  {
    first: ['ww', 'wr', 'rw', 'rt'],
    further: ['ww', 'wr', 'rw', 'rt'],
    last: ['ww', 'wr', 'rw', 'rt'],
    name: (cycle) => (isOrderOfOneKey(cycle) ? undefined : 'real-time violation'),
  },
]

/** The cycle in words. */
export function describeCycle(name: AnomalyName, cycle: readonly Dependency[]): Anomaly {
  return {
    name,
    description: sentence(cycle),
    transactions: cycle.map(({ from }) => from.id),
    keys: [...new Set(cycle.flatMap(keysOf))],
  }
}

function hasPhantom(cycle: readonly Dependency[]): boolean {
  return cycle.some((dependency) => dependency.kind === 'rw' && dependency.phantomIn !== undefined)
}

/**
 * The reader wrote on top of what it had not seen. It is called a lost update if the other had read the same
 * version before it overwrote it, or was done before the reader was even called.
 */
function losesUpdate(dependency: Dependency): boolean {
  if (dependency.kind !== 'rw' || dependency.phantomIn !== undefined) return false
  const { from: reader, to: overwriter, seen, missed } = dependency
  const version = seen === undefined || seen.deletes ? 'absent' : seen.number
  return wrote(reader, missed.key) && (precedes(overwriter, reader) || read(overwriter, missed.key, version))
}

function wrote({ writes = [] }: Transaction, key: string): boolean {
  return writes.some((write) => write.key === key)
}

function read({ reads = [], ranges = [] }: Transaction, key: string, version: number | 'absent'): boolean {
  const rows = [...reads, ...ranges.flatMap((range) => range.rows)]
  return rows.some((row) => row.key === key && (row.version === 0 ? 'absent' : row.version) === version)
}

/** Overwriting and real time contradict each other on one key: `version order violation` has said so. */
function isOrderOfOneKey(cycle: readonly Dependency[]): boolean {
  return (
    cycle.every(({ kind }) => kind === 'ww' || kind === 'rt') && new Set(cycle.flatMap(keysOf)).size === 1
  )
}

function sentence(cycle: readonly Dependency[]): string {
  const [first, second, third] = cycle
  if (first?.kind !== 'rw' || second?.kind !== 'rt' || third !== undefined)
    return cycle.map(clause).join('; ')
  const verbs = { overwrote: 'had overwritten', deleted: 'had deleted', inserted: 'had inserted' }
  return `${missing(first, verbs)} before T${first.from.id} was called`
}

function clause(dependency: Dependency): string {
  const from = `T${dependency.from.id}`
  const to = `T${dependency.to.id}`
  switch (dependency.kind) {
    case 'ww': {
      const { previous, key, deletes, number } = dependency.by
      const wrote = previous?.deletes === true ? 'deleted' : 'wrote'
      const overwrote = deletes ? 'deleted' : 'overwrote'
      return `${from} ${wrote} ${key} at version ${previous?.number}, which ${to} ${overwrote} with version ${number}`
    }
    case 'wr': {
      const { key, number, deletes } = dependency.seen
      return deletes
        ? `${to} saw ${key} absent after ${from} had deleted it with version ${number}`
        : `${to} read ${key} at version ${number}, which ${from} wrote`
    }
    case 'rw':
      return missing(dependency, { overwrote: 'overwrote', deleted: 'deleted', inserted: 'inserted' })
    case 'rt':
      return `${from} was answered before ${to} was called`
    default:
      return dependency satisfies never
  }
}

interface Verbs {
  readonly overwrote: string
  readonly deleted: string
  readonly inserted: string
}

function missing({ from, to, seen, missed, phantomIn }: Dependency & { kind: 'rw' }, verbs: Verbs): string {
  const { key, number, deletes } = missed
  if (seen !== undefined && !seen.deletes) {
    const did = deletes ? verbs.deleted : verbs.overwrote
    return `T${from.id} read ${key} at version ${seen.number}, which T${to.id} ${did} with version ${number}`
  }
  const saw =
    phantomIn === undefined ? `read no ${key}` : `saw no ${key} in [${phantomIn.from}, ${phantomIn.to})`
  return `T${from.id} ${saw}, which T${to.id} ${verbs.inserted} at version ${number}`
}

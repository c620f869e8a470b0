import type { Record } from '../record.js'
import type { Place } from '../workloads/operation.js'
import type { Anomaly, AnomalyName } from './history.js'
import { checkLinearizability } from './linearizability.js'
import { placesOf } from './places.js'
import { project } from './project.js'
import { checkSerializability } from './serializability.js'
import { settle } from './settle.js'
import { type FinalRow, toHistory } from './to-history.js'
import { checkTotals } from './totals.js'
import { checkTraces } from './traces.js'

/** All that a run leaves to judge. */
export interface Evidence {
  readonly records: readonly Record[]
  /** What storage held when all was over. */
  readonly final: readonly FinalRow[]
  /** All that storage ever held for certain. */
  readonly durable?: readonly FinalRow[]
}

export interface Judgement {
  /** What went wrong; the first says it best. */
  readonly anomalies: readonly Anomaly[]
  /** Hash keys for which the search for an order gave up. */
  readonly undecided: number
}

/** From what says most to what says least. */
const ORDER: readonly AnomalyName[] = [
  'duplicate write',
  'G1a (aborted read)',
  'broken storage',
  'version reuse',
  'version order violation',
  'fractured write',
  'lost write',
  'lost update',
  'G1b (intermediate read)',
  'G2 (phantom)',
  'stale read',
  'G-single (read skew)',
  'G2-item (write skew)',
]

/** Said when nothing says more. */
const LAST: readonly AnomalyName[] = ['not linearizable', 'wrong total']

/**
 * Judges a run in three ways that know nothing of each other: by the traces that writes leave in rows, by the
 * dependencies between versions, and by looking for an order in which the operations of each hash key could
 * have happened one after the other.
 */
export function judge({ records: told, final, durable = [] }: Evidence): Judgement {
  const stored = [...durable, ...final]
  const records = settle(told, stored)
  const anomalies = [
    ...checkTraces(records, final),
    ...checkSerializability(toHistory(records, stored)),
    ...checkTotals(records),
  ]
  let undecided = 0
  for (const [hash, touching] of byHash(records)) {
    const verdict = checkLinearizability([...touching, lastLook(hash, records, final)])
    if (verdict.kind === 'undecided') undecided++
    if (verdict.kind !== 'not linearizable') continue
    anomalies.push({
      name: 'not linearizable',
      description: `no order of the operations on h${hash} has room for ${
        verdict.stuck.id >= 0 ? `T${verdict.stuck.id}` : 'what was there at the end'
      }`,
      transactions: verdict.stuck.id >= 0 ? [verdict.stuck.id] : [],
      keys: [`h${hash}`],
    })
  }
  const place = ({ name }: Anomaly) =>
    ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length + 1 + LAST.indexOf(name)
  return { anomalies: anomalies.sort((left, right) => place(left) - place(right)), undecided }
}

/** Operations by the hash key that they touch; what touches several is one of each. */
function byHash(records: readonly Record[]): Map<number, Record[]> {
  const hashes = new Map<number, Record[]>()
  for (const record of records) {
    for (const hash of new Set(placesOf(record.operation).map((place) => place.hash))) {
      const touching = hashes.get(hash) ?? []
      touching.push(project(record, hash))
      hashes.set(hash, touching)
    }
  }
  return hashes
}

/** What is there at the end, as a read after everything else. */
function lastLook(hash: number, records: readonly Record[], final: readonly FinalRow[]): Record {
  const after = records.reduce((most, { called, answered = 0 }) => Math.max(most, called, answered), 0)
  const rows = final.filter(({ place }) => place.hash === hash)
  const all = [...rows.map(({ place }) => place), ...records.flatMap(({ operation }) => placesOf(operation))]
  const to = Math.max(0, ...all.filter((place: Place) => place.hash === hash).map(({ sort }) => sort)) + 1
  return {
    id: -1 - hash,
    client: -1,
    operation: { kind: 'range', hash, from: 0, to, descending: false, pageSize: to },
    called: after + 1,
    answered: after + 2,
    outcome: 'done',
    seen: rows.map(({ place, row }) => ({ place, row })),
    covers: { from: 0, to },
    written: [],
    conflict: false,
  }
}

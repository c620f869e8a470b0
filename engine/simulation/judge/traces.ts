import { type Record, writes } from '../record.js'
import { idsOf, type Operation, type Place, placeText, type Row } from '../workloads/operation.js'
import type { Step } from '../workloads/transaction.js'
import type { Anomaly } from './history.js'
import { mayDelete, mayRemove, placesLeft, placesOf } from './places.js'
import type { FinalRow } from './to-history.js'

/*
 * What rows alone tell, because every write leaves its number in them: which writes happened, how often, and
 * on top of which others.
 */

/** Looks for writes that left more, less or other traces than they were said to. */
export function checkTraces(records: readonly Record[], final: readonly FinalRow[]): Anomaly[] {
  const writers = new Map(
    records.filter(({ operation }) => writes(operation)).map((record) => [record.id, record]),
  )
  const rows = [...shownRows(records), ...final.map(({ place, row }) => ({ place, row, reader: undefined }))]
  return [
    ...rows.flatMap((shown) => checkRow(shown, writers)),
    ...checkRepeats(records, writers),
    ...checkVanished(records, final),
    ...checkFractures(records, writers),
    ...[...byPlace(records)].flatMap(([place, touching]) =>
      checkFinal(
        place,
        touching,
        final.find((row) => placeText(row.place) === place),
      ),
    ),
  ].slice(0, 20)
}

interface ShownRow {
  readonly place: Place
  readonly row: Row
  readonly reader: number | undefined
}

function shownRows(records: readonly Record[]): ShownRow[] {
  return records.flatMap(({ id, seen, written, statements = [] }) => [
    ...statements.flatMap((statement) =>
      typeof statement === 'string'
        ? []
        : statement.seen.flatMap(({ place, row }) => (row === null ? [] : othersIn(place, row, id))),
    ),
    ...seen.flatMap(({ place, row }) => (row === null ? [] : [{ place, row, reader: id }])),
    ...written.flatMap(({ place, made, removed }) =>
      [made?.row, removed].flatMap((row) => (row ? [{ place, row, reader: id }] : [])),
    ),
  ])
}

/** Of a row that a block sees, what it has not drafted itself: that may never be. */
function othersIn(place: Place, row: Row, reader: number): ShownRow[] {
  const others = idsOf(row).filter((id) => id !== reader)
  return others.length === 0 ? [] : [{ place, row: { ...row, log: others.join(',') }, reader }]
}

function checkRow({ place, row, reader }: ShownRow, writers: ReadonlyMap<number, Record>): Anomaly[] {
  const keys = [placeText(place)]
  const ids = idsOf(row)
  const by = reader === undefined ? 'at the end' : `when T${reader} looked`
  return [...new Set(ids)].flatMap((id): Anomaly[] => {
    const writer = writers.get(id)
    const transactions = reader === undefined ? [id] : [id, reader]
    if (writer === undefined) {
      return [
        {
          name: 'broken storage',
          description: `${keys} held ${id} ${by}, which nobody wrote`,
          transactions,
          keys,
        },
      ]
    }
    if (ids.indexOf(id) !== ids.lastIndexOf(id)) {
      return [
        { name: 'duplicate write', description: `T${id} stood twice in ${keys} ${by}`, transactions, keys },
      ]
    }
    const notMade =
      writer.outcome === 'refused' || (writer.outcome === 'done' && !hasMade(writer, keys[0] as string))
    return notMade
      ? [
          {
            name: 'G1a (aborted read)',
            description: `${keys} held T${id} ${by}, which was answered that it had not happened`,
            transactions,
            keys,
          },
        ]
      : []
  })
}

function hasMade({ written, leaves }: Record, place: string): boolean {
  return leaves === undefined
    ? written.some(({ place: at, made }) => placeText(at) === place && made !== undefined)
    : leaves.some(({ place: at, deletes }) => placeText(at) === place && !deletes)
}

/**
 * A write that stood on another, or removed it, has the later version. Where it has the earlier one, the other
 * was made again behind it: unless it was answered before, and versions themselves are out of order.
 */
function checkRepeats(records: readonly Record[], writers: ReadonlyMap<number, Record>): Anomaly[] {
  return records.flatMap((record) =>
    record.written.flatMap(({ place, made, removed }) => {
      const before = removed ? idsOf(removed) : made?.row ? idsOf(made.row).slice(0, -1) : []
      if (made === undefined) return []
      const keys = [placeText(place)]
      return before.flatMap((id): Anomaly[] => {
        const other = writers.get(id)
        const version = other?.written.find((written) => placeText(written.place) === keys[0])?.made?.version
        if (other === undefined || version === undefined || version < made.version) return []
        if (other.answered !== undefined && other.answered < record.called) return []
        return [
          {
            name: 'duplicate write',
            description: `T${record.id} stood on what T${id} had made of ${keys}, and T${id} was made behind it too`,
            transactions: [id, record.id],
            keys,
          },
        ]
      })
    }),
  )
}

/**
 * A transaction was acknowledged, and what it left at a place is not there, though nobody can have taken it away: a
 * row keeps the numbers of all that made it. Of what never became durable nobody knows a version, and nothing else
 * tells.
 */
function checkVanished(records: readonly Record[], final: readonly FinalRow[]): Anomaly[] {
  return records
    .filter(({ outcome, leaves }) => outcome === 'done' && leaves !== undefined)
    .flatMap((record) =>
      (record.leaves ?? []).flatMap(({ place, deletes }): Anomaly[] => {
        if (deletes) return []
        const text = placeText(place)
        const row = final.find((each) => placeText(each.place) === text)?.row
        if (row !== undefined && idsOf(row).includes(record.id)) return []
        const removed = records.some(
          (other) => other !== record && other.outcome !== 'refused' && takesAway(other.operation, text),
        )
        if (removed) return []
        const description = `T${record.id} was acknowledged, and what it made of ${text} was not there at the end`
        return [{ name: 'lost write', description, transactions: [record.id], keys: [text] }]
      }),
    )
}

/** Whether an operation deletes a row, or puts another one over it without having read it. */
function takesAway(operation: Operation | Step, place: string): boolean {
  switch (operation.kind) {
    case 'put':
    case 'delete':
      return placeText(operation.at) === place
    case 'alter':
      return operation.deletes === true && placesOf(operation).some((each) => placeText(each) === place)
    case 'several':
      return operation.changes.some((change) => takesAway(change, place))
    case 'transaction':
      return operation.steps.some((step) => takesAway(step, place))
    default:
      return false
  }
}

/** A statement that made several rows was seen with some of them, though nobody could have taken the others away. */
function checkFractures(records: readonly Record[], writers: ReadonlyMap<number, Record>): Anomaly[] {
  const multi = [...writers.values()].filter(
    ({ operation, outcome }) =>
      operation.kind === 'insert' &&
      operation.sorts.length > 1 &&
      operation.onExisting === 'error' &&
      outcome !== 'refused',
  )
  return multi.flatMap((writer): Anomaly[] => {
    const places = placesOf(writer.operation).map(placeText)
    const removers = records.filter(
      (record) => record.outcome !== 'refused' && places.some((place) => mayRemove(record, place)),
    )
    const page = records.find(({ covers, operation, seen, answered = 0 }) => {
      if (covers === undefined || operation.kind !== 'range' || operation.atLeast || answered === undefined)
        return false
      const covered = placesOf({ ...operation, from: covers.from, to: covers.to }).map(placeText)
      if (!places.every((place) => covered.includes(place))) return false
      if (removers.some(({ called }) => called < answered)) return false
      const shown = seen.filter(({ row }) => row !== null && idsOf(row)[0] === writer.id).length
      return shown > 0 && shown < places.length
    })
    if (page === undefined) return []
    return [
      {
        name: 'fractured write',
        description: `T${page.id} saw some of the rows that T${writer.id} made in one statement, and not the others`,
        transactions: [writer.id, page.id],
        keys: places,
      },
    ]
  })
}

function byPlace(records: readonly Record[]): Map<string, Record[]> {
  const places = new Map<string, Record[]>()
  for (const record of records) {
    if (!writes(record.operation) || record.outcome === 'refused') continue
    for (const place of placesLeft(record)) {
      const text = placeText(place)
      places.set(text, [...(places.get(text) ?? []), record])
    }
  }
  return places
}

/** Whether the last of what was acknowledged for a place is what it holds, and whether each stands on the one before. */
function checkFinal(place: string, touching: readonly Record[], final: FinalRow | undefined): Anomaly[] {
  const made = touching.flatMap((record) =>
    record.written.flatMap((written) =>
      placeText(written.place) === place && written.made !== undefined ? [{ record, ...written.made }] : [],
    ),
  )
  made.sort((left, right) => left.version - right.version)
  const last = made.at(-1)
  const keys = [place]
  for (let i = 1; i < made.length; i++) {
    const [before, after] = [made[i - 1], made[i]] as [(typeof made)[0], (typeof made)[0]]
    if (after.record.operation.kind !== 'append' || before.row === null || !after.row) continue
    const unseen = touching.some((record) => isUnplaced(record, place) && record.operation.kind !== 'append')
    if (unseen || idsOf(after.row).includes(before.record.id)) continue
    const overlapping = after.record.called < (before.record.answered ?? 0)
    const transactions = [before.record.id, after.record.id]
    return [
      {
        name: overlapping ? 'lost update' : 'lost write',
        description: `T${after.record.id} appended to ${place} as it was before T${before.record.id}, which was acknowledged`,
        transactions,
        keys,
      },
    ]
  }
  if (last === undefined) return []
  const gone = touching.some((record) => mayDelete(record, place) && isUnplaced(record, place))
  const lost = final === undefined ? last.row !== null && !gone : final.version < last.version
  if (!lost) return []
  return [
    {
      name: 'lost write',
      description: `T${last.record.id} was acknowledged, and ${place} at the end was ${final === undefined ? 'not there' : `as before it (${final.row.log})`}`,
      transactions: [last.record.id],
      keys,
    },
  ]
}

/** Whether it may have changed a place at a version that nobody knows. */
function isUnplaced({ outcome, leaves, written }: Record, place: string): boolean {
  if (outcome === 'unknown') return true
  return leaves !== undefined && !written.some((each) => placeText(each.place) === place)
}

import type { Version } from '../../operations.js'
import type { Record, SeenRow } from '../record.js'
import { idsOf, type Operation, type Place, placeText, type Row, writerOf } from '../workloads/operation.js'
import type { History, Installed, Observation, RangeObservation, Transaction } from './history.js'
import { baseOf, changeAt, type ForeignView, foreignView, isFiltered, type SeenInterval } from './own-view.js'
import { mayDelete, placesLeft } from './places.js'

/** A row that storage held, at the end or before. */
export interface FinalRow {
  readonly place: Place
  readonly row: Row
  readonly version: Version
}

/**
 * What was recorded as transactions on versions, for the judge of dependencies. A row's version is known from
 * whoever was told it; that is nearly always somebody. Where nobody was, less is said, never something wrong.
 */
export function toHistory(records: readonly Record[], stored: readonly FinalRow[]): History {
  const versions = knownVersions(records, stored)
  const rows = shownRows(records, stored)
  return records.map((record): Transaction => {
    const { id, client, called, answered, outcome } = record
    const { rows: seen, intervals } = viewOf(record, rows)
    return {
      id,
      client,
      called,
      answered,
      outcome,
      reads: seen.flatMap((row) => observation(row, versions)),
      ranges: intervals.flatMap((interval) => rangeObservation(interval, versions)),
      ...(outcome === 'done'
        ? { writes: installedBy(record), deletesUnseen: unplaced(record) }
        : unconfirmed(record, versions)),
    }
  })
}

/** The version of each write to each place, as far as it came to light. */
export function knownVersions(records: readonly Record[], stored: readonly FinalRow[]): Map<string, Version> {
  const versions = new Map<string, Version>()
  const learn = (place: Place, row: Row | null | undefined, version: Version | undefined) => {
    // What a block has written itself has no version yet.
    if (row && version !== undefined && version !== 0) versions.set(writeName(place, writerOf(row)), version)
  }
  for (const { id, seen, written, statements = [] } of records) {
    for (const { place, row, version } of seen) learn(place, row, version)
    for (const { place, made } of written) if (made !== undefined) learn(place, made.row, made.version)
    for (const statement of statements) {
      if (typeof statement === 'string') continue
      for (const { place, row, version } of statement.seen)
        if (row !== null && !idsOf(row).includes(id)) learn(place, row, version)
    }
  }
  for (const { place, row, version } of stored) learn(place, row, version)
  return versions
}

/** For each write of each place, a row that shows it: its log tells what the write stood on. */
function shownRows(records: readonly Record[], stored: readonly FinalRow[]): Map<string, Row> {
  const rows = new Map<string, Row>()
  const show = (place: Place, row: Row | null | undefined) => {
    if (row) for (const id of idsOf(row)) rows.set(writeName(place, id), row)
  }
  for (const { id, seen, written, statements = [] } of records) {
    for (const { place, row } of seen) show(place, row)
    for (const { place, made, removed } of written) {
      show(place, made?.row)
      show(place, removed)
    }
    for (const statement of statements) {
      if (typeof statement === 'string') continue
      // What a block has only drafted may never be.
      for (const { place, row } of statement.seen)
        if (row !== null && !idsOf(row).includes(id)) show(place, row)
    }
  }
  for (const { place, row } of stored) show(place, row)
  return rows
}

/** What an operation has seen of what was there before it, whatever it said it wanted. */
function viewOf(record: Record, rows: ReadonlyMap<string, Row>): ForeignView {
  const { id, outcome, operation, seen, covers, statements, leaves = [] } = record
  if (statements !== undefined) {
    const view = foreignView(record)
    const bases = leaves.flatMap(({ place }) => {
      const row = rows.get(writeName(place, id))
      return row === undefined ? [] : baseOf(place, row, id)
    })
    return { ...view, rows: [...view.rows, ...bases] }
  }
  if (outcome !== 'done') return { rows: [], intervals: [] }
  if (covers === undefined || isFiltered(operation)) {
    return { rows: [...seen, ...readsOfWrites(record)], intervals: [] }
  }
  const { hash } = operation as Operation & { kind: 'range' }
  return { rows: [], intervals: [{ hash, ...covers, rows: seen }] }
}

/** An append has read what it appended to, an insert that nothing was there. */
function readsOfWrites({ operation, written }: Record): SeenRow[] {
  return written.flatMap(({ place, made, because, removed }): SeenRow[] => {
    if (because === 'absent') return [{ place, row: null }]
    if (removed !== undefined) return [{ place, row: removed }]
    if (!made?.row || changeAt(operation, place).kind === 'put') return []
    const before = idsOf(made.row).slice(0, -1)
    if (before.length === 0) return [{ place, row: null }]
    return [{ place, row: { ...made.row, log: before.join(',') } }]
  })
}

function observation(
  { place, row, version }: SeenRow,
  versions: ReadonlyMap<string, Version>,
): Observation[] {
  if (row === null) return [{ key: placeText(place), version: 'absent' }]
  const known = version === undefined || version === 0 ? versionOf(place, row, versions) : version
  return known === undefined ? [] : [{ key: placeText(place), version: known }]
}

function rangeObservation(
  { hash, from, to, rows }: SeenInterval,
  versions: ReadonlyMap<string, Version>,
): RangeObservation[] {
  const observed = rows.map(({ place, row }) => ({
    key: placeText(place),
    version: versionOf(place, row as Row, versions),
  }))
  if (!observed.every((row): row is { key: string; version: number } => row.version !== undefined)) return []
  const key = (sort: number) => placeText({ hash, sort })
  return [{ from: key(from), to: key(to), rows: observed }]
}

function installedBy({ written }: Record): Installed[] {
  return written.flatMap(({ place, made }): Installed[] => {
    if (made === undefined) return []
    const installed = { key: placeText(place), version: made.version }
    return [made.row === null ? { ...installed, deletes: true } : installed]
  })
}

/** What it deleted, nobody knows where in the order of the versions. */
function unplaced({ leaves = [], written }: Record): string[] {
  const placed = new Set(written.map(({ place }) => placeText(place)))
  return leaves
    .filter(({ place, deletes }) => deletes && !placed.has(placeText(place)))
    .map(({ place }) => placeText(place))
}

/** What an operation that was not acknowledged turned out to have written. */
function unconfirmed(record: Record, versions: ReadonlyMap<string, Version>) {
  const places = placesLeft(record)
  const writes = places.flatMap((place): Installed[] => {
    const version = versions.get(writeName(place, record.id))
    return version === undefined ? [] : [{ key: placeText(place), version }]
  })
  const deleted = places.map(placeText).filter((place) => mayDelete(record, place))
  return deleted.length === 0 ? { writes } : { writes, deletesUnseen: deleted }
}

function versionOf(place: Place, row: Row, versions: ReadonlyMap<string, Version>): Version | undefined {
  return versions.get(writeName(place, writerOf(row)))
}

export function writeName(place: Place, writer: number): string {
  return `${placeText(place)} ${writer}`
}

import type { Version } from '../../operations.js'
import type { Record, SeenRow } from '../record.js'
import { idsOf, type Operation, type Place, placeText, type Row, writerOf } from '../workloads/operation.js'
import type { History, Installed, Observation, RangeObservation, Transaction } from './history.js'

/** A row that storage held when all was over. */
export interface FinalRow {
  readonly place: Place
  readonly row: Row
  readonly version: Version
}

/**
 * What was recorded as transactions on versions, for the judge of dependencies. A row's version is known from
 * whoever was told it; that is nearly always somebody. Where nobody was, less is said, never something wrong.
 */
export function toHistory(records: readonly Record[], final: readonly FinalRow[]): History {
  const versions = knownVersions(records, final)
  const read = (place: Place, row: Row): Observation[] => {
    const version = versions.get(writeName(place, writerOf(row)))
    return version === undefined ? [] : [{ key: placeText(place), version }]
  }
  return records.map((record): Transaction => {
    const { id, client, called, answered, outcome } = record
    const facts = { id, client, called, answered, outcome }
    if (outcome !== 'done') return { ...facts, ...unconfirmed(record, versions) }
    return {
      ...facts,
      reads: [...readsOf(record, read), ...readsOfWrites(record, read)],
      ranges: rangesOf(record, versions),
      writes: installedBy(record),
    }
  })
}

/** The version of each write to each place, as far as it came to light. */
function knownVersions(records: readonly Record[], final: readonly FinalRow[]): Map<string, Version> {
  const versions = new Map<string, Version>()
  const learn = (place: Place, row: Row | null, version: Version | undefined) => {
    if (row !== null && version !== undefined) versions.set(writeName(place, writerOf(row)), version)
  }
  for (const { seen, written } of records) {
    for (const { place, row, version } of seen) learn(place, row, version)
    for (const { place, made } of written) if (made !== undefined) learn(place, made.row, made.version)
  }
  for (const { place, row, version } of final) learn(place, row, version)
  return versions
}

function readsOf(
  { seen, covers, operation }: Record,
  read: (place: Place, row: Row) => Observation[],
): Observation[] {
  // A filter hides rows: what is not listed may be there.
  if (covers !== undefined && !isFiltered(operation)) return []
  return seen.flatMap(({ place, row, version }): Observation[] => {
    if (row === null) return [{ key: placeText(place), version: 'absent' }]
    return version === undefined ? read(place, row) : [{ key: placeText(place), version }]
  })
}

/** An append has read what it appended to, an insert that nothing was there. */
function readsOfWrites(
  { operation, written }: Record,
  read: (place: Place, row: Row) => Observation[],
): Observation[] {
  return written.flatMap(({ place, made, because, removed }): Observation[] => {
    if (because === 'absent') return [{ key: placeText(place), version: 'absent' }]
    if (removed !== undefined) return read(place, removed)
    if (!made?.row || operation.kind === 'put') return []
    const before = idsOf(made.row).slice(0, -1)
    if (before.length === 0) return [{ key: placeText(place), version: 'absent' }]
    return read(place, { ...made.row, log: before.join(',') })
  })
}

function rangesOf(
  { seen, covers, operation }: Record,
  versions: ReadonlyMap<string, Version>,
): RangeObservation[] {
  if (covers === undefined || isFiltered(operation)) return []
  const rows = seen.map(({ place, row }: SeenRow) => ({
    key: placeText(place),
    version: versions.get(writeName(place, writerOf(row as Row))),
  }))
  if (!rows.every((row): row is { key: string; version: number } => row.version !== undefined)) return []
  const { hash } = operation as Operation & { kind: 'range' }
  const key = (sort: number) => placeText({ hash, sort })
  return [{ from: key(covers.from), to: key(covers.to), rows }]
}

function installedBy({ written }: Record): Installed[] {
  return written.flatMap(({ place, made }): Installed[] => {
    if (made === undefined) return []
    const installed = { key: placeText(place), version: made.version }
    return [made.row === null ? { ...installed, deletes: true } : installed]
  })
}

function isFiltered(operation: Operation): boolean {
  return operation.kind === 'range' && operation.atLeast !== undefined
}

/** What an operation that was not acknowledged turned out to have written. */
function unconfirmed({ id, operation }: Record, versions: ReadonlyMap<string, Version>) {
  if (operation.kind === 'delete') return { deletesUnseen: [placeText(operation.at)] }
  const writes = placesOf(operation).flatMap((place): Installed[] => {
    const version = versions.get(writeName(place, id))
    return version === undefined ? [] : [{ key: placeText(place), version }]
  })
  return { writes }
}

/** The places that an operation names. */
export function placesOf(operation: Operation): Place[] {
  if ('at' in operation) return [operation.at]
  if ('places' in operation) return [...operation.places]
  if ('sorts' in operation)
    return [...new Set(operation.sorts)].map((sort) => ({ hash: operation.hash, sort }))
  if (operation.kind === 'scan') {
    return operation.hashes.flatMap((hash) =>
      placesOf({ ...operation, kind: 'range', hash, descending: false, pageSize: 1 }),
    )
  }
  const sorts = Array.from({ length: operation.to - operation.from }, (_, i) => operation.from + i)
  return sorts.map((sort) => ({ hash: operation.hash, sort }))
}

function writeName(place: Place, writer: number): string {
  return `${placeText(place)} ${writer}`
}

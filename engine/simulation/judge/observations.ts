import type { DependencyGraph } from './dependency-graph.js'
import type { Anomaly, Key, RangeObservation, Transaction, VersionNumber } from './history.js'
import { lastMoment, precedes } from './moments.js'
import type { Gap, KeyVersions, Version, VersionOrder } from './version-order.js'

/** One key as one transaction saw it, in a range or by itself. */
export interface Sight {
  readonly reader: Transaction
  readonly key: Key
  readonly range: RangeObservation | undefined
}

/** An absence that can have been one of several, as far as real time tells. */
export interface UnsureAbsence {
  readonly sight: Sight
  readonly gaps: readonly Gap[]
}

/**
 * Adds what follows from all that `reader` saw, and returns what it can never have seen.
 *
 * @param unsure gets the absences from which nothing follows yet.
 */
export function traceObservations(
  reader: Transaction,
  versions: VersionOrder,
  graph: DependencyGraph,
  unsure: UnsureAbsence[],
): Anomaly[] {
  const anomalies: (Anomaly | undefined)[] = []
  const seeRow = (sight: Sight, number: VersionNumber) =>
    anomalies.push(traceRow(sight, number, versions.of(sight.key), graph))
  const seeNothing = (sight: Sight) =>
    anomalies.push(traceAbsence(sight, versions.of(sight.key), graph, unsure))

  for (const { key, version } of reader.reads ?? []) {
    const sight = { reader, key, range: undefined }
    if (version === 'absent' || version === 0) seeNothing(sight)
    else seeRow(sight, version)
  }
  for (const range of reader.ranges ?? []) {
    const listed = new Set<Key>()
    for (const { key, version } of range.rows) {
      const sight = { reader, key, range }
      if (listed.has(key)) anomalies.push(broken(sight, `${saw(sight)} twice`))
      if (key < range.from || key >= range.to)
        anomalies.push(broken(sight, `${saw(sight)}, which is outside`))
      seeRow(sight, version)
      listed.add(key)
    }
    for (const key of versions.within(range)) if (!listed.has(key)) seeNothing({ reader, key, range })
  }
  return anomalies.filter((anomaly) => anomaly !== undefined)
}

function traceRow(
  sight: Sight,
  number: VersionNumber,
  { written }: KeyVersions,
  graph: DependencyGraph,
): Anomaly | undefined {
  const { reader, key } = sight
  const seen = written.get(number)
  const sawVersion = `${saw(sight)} at version ${number}`
  if (seen === undefined) return broken(sight, `${sawVersion}, a version that nobody wrote`)
  const { writer } = seen
  if (seen.deletes) return broken(sight, `${sawVersion}, at which T${writer.id} had deleted it`, writer)
  // Reads and own writes of a transaction have no order here: its own versions tell nothing.
  if (writer === reader) return undefined
  const impossible = { transactions: [reader.id, writer.id], keys: [key] }
  if (writer.outcome === 'refused')
    return {
      name: 'G1a (aborted read)',
      description: `${sawVersion}, which T${writer.id} wrote though it was refused`,
      ...impossible,
    }
  if (!seen.installed)
    return {
      name: 'G1b (intermediate read)',
      description: `${sawVersion}, which T${writer.id} overwrote itself`,
      ...impossible,
    }
  graph.add({ kind: 'wr', from: writer, to: reader, seen })
  const missed = seen.next
  if (missed === undefined) return undefined
  graph.add({ kind: 'rw', from: reader, to: missed.writer, seen, missed, phantomIn: undefined })
  return undefined
}

/**
 * An absence shows no version. It tells something if real time leaves only one gap that it can have been, or none:
 * then the reader missed a row.
 */
function traceAbsence(
  sight: Sight,
  versions: KeyVersions,
  graph: DependencyGraph,
  unsure: UnsureAbsence[],
): Anomaly | undefined {
  const { reader, key } = sight
  const own = reader.writes?.filter((write) => write.key === key) ?? []
  if (own.some(({ deletes }) => deletes)) return undefined
  const possible = (gap: Gap) => !endedBefore(gap, reader) && !beganAfter(gap, reader)
  const gaps = versions.gaps.filter(possible)
  const unseen = versions.unseenDeleters.some((deleter) => deleter.called < lastMoment(reader))
  const [gap, ambiguous] = gaps
  if (gap === undefined) return unseen ? undefined : missedRow(sight, versions)
  // If the reader ended a gap itself, that is the one it saw; but then its own write has said all that follows.
  if (unseen) return undefined
  if (ambiguous === undefined) addAbsence(sight, gap, graph)
  else unsure.push({ sight, gaps })
  return undefined
}

/** Adds what follows from an absence that was this one: it came after what began it, and before what ended it. */
export function addAbsence({ reader, range }: Sight, { began, ended }: Gap, graph: DependencyGraph): void {
  if (began !== undefined) graph.add({ kind: 'wr', from: began.writer, to: reader, seen: began })
  if (ended !== undefined)
    graph.add({ kind: 'rw', from: reader, to: ended.writer, seen: began, missed: ended, phantomIn: range })
}

function endedBefore({ ended }: Gap, reader: Transaction): boolean {
  return ended !== undefined && precedes(ended.firstSettled.writer, reader)
}

function beganAfter({ began }: Gap, reader: Transaction): boolean {
  return began !== undefined && precedes(reader, began.lastCalled.writer)
}

/** There was a row all the time from the call to the answer. */
function missedRow(sight: Sight, { gaps }: KeyVersions): Anomaly {
  const { reader, key, range } = sight
  // Gaps are ruled out from the first on for having ended, from the last back for not having begun.
  const row = gaps.findLast((gap) => endedBefore(gap, reader))?.ended as Version
  const proof = row.firstSettled
  const inserted = `T${row.writer.id} had inserted it at version ${row.number}`
  const overwritten = proof === row ? '' : ` and T${proof.writer.id} had written version ${proof.number}`
  const gone = gaps.find((gap) => beganAfter(gap, reader))?.began
  const deleted =
    gone === undefined
      ? 'nobody deleted it'
      : `T${gone.writer.id} deleted it only after T${reader.id} was answered`
  const wrote = reader.writes?.some((write) => write.key === key) === true
  const transactions = [reader, row.writer, proof.writer, ...(gone === undefined ? [] : [gone.writer])]
  return {
    name: range !== undefined ? 'G2 (phantom)' : wrote ? 'lost update' : 'stale read',
    description: `${saw(sight, 'no')}, though ${inserted}${overwritten} before T${reader.id} was called, and ${deleted}`,
    transactions: [...new Set(transactions.map(({ id }) => id))],
    keys: [key],
  }
}

function saw({ reader, key, range }: Sight, no?: 'no'): string {
  const what = no === undefined ? key : `no ${key}`
  return range === undefined
    ? `T${reader.id} read ${what}`
    : `T${reader.id} saw ${what} in [${range.from}, ${range.to})`
}

function broken({ reader, key }: Sight, description: string, ...others: readonly Transaction[]): Anomaly {
  const transactions = [reader, ...others.filter((other) => other !== reader)].map(({ id }) => id)
  return { name: 'broken storage', description, transactions, keys: [key] }
}

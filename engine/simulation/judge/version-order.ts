import type { Anomaly, Installed, Key, Transaction, VersionNumber } from './history.js'
import { happened, lastMoment, precedes } from './moments.js'

/** A write, and its place among all of its key. */
export class Version {
  readonly key: Key
  readonly number: VersionNumber
  readonly writer: Transaction
  readonly deletes: boolean
  /** Whether it was the last that its writer made of the key, and the writer was not refused. */
  readonly installed: boolean
  /** The neighbours in the order of the key's installed versions; none if it was not installed itself. */
  previous: Version | undefined
  next: Version | undefined
  /** Of this one and those after it, the one that was acknowledged first: by then, this one had happened. */
  firstSettled: Version = this
  /** Of this one and those before it, the one that was called last: until then, this one had not happened. */
  lastCalled: Version = this

  constructor(write: Installed, writer: Transaction, installed: boolean) {
    this.key = write.key
    this.number = write.version
    this.writer = writer
    this.deletes = write.deletes === true
    this.installed = installed
  }
}

/** A time in which a key had no row: a run of deletes, or the time before any write. */
export interface Gap {
  /** The first of the deletes; `undefined` before any write. */
  readonly began: Version | undefined
  /** The write that made the next row, if one did. */
  readonly ended: Version | undefined
}

/** All that is known of one key. */
export interface KeyVersions {
  /** Every version that somebody wrote, for long or in passing. */
  readonly written: ReadonlyMap<VersionNumber, Version>
  /** From the lowest to the highest. */
  readonly installed: readonly Version[]
  /** In order; the first is the time before any write. */
  readonly gaps: readonly Gap[]
  /** The transactions that deleted it, or may have, nobody knows at which version. */
  readonly unseenDeleters: readonly Transaction[]
}

const NEVER_WRITTEN: KeyVersions = {
  written: new Map(),
  installed: [],
  gaps: [{ began: undefined, ended: undefined }],
  unseenDeleters: [],
}

/** The versions of all keys. */
export class VersionOrder {
  /** What is wrong with the versions themselves. */
  readonly anomalies: readonly Anomaly[]
  /** All that somebody wrote, in order. */
  readonly keys: readonly Key[]
  readonly #versions: ReadonlyMap<Key, KeyVersions>

  constructor(transactions: readonly Transaction[]) {
    const anomalies: Anomaly[] = []
    const written = collect(transactions, anomalies)
    const deleters = collectUnseenDeleters(transactions)
    this.keys = [...written.keys()].sort()
    this.#versions = new Map(
      this.keys.map((key) => [key, order(written.get(key) ?? new Map(), deleters.get(key) ?? [])]),
    )
    for (const { installed } of this.#versions.values()) anomalies.push(...findWrongOrder(installed))
    this.anomalies = anomalies
  }

  /** What is known of a key, be it nothing. */
  of(key: Key): KeyVersions {
    return this.#versions.get(key) ?? NEVER_WRITTEN
  }

  /** The keys that were ever written with `from <= key < to`. */
  within({ from, to }: { readonly from: Key; readonly to: Key }): readonly Key[] {
    return this.keys.slice(this.#firstFrom(from), this.#firstFrom(to))
  }

  #firstFrom(bound: Key): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.keys[middle] as Key) < bound) low = middle + 1
      else high = middle
    }
    return low
  }
}

type Written = Map<VersionNumber, Version>

/** Whoever claims a version first has it. The refused come last: theirs count only if nobody else's they are. */
function collect(transactions: readonly Transaction[], anomalies: Anomaly[]): Map<Key, Written> {
  const keys = new Map<Key, Written>()
  const refused = transactions.filter(({ outcome }) => outcome === 'refused')
  for (const writer of [...transactions.filter(happened), ...refused]) {
    const writes = writer.writes ?? []
    const lasting = new Map(writes.map((write) => [write.key, write]))
    for (const write of writes) {
      const { key } = write
      const written = keys.get(key) ?? new Map<VersionNumber, Version>()
      keys.set(key, written)
      const taken = written.get(write.version)
      if (taken === undefined) {
        const installed = lasting.get(key) === write && writer.outcome !== 'refused'
        written.set(write.version, new Version(write, writer, installed))
      } else if (writer.outcome !== 'refused') anomalies.push(reuse(taken, writer))
      if (write.version <= 0 && writer.outcome !== 'refused') anomalies.push(noVersion(write, writer))
    }
  }
  return keys
}

function collectUnseenDeleters(transactions: readonly Transaction[]): Map<Key, Transaction[]> {
  const deleters = new Map<Key, Transaction[]>()
  for (const transaction of transactions) {
    if (transaction.outcome === 'refused') continue
    for (const key of transaction.deletesUnseen ?? [])
      deleters.set(key, [...(deleters.get(key) ?? []), transaction])
  }
  return deleters
}

function order(written: Written, unseenDeleters: readonly Transaction[]): KeyVersions {
  const installed = [...written.values()].filter((version) => version.installed)
  installed.sort((left, right) => left.number - right.number)
  for (const [at, version] of installed.entries()) {
    const previous = installed[at - 1]
    if (previous === undefined) continue
    version.previous = previous
    previous.next = version
    if (previous.lastCalled.writer.called > version.writer.called) version.lastCalled = previous.lastCalled
  }
  for (const version of installed.toReversed()) {
    const later = version.next?.firstSettled
    if (later !== undefined && lastMoment(later.writer) < lastMoment(version.writer))
      version.firstSettled = later
  }
  return { written, installed, gaps: findGaps(installed), unseenDeleters }
}

function findGaps(installed: readonly Version[]): Gap[] {
  const gaps: Gap[] = []
  let open = true
  let began: Version | undefined
  for (const version of installed) {
    if (open && !version.deletes) gaps.push({ began, ended: version })
    if (!open && version.deletes) began = version
    open = version.deletes
  }
  if (open) gaps.push({ began, ended: undefined })
  return gaps
}

/** A later write must have a higher version, whatever happened in between. */
function findWrongOrder(installed: readonly Version[]): Anomaly[] {
  return installed.flatMap((version) => {
    const { key, writer, number } = version
    const higher = version.next?.firstSettled
    if (higher === undefined || !precedes(higher.writer, writer)) return []
    const had = `T${higher.writer.id} had written version ${higher.number} before T${writer.id} was called`
    return {
      name: 'version order violation',
      description: `T${writer.id} wrote ${key} at version ${number}, though ${had}`,
      transactions: [writer.id, higher.writer.id],
      keys: [key],
    }
  })
}

function reuse({ key, number, writer: first }: Version, second: Transaction): Anomaly {
  const same = first === second
  return {
    name: 'version reuse',
    description: same
      ? `T${first.id} wrote ${key} twice at version ${number}`
      : `T${first.id} and T${second.id} both wrote ${key} at version ${number}`,
    transactions: same ? [first.id] : [first.id, second.id],
    keys: [key],
  }
}

function noVersion({ key, version }: Installed, writer: Transaction): Anomaly {
  return {
    name: 'broken storage',
    description: `T${writer.id} wrote ${key} at version ${version}, which stands for the absence before any write`,
    transactions: [writer.id],
    keys: [key],
  }
}

import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sameBytes } from '../../keys/compare-bytes.js'
import { type ItemKey, type KeySet, VERSIONS_PER_MILLI } from '../../operations.js'
import { decodePart, PIECE } from '../../partition/part-store.js'
import { decodeKeySet } from '../../partition/transfer/transfer-store.js'
import { holds } from '../../topology/key-set.js'

/** A set of keys that moves, or has moved, as its source has stored it. */
export interface StoredMove {
  readonly id: number
  readonly target: string
  readonly set: KeySet
  readonly state: string
}

/** How a partition came to be, as it has stored it itself. */
export interface StoredArrival {
  readonly id: number
  readonly target: string
  readonly set: KeySet
  readonly state: string
}

/** What a partition has locked for a transaction and not let go, by its file. */
export interface StoredLock {
  readonly file: string
  /** When it was locked, by the partition's clock. */
  readonly since: number
}

/** SQLite's number for what only those can do who may write. */
const READ_ONLY = 8
/** Milliseconds to wait for a server that has a file for itself, which it has while it opens and closes it. */
const PATIENCE = 5_000

/** What a partition has on the disk. */
export interface StoredPartition {
  readonly file: string
  readonly database: DatabaseSync
  /** Nothing: it is a root. */
  readonly arrival: StoredArrival | undefined
  readonly moves: readonly StoredMove[]
  readonly promoted: readonly { readonly hashKey: Uint8Array; readonly target: string }[]
  readonly items: readonly ItemKey[]
  /** Rows of change logs. */
  readonly changes: number
  /** Of keys that it serves: what moves takes its locks along, and leaves copies of them until it is deleted. */
  readonly locks: readonly StoredLock[]
}

/**
 * Looks past the server into the files of its Durable Objects, so that nobody is woken by the question.
 *
 * @param folder with a SQLite file for each.
 * @param look what to do with what is found; the files are open as long as it runs.
 */
export function lookIntoFiles<T>(folder: string, look: (partitions: readonly StoredPartition[]) => T): T {
  const files = readdirSync(folder).filter((file) => /^[0-9a-f]+\.sqlite$/.test(file))
  const copies = mkdtempSync(join(tmpdir(), 'fokos-kill-copies-'))
  const databases: DatabaseSync[] = []
  try {
    const partitions = files.flatMap((file) => {
      const database = openFile(folder, file, copies)
      databases.push(database)
      return hasTables(database) ? [readPartition(file, database)] : []
    })
    return look(partitions)
  } finally {
    for (const database of databases) database.close()
    rmSync(copies, { recursive: true })
  }
}

/** Opens a file to read it as it is at one moment: as it is, or a copy of it. */
function openFile(folder: string, file: string, copies: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, file), { readOnly: true, timeout: PATIENCE })
  try {
    database.exec('BEGIN')
    hasTables(database)
    return database
  } catch (error) {
    database.close()
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== READ_ONLY) throw error
  }
  // The kill has left something that is to be undone first, which is for the server to do.
  for (const suffix of ['', '-journal', '-wal']) {
    const from = join(folder, file + suffix)
    if (existsSync(from)) copyFileSync(from, join(copies, file + suffix))
  }
  return new DatabaseSync(join(copies, file))
}

/** Without, nothing was ever written. */
function hasTables(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'transfers'").all().length > 0
}

/** Whether a partition serves a key, by its own file alone. */
export function serves(
  { arrival, moves, promoted }: Pick<StoredPartition, 'arrival' | 'moves' | 'promoted'>,
  { hashKey, sortKey }: ItemKey,
): boolean {
  if (arrival !== undefined) {
    if (arrival.state !== 'serving' && arrival.state !== 'settled') return false
    if (!holds(arrival.set, hashKey, sortKey)) return false
  }
  if (promoted.some((each) => sameBytes(each.hashKey, hashKey))) return false
  return !moves.some(({ set, state }) => hasMoved(state) && holds(set, hashKey, sortKey))
}

function hasMoved(state: string): boolean {
  return state === 'moved' || state === 'settled' || state === 'ended'
}

function readPartition(file: string, database: DatabaseSync): StoredPartition {
  const rows = <R>(sql: string) => database.prepare(sql).all() as R[]
  const [arrived] = rows<{ value: string }>("SELECT value FROM facts WHERE name = 'arrival'")
  const [changes] = rows<{ n: number }>('SELECT count(*) AS n FROM changes')
  const place = {
    arrival: arrived && readArrival(arrived.value),
    moves: rows<{ id: number; target: string; key_set: string; state: string }>(
      'SELECT id, target, key_set, state FROM transfers ORDER BY place',
    ).map(({ id, target, key_set: set, state }) => ({ id, target, set: decodeKeySet(set), state })),
    promoted: rows<{ hash_key: Uint8Array; partition: string }>(
      'SELECT hash_key, partition FROM promoted',
    ).map(({ hash_key: hashKey, partition: target }) => ({ hashKey, target })),
  }
  return {
    file,
    database,
    ...place,
    items: rows<{ hash_key: Uint8Array; sort_key: Uint8Array }>('SELECT hash_key, sort_key FROM items').map(
      ({ hash_key: hashKey, sort_key: sortKey }) => ({ hashKey, sortKey }),
    ),
    changes: changes?.n ?? 0,
    locks: readLocks(file, database, (key) => serves(place, key)),
  }
}

function readArrival(text: string): StoredArrival {
  const { id, target, set, state } = JSON.parse(text)
  return { id, target, set: decodeKeySet(set), state }
}

function readLocks(file: string, database: DatabaseSync, isServed: (key: ItemKey) => boolean): StoredLock[] {
  const chunks = database
    .prepare('SELECT hash_key, attempt, chunk, part FROM parts ORDER BY hash_key, attempt, chunk')
    .all() as unknown as { hash_key: Uint8Array; attempt: number; chunk: number; part: string }[]
  const parts: { hashKey: Uint8Array; text: string }[] = []
  for (const { hash_key: hashKey, chunk, part } of chunks) {
    const last = parts.at(-1)
    if (chunk % PIECE === 0) parts.push({ hashKey, text: part })
    else if (last !== undefined) last.text += part
  }
  return parts.flatMap(({ hashKey, text }) => {
    const { at, claim } = decodePart(hashKey, text)
    const sortKeys = [
      ...claim.exclusive.values(),
      ...claim.shared.values(),
      ...claim.intervals.map(({ from }) => from),
    ]
    const isHere = sortKeys.some((sortKey) => isServed({ hashKey, sortKey }))
    return isHere ? [{ file, since: at / VERSIONS_PER_MILLI }] : []
  })
}

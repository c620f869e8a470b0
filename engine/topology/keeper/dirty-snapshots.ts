import type { Storage } from '../../ports.js'

/** One of the things that are published. */
export type Snapshot =
  | { readonly kind: 'forest' | 'promoted' }
  | { readonly kind: 'range'; readonly hashKey: Uint8Array }

/** A snapshot that is not published as it should be, and how often it has changed since it was. */
export type DirtySnapshot = Snapshot & { readonly changes: number }

const SQL = {
  mark: `INSERT INTO dirty (kind, hash_key, changes) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET changes = changes + 1`,
  markOutdated: `INSERT INTO dirty (kind, hash_key, changes)
    SELECT DISTINCT 'range', hash_key, 1 FROM range_splits WHERE generation < ?
    ON CONFLICT DO UPDATE SET changes = changes + 1`,
  clean: 'DELETE FROM dirty WHERE kind = ? AND hash_key = ? AND changes = ?',
  // In this order, by their names, the large ones come first, which most requests are routed by.
  all: 'SELECT kind, hash_key, changes FROM dirty ORDER BY kind, hash_key',
} as const

const NO_KEY = new Uint8Array()

/** The snapshots that are not published as they should be. */
export class DirtySnapshots {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** What is in a snapshot has changed. To be called in the section that changes it. */
  mark(snapshot: Snapshot): void {
    this.#storage.run(SQL.mark, snapshot.kind, keyOf(snapshot))
  }

  /** The same of all hash keys of which something was not told since a generation began. */
  markOutdated(generation: number): void {
    this.#storage.run(SQL.markOutdated, generation)
  }

  /** A snapshot is published, with so many changes. It stays here if there are more by now. */
  clean(snapshot: DirtySnapshot): void {
    this.#storage.run(SQL.clean, snapshot.kind, keyOf(snapshot), snapshot.changes)
  }

  /** All of them, as they are asked for, those that most depends on first. */
  *all(): Generator<DirtySnapshot> {
    for (const [kind, hashKey, changes] of this.#storage.rows(SQL.all)) {
      const snapshot = (kind === 'range' ? { kind, hashKey } : { kind }) as Snapshot
      yield { ...snapshot, changes: changes as number }
    }
  }

  get isEmpty(): boolean {
    for (const _ of this.all()) return false
    return true
  }
}

function keyOf(snapshot: Snapshot): Uint8Array {
  return snapshot.kind === 'range' ? snapshot.hashKey : NO_KEY
}

import type { SqlValue, Storage } from '../../ports.js'
import { readPath } from '../partition-name.js'
import type { RangeSplit } from '../range-index.js'
import type { KeptEvent } from './read-event.js'

const SQL = {
  split: 'SELECT generation FROM splits WHERE level = ? AND path = ?',
  promotion: 'SELECT generation FROM promoted WHERE hash_key = ?',
  rangeSplit: 'SELECT generation FROM range_splits WHERE hash_key = ? AND path = ?',
  putSplit: `INSERT INTO splits (level, path, generation) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET generation = excluded.generation`,
  putPromotion: `INSERT INTO promoted (hash_key, generation) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET generation = excluded.generation`,
  putRangeSplit: `INSERT INTO range_splits (hash_key, path, boundary, generation) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET generation = excluded.generation, boundary = excluded.boundary`,
  splits: 'SELECT path FROM splits ORDER BY level, path',
  splitsBelow: 'SELECT path FROM splits WHERE level = ? AND path BETWEEN ? AND ?',
  promoted: 'SELECT hash_key FROM promoted',
  rangeSplits: 'SELECT path, boundary FROM range_splits WHERE hash_key = ?',
  countSplits: 'SELECT count(*) FROM splits',
  countPromoted: 'SELECT count(*) FROM promoted',
  countRangeSplits: 'SELECT count(*) FROM range_splits',
  deleteSplits: 'DELETE FROM splits WHERE generation < ?',
  deletePromoted: 'DELETE FROM promoted WHERE generation < ?',
  deleteRangeSplits: 'DELETE FROM range_splits WHERE generation < ?',
} as const

/** How many events of each kind there are. */
export interface EventCounts {
  readonly split: number
  readonly promotion: number
  readonly rangeSplit: number
}

/** All events that were told, one row each. */
export class EventStore {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** In which generation an event was told last, if it was told before. */
  generationOf(event: KeptEvent): number | undefined {
    switch (event.kind) {
      case 'split':
        return this.#number(SQL.split, event.path.length, encodePath(event.path))
      case 'promotion':
        return this.#number(SQL.promotion, event.hashKey)
      case 'rangeSplit':
        return this.#number(SQL.rangeSplit, event.hashKey, event.steps)
    }
  }

  put(event: KeptEvent, generation: number): void {
    switch (event.kind) {
      case 'split':
        this.#storage.run(SQL.putSplit, event.path.length, encodePath(event.path), generation)
        return
      case 'promotion':
        this.#storage.run(SQL.putPromotion, event.hashKey, generation)
        return
      case 'rangeSplit':
        this.#storage.run(SQL.putRangeSplit, event.hashKey, event.steps, event.boundary, generation)
        return
    }
  }

  /** Forgets what was not told since a generation began. */
  deleteBefore(generation: number): void {
    this.#storage.run(SQL.deleteSplits, generation)
    this.#storage.run(SQL.deletePromoted, generation)
    this.#storage.run(SQL.deleteRangeSplits, generation)
  }

  count(): EventCounts {
    const count = (statement: string) => this.#number(statement) ?? 0
    return {
      split: count(SQL.countSplits),
      promotion: count(SQL.countPromoted),
      rangeSplit: count(SQL.countRangeSplits),
    }
  }

  /** The paths of all hash partitions that have split, level by level. */
  *splits(): Generator<number[]> {
    for (const [path] of this.#storage.rows(SQL.splits)) yield decodePath(path as Uint8Array)
  }

  /** Those of a hash partition's children that have split. */
  splitsBelow(path: readonly number[]): number[][] {
    const rows = this.#storage.rows(
      SQL.splitsBelow,
      path.length + 1,
      encodePath([...path, 0]),
      encodePath([...path, 0xff]),
    )
    return Array.from(rows, ([path]) => decodePath(path as Uint8Array))
  }

  /** All promoted hash keys. */
  *promoted(): Generator<Uint8Array> {
    for (const [hashKey] of this.#storage.rows(SQL.promoted)) yield hashKey as Uint8Array
  }

  /** How the range partitions of a hash key were divided. */
  *rangeSplits(hashKey: Uint8Array): Generator<RangeSplit> {
    for (const [steps, boundary] of this.#storage.rows(SQL.rangeSplits, hashKey)) {
      const path = steps === '' ? [] : readPath(steps as string)
      yield { path, boundary: boundary as Uint8Array }
    }
  }

  #number(statement: string, ...bindings: readonly SqlValue[]): number | undefined {
    const [row] = [...this.#storage.rows(statement, ...bindings)]
    return row?.[0] as number | undefined
  }
}

/** Two bytes for the root, of which there are at most 4,096, and one for each child. */
function encodePath([root = 0, ...children]: readonly number[]): Uint8Array {
  return Uint8Array.of(root >>> 8, root & 0xff, ...children)
}

function decodePath([high = 0, low = 0, ...children]: Uint8Array): number[] {
  return [(high << 8) | low, ...children]
}

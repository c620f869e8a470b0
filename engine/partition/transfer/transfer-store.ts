import { keyText } from '../../keys/key-text.js'
import type { KeySet, Route, TransferState } from '../../operations.js'
import type { PartitionName, Storage } from '../../ports.js'
import { EVERYTHING } from '../../topology/key-set.js'
import { decodeBase64, encodeBase64 } from '../../values/base64.js'
import type { RowPlace } from './moved-rows.js'

/** What the source knows of a transfer. `ended`: its copy is deleted. */
export interface StoredTransfer {
  readonly id: number
  /** Its place among those that were planned together. */
  readonly place: number
  readonly target: PartitionName
  readonly set: KeySet
  readonly state: TransferState | 'ended'
}

/** A change, by its number in its transfer. */
export interface Change {
  readonly sequence: number
  readonly place: RowPlace
}

const SQL = {
  transfers: 'SELECT id, place, target, key_set, state FROM transfers ORDER BY place',
  plan: 'INSERT INTO transfers (id, place, target, key_set, state) VALUES (?, ?, ?, ?, ?)',
  setState: 'UPDATE transfers SET state = ? WHERE id = ?',
  forget: 'DELETE FROM transfers WHERE id = ?',
  last: 'SELECT coalesce(max(sequence), 0) FROM changes WHERE transfer = ?',
  log: `INSERT INTO changes (transfer, sequence, "table", hash_key, sort_key, id, piece)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  first: 'SELECT coalesce(min(sequence), 0) FROM changes WHERE transfer = ?',
  trim: 'DELETE FROM changes WHERE transfer = ? AND sequence < ?',
  behind: `SELECT sequence, "table", hash_key, sort_key, id, piece FROM changes
    WHERE transfer = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
  left: 'SELECT count(*) FROM changes WHERE transfer = ? AND sequence > ?',
  promoted: 'SELECT hash_key, partition FROM promoted',
  promote: 'INSERT INTO promoted (hash_key, partition) VALUES (?, ?)',
  mark: 'SELECT mark FROM marks WHERE id = 1',
  setMark: 'INSERT INTO marks (id, mark) VALUES (1, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark',
} as const

/** What a partition stores of what moves away from it. */
export class TransferStore {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  transfers(): StoredTransfer[] {
    return [...this.#storage.rows(SQL.transfers)].map(([id, place, target, set, state]) => ({
      id: id as number,
      place: place as number,
      target: target as PartitionName,
      set: decodeKeySet(set as string),
      state: state as StoredTransfer['state'],
    }))
  }

  plan({ id, place, target, set, state }: StoredTransfer): void {
    this.#storage.run(SQL.plan, id, place, target, encodeKeySet(set), state)
  }

  setState(id: number, state: StoredTransfer['state']): void {
    this.#storage.run(SQL.setState, state, id)
  }

  forget(id: number): void {
    this.#storage.run(SQL.forget, id)
  }

  /** The number of a transfer's last change that is not trimmed. */
  last(transfer: number): number {
    const [row] = [...this.#storage.rows(SQL.last, transfer)]
    return row?.[0] as number
  }

  log(transfer: number, sequence: number, place: RowPlace): void {
    this.#storage.run(
      SQL.log,
      transfer,
      sequence,
      place.table,
      place.hashKey,
      'sortKey' in place ? place.sortKey : null,
      'id' in place ? place.id : null,
      'piece' in place ? place.piece : null,
    )
  }

  /** The number of a transfer's first change that is not trimmed. */
  first(transfer: number): number {
    const [row] = [...this.#storage.rows(SQL.first, transfer)]
    return row?.[0] as number
  }

  /** Forgets changes before one. That one stays: the next one's number is found by it, also after a crash. */
  trim(transfer: number, before: number): void {
    this.#storage.run(SQL.trim, transfer, before)
  }

  /** The first changes behind one, in order. */
  behind(transfer: number, sequence: number, most: number): Change[] {
    return [...this.#storage.rows(SQL.behind, transfer, sequence, most)].map((row) => ({
      sequence: row[0] as number,
      place: {
        table: row[1],
        hashKey: row[2],
        ...(row[1] === 'items' || row[1] === 'transactions' ? { sortKey: row[3] } : undefined),
        ...(row[4] === null ? undefined : { id: row[4] }),
        ...(row[5] === null ? undefined : { piece: row[5] }),
      } as RowPlace,
    }))
  }

  /** How many changes there are behind one. */
  left(transfer: number, sequence: number): number {
    const [row] = [...this.#storage.rows(SQL.left, transfer, sequence)]
    return row?.[0] as number
  }

  /** Hash keys with range partitions of their own, by their texts. */
  promoted(): Map<string, Route> {
    return new Map(
      [...this.#storage.rows(SQL.promoted)].map(([hashKey, partition]) => [
        keyText(hashKey as Uint8Array),
        {
          partition: partition as PartitionName,
          range: { hashKey: hashKey as Uint8Array, interval: EVERYTHING },
        },
      ]),
    )
  }

  promote(hashKey: Uint8Array, partition: PartitionName): void {
    this.#storage.run(SQL.promote, hashKey, partition)
  }

  /** How often keys have moved away. */
  get mark(): number {
    const [row] = [...this.#storage.rows(SQL.mark)]
    return (row?.[0] ?? 0) as number
  }

  /** Keys have moved away. */
  raiseMark(): void {
    this.#storage.run(SQL.setMark, this.mark + 1)
  }
}

/** JSON, with bytes as base64. */
export function encodeKeySet(set: KeySet): string {
  switch (set.kind) {
    case 'child':
      return JSON.stringify(set)
    case 'hashKey':
      return JSON.stringify({ kind: 'hashKey', hashKey: encodeBase64(set.hashKey) })
    case 'interval': {
      const { from, to } = set.interval
      const hashKey = encodeBase64(set.hashKey)
      return JSON.stringify({ kind: 'interval', hashKey, from: encodeBase64(from), to: encodeBase64(to) })
    }
  }
}

/** What {@link encodeKeySet} has encoded. */
export function decodeKeySet(text: string): KeySet {
  const json = JSON.parse(text)
  if (json.kind === 'child') return json
  const hashKey = decodeBase64(json.hashKey)
  if (json.kind === 'hashKey') return { kind: 'hashKey', hashKey }
  return {
    kind: 'interval',
    hashKey,
    interval: { from: decodeBase64(json.from), to: decodeBase64(json.to) },
  }
}

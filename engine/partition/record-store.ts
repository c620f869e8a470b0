import { type ErrorReport, errorFromReport } from '../errors.js'
import type { ChangeResult, PinnedSettings, Proposal, Version } from '../operations.js'
import type { Millis, PartitionName, Storage } from '../ports.js'
import { decodeBase64, encodeBase64 } from '../values/base64.js'
import { chunksOf } from './chunks.js'

/** What its home knows of a transaction that has ended, or of an attempt that must not be committed. */
export type TransactionRecord =
  | {
      readonly outcome: 'committed'
      /** Those that it was sent with. */
      readonly settings: PinnedSettings
      readonly attempt: number
      readonly at: Version
      readonly changes: readonly ChangeResult[]
      readonly participants: readonly Participant[]
      readonly digest?: number | undefined
    }
  /** The transaction was refused, and its sender may have heard so. */
  | { readonly outcome: 'refused'; readonly error: ErrorReport; readonly digest?: number | undefined }
  /** Kept under the attempt's own number: somebody was told that it is not committed. */
  | { readonly outcome: 'aborted' }

/** A partition that has to be told of a commit, and what of it was accepted. */
export interface Participant {
  readonly partition: PartitionName
  readonly proposals: readonly Proposal[]
}

/** Where a record is: at a hash key, under a number. */
export interface RecordPlace {
  readonly hashKey: Uint8Array
  readonly id: number
}

/** A record's place, and when it was stored. */
export interface StoredRecord extends RecordPlace {
  /** Of the transaction's first change: where the record belongs to. Null where nobody knows. */
  readonly sortKey: Uint8Array | null
  readonly stored: Millis
}

const SQL = {
  get: 'SELECT record FROM transactions WHERE hash_key = ? AND id = ? ORDER BY chunk',
  put: 'INSERT INTO transactions (hash_key, id, chunk, sort_key, stored, record) VALUES (?, ?, ?, ?, ?, ?)',
  remove: 'DELETE FROM transactions WHERE hash_key = ? AND id = ?',
  page: `SELECT hash_key, id, sort_key, stored FROM transactions
    WHERE (hash_key, id) > (?, ?) AND chunk = 0 ORDER BY hash_key, id LIMIT ?`,
} as const

/** The records of transactions whose home is here, by the hash key of their first change. */
export class RecordStore {
  readonly #storage: Storage
  readonly #changed: (record: Omit<StoredRecord, 'stored'>) => void

  /** @param changed told of every record that is stored or removed. */
  constructor(storage: Storage, changed: (record: Omit<StoredRecord, 'stored'>) => void = () => {}) {
    this.#storage = storage
    this.#changed = changed
  }

  get(hashKey: Uint8Array, id: number): TransactionRecord | undefined {
    const rows = [...this.#storage.rows(SQL.get, hashKey, id)]
    return rows.length === 0 ? undefined : decodeRecord(rows.map(([chunk]) => chunk).join(''))
  }

  /** Of one transaction, what is said first holds: there must be no record yet. To be called in an atomic section. */
  put({ hashKey, id, sortKey, stored }: StoredRecord, record: TransactionRecord): void {
    chunksOf(encodeRecord(record)).forEach((chunk, i) => {
      this.#storage.run(SQL.put, hashKey, id, i, sortKey, stored, chunk)
    })
    this.#changed({ hashKey, id, sortKey })
  }

  remove(record: Omit<StoredRecord, 'stored'>): void {
    this.#storage.run(SQL.remove, record.hashKey, record.id)
    this.#changed(record)
  }

  /** Where the records behind one are, in the order of their keys; from the first, if nothing is said. */
  page(behind: RecordPlace | undefined, most: number): StoredRecord[] {
    const { hashKey, id } = behind ?? { hashKey: new Uint8Array(), id: -1 }
    return [...this.#storage.rows(SQL.page, hashKey, id, most)].map((row) => ({
      hashKey: row[0] as Uint8Array,
      id: row[1] as number,
      sortKey: row[2] as Uint8Array | null,
      stored: row[3] as number,
    }))
  }
}

/** Answers as the record says. */
export function answerAgain(record: TransactionRecord & { outcome: 'committed' | 'refused' }): {
  changes: readonly ChangeResult[]
  at: Version
} {
  if (record.outcome === 'refused') throw errorFromReport(record.error)
  return { changes: record.changes, at: record.at }
}

/** JSON, with bytes as `{ bytes: base64 }`, which nothing else in a record looks like. */
function encodeRecord(record: TransactionRecord): string {
  return JSON.stringify(record, (_, value) =>
    value instanceof Uint8Array ? { bytes: encodeBase64(value) } : value,
  )
}

function decodeRecord(text: string): TransactionRecord {
  return JSON.parse(text, (_, value) =>
    typeof value?.bytes === 'string' && Object.keys(value).length === 1 ? decodeBase64(value.bytes) : value,
  )
}

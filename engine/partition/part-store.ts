import type { Interval } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { Attempt, ItemKey, Version } from '../operations.js'
import type { Millis, PartitionName, Storage } from '../ports.js'
import { decodeBase64, encodeBase64 } from '../values/base64.js'
import type { ItemText } from '../values/item-text.js'
import { chunksOf } from './chunks.js'
import type { HashKeyClaim } from './claim.js'
import { noteEnding } from './storage-format.js'

/** A part's chunks are numbered from so many times the number of its piece on. */
export const PIECE = 1_024

/** What an attempt has prepared for one hash key: what it holds, and what it will write if it is committed. */
export interface PreparedPart {
  readonly attempt: Attempt
  /** Which of the attempt's parts it belongs to. */
  readonly piece: number
  /** The timestamp that was proposed for it, which names it: another preparation has another one. */
  readonly at: Version
  readonly claim: HashKeyClaim
  /** Each item once; null where it is deleted. */
  readonly writes: readonly {
    readonly key: ItemKey
    readonly item: ItemText | null
    /** When it ends by itself; null: never. */
    readonly expires: Millis | null
  }[]
}

const SQL = {
  all: 'SELECT hash_key, attempt, chunk, part FROM parts ORDER BY hash_key, attempt, chunk',
  ofAttempt:
    'SELECT hash_key, attempt, chunk, part FROM parts WHERE hash_key = ? AND attempt = ? ORDER BY chunk',
  put: 'INSERT INTO parts (hash_key, attempt, chunk, part) VALUES (?, ?, ?, ?)',
  remove: 'DELETE FROM parts WHERE hash_key = ? AND attempt = ? AND chunk >= ? AND chunk < ?',
} as const

/** The stored parts of transactions that other partitions coordinate. */
export class PartStore {
  readonly #storage: Storage
  readonly #changed: (hashKey: Uint8Array, attempt: number, piece: number) => void

  /** @param changed told of every part that is stored or removed. */
  constructor(
    storage: Storage,
    changed: (hashKey: Uint8Array, attempt: number, piece: number) => void = () => {},
  ) {
    this.#storage = storage
    this.#changed = changed
  }

  all(): PreparedPart[] {
    return this.#read(SQL.all)
  }

  /** All pieces of an attempt at a hash key. */
  ofAttempt(hashKey: Uint8Array, attempt: number): PreparedPart[] {
    return this.#read(SQL.ofAttempt, hashKey, attempt)
  }

  get(hashKey: Uint8Array, attempt: number, piece: number): PreparedPart | undefined {
    return this.ofAttempt(hashKey, attempt).find((part) => part.piece === piece)
  }

  put(part: PreparedPart): void {
    const { hashKey } = part.claim
    if (part.writes.some(({ expires }) => expires !== null)) noteEnding(this.#storage)
    chunksOf(encodePart(part)).forEach((chunk, i) => {
      this.#storage.run(SQL.put, hashKey, part.attempt.id, part.piece * PIECE + i, chunk)
    })
    this.#changed(hashKey, part.attempt.id, part.piece)
  }

  remove({ claim: { hashKey }, attempt, piece }: PreparedPart): void {
    this.#storage.run(SQL.remove, hashKey, attempt.id, piece * PIECE, (piece + 1) * PIECE)
    this.#changed(hashKey, attempt.id, piece)
  }

  #read(sql: string, ...bindings: (Uint8Array | number)[]): PreparedPart[] {
    const texts = new Map<string, { hashKey: Uint8Array; piece: number; text: string }>()
    for (const [hashKey, attempt, chunk, part] of this.#storage.rows(sql, ...bindings)) {
      const piece = Math.floor((chunk as number) / PIECE)
      const name = `${attempt}/${piece}/${keyText(hashKey as Uint8Array)}`
      const text = (texts.get(name)?.text ?? '') + part
      texts.set(name, { hashKey: hashKey as Uint8Array, piece, text })
    }
    return [...texts.values()].map(({ hashKey, text }) => decodePart(hashKey, text))
  }
}

/** A part as JSON: keys are base64, since JSON has no bytes. */
interface PartJson {
  readonly id: number
  readonly token: number
  readonly home: string
  readonly hashKey: string
  /** Older versions did not say. */
  readonly sortKey?: string
  readonly piece?: number
  readonly age: readonly [number, number]
  readonly settings: readonly [roots: number, fanout: number, codec?: number]
  readonly at: number
  readonly exclusive: readonly string[]
  readonly shared: readonly string[]
  readonly intervals: readonly (readonly [string, string])[]
  readonly writes: readonly (readonly [string, string | null, expires?: number])[]
}

/** A part as it is stored. */
export function encodePart({ attempt, piece, at, claim, writes }: PreparedPart): string {
  const json: PartJson = {
    id: attempt.id,
    token: attempt.token,
    home: attempt.home,
    hashKey: encodeBase64(attempt.hashKey),
    sortKey: encodeBase64(attempt.sortKey),
    piece,
    age: [attempt.age.at, attempt.age.id],
    settings: [attempt.settings.roots, attempt.settings.fanout, attempt.settings.codec ?? 1],
    at,
    exclusive: [...claim.exclusive.values()].map(encodeBase64),
    shared: [...claim.shared.values()].map(encodeBase64),
    intervals: claim.intervals.map(({ from, to }) => [encodeBase64(from), encodeBase64(to)]),
    writes: writes.map(({ key, item, expires }) =>
      expires === null ? [encodeBase64(key.sortKey), item] : [encodeBase64(key.sortKey), item, expires],
    ),
  }
  return JSON.stringify(json)
}

/** What {@link encodePart} has encoded. */
export function decodePart(hashKey: Uint8Array, text: string): PreparedPart {
  const json: PartJson = JSON.parse(text)
  const keys = (list: readonly string[]) =>
    new Map(list.map(decodeBase64).map((bytes) => [keyText(bytes), bytes]))
  return {
    attempt: {
      id: json.id,
      token: json.token,
      home: json.home as PartitionName,
      hashKey: decodeBase64(json.hashKey),
      sortKey: decodeBase64(json.sortKey ?? ''),
      age: { at: json.age[0], id: json.age[1] },
      settings: { roots: json.settings[0], fanout: json.settings[1], codec: json.settings[2] ?? 1 },
    },
    piece: json.piece ?? 0,
    at: json.at,
    claim: {
      hashKey,
      exclusive: keys(json.exclusive),
      shared: keys(json.shared),
      intervals: json.intervals.map(
        ([from, to]): Interval => ({ from: decodeBase64(from), to: decodeBase64(to) }),
      ),
    },
    writes: json.writes.map(([sortKey, item, expires = null]) => ({
      key: { hashKey, sortKey: decodeBase64(sortKey) },
      item: item as ItemText | null,
      expires,
    })),
  }
}

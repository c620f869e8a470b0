import { hashBytes } from '../keys/hash.js'

/*
 * Under which keys of the cache snapshots are published. Workers KV takes keys of at most 512 bytes; a database's name
 * has at most 128.
 */

const SEEDS = [1, 2, 3, 4]

/** Where all hash partitions of a database are published. */
export function forestSnapshotKey(database: string): string {
  return `${under(database)}/forest`
}

/** Where it is published which hash keys of a database are promoted. */
export function promotedSnapshotKey(database: string): string {
  return `${under(database)}/promoted`
}

/**
 * Where the ranges of a promoted hash key are published. Two hash keys have the same key by an accident that nobody
 * will see, or because somebody looked for them: what is read says whose it is.
 */
export function rangeSnapshotKey(database: string, hashKey: Uint8Array): string {
  const hashes = SEEDS.map((seed) => hashBytes(hashKey, seed).toString(16).padStart(8, '0'))
  return `${under(database)}/range/${hashes.join('')}`
}

/** @param database its name, as it is given and not as partitions' names hold it. */
function under(database: string): string {
  return `fokos/1/${encodeURIComponent(database)}`
}

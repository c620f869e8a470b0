import { ConfigurationError } from '../errors.js'
import { hashBytes } from '../keys/hash.js'
import type { PartitionName } from '../ports.js'

/** A Durable Object's name has at most 1,024 bytes; a promoted hash key's needs most of them. */
const MAX_DATABASE_NAME_BYTES = 128

/** The roots are level 0 of the tree; each level hashes with its own seed, so that it divides anew. */
const ROOT_SEED = 0

/** The root partition that a hash key belongs to: `main/h/3`. */
export function rootOf(database: string, hashKey: Uint8Array, roots: number): PartitionName {
  return `${encodeURIComponent(database)}/h/${hashBytes(hashKey, ROOT_SEED) % roots}` as PartitionName
}

/** @throws {ConfigurationError} for a database name that no partition could be named after. */
export function checkDatabaseName(database: string): string {
  const fits = typeof database === 'string' && database !== '' && database.isWellFormed()
  if (!fits || encodeURIComponent(database).length > MAX_DATABASE_NAME_BYTES) {
    throw new ConfigurationError(
      `a database's name is a text of 1 to ${MAX_DATABASE_NAME_BYTES} bytes, not ${JSON.stringify(database)}`,
    )
  }
  return database
}

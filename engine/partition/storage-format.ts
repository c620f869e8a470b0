import { InvalidRequestError } from '../errors.js'
import type { Storage } from '../ports.js'
import type { PartitionFacts } from './partition-facts.js'
import { createTables, OLDER_FORMATS, STORAGE_FORMAT, upgradeTables } from './schema.js'

/** Makes the tables where there are none, in this version's format. */
export function createInFormat(storage: Storage, facts: PartitionFacts): void {
  createTables(storage)
  facts.set('storage_format', STORAGE_FORMAT)
}

/**
 * Makes sure that the tables are in this version's format: older ones are brought to it.
 *
 * @throws {InvalidRequestError} when a newer version has written them.
 */
export function checkFormat(storage: Storage, facts: PartitionFacts): void {
  const format = facts.get('storage_format')
  if (format === STORAGE_FORMAT) return
  if (OLDER_FORMATS.includes(format)) {
    storage.atomic(() => {
      upgradeTables(storage, format)
      facts.set('storage_format', STORAGE_FORMAT)
    })
    return
  }
  throw new InvalidRequestError(
    `the partition's tables have format ${format}, and this version reads format ${STORAGE_FORMAT}: ` +
      'deploy a version of kysely-fokos that is at least as new as the one that wrote them',
  )
}

import { InvalidRequestError } from '../errors.js'
import type { Storage } from '../ports.js'
import type { PartitionFacts } from './partition-facts.js'
import {
  createTables,
  FORMAT_WITHOUT_EXPIRY,
  OLDER_FORMATS,
  STORAGE_FORMAT,
  upgradeTables,
} from './schema.js'

/** Makes the tables where there are none, in this version's format. */
export function createInFormat(storage: Storage, facts: PartitionFacts): void {
  createTables(storage)
  facts.set('storage_format', FORMAT_WITHOUT_EXPIRY)
  facts.set('tables', STORAGE_FORMAT)
}

const RAISE = `INSERT INTO facts (name, value) VALUES ('storage_format', ${STORAGE_FORMAT})
  ON CONFLICT DO UPDATE SET value = excluded.value WHERE value < excluded.value`

/**
 * Keeps out versions that do not know that items end by themselves, since there is one now that does: they would
 * serve it for ever, and with an older ending if they wrote it. To be called in the section that stores it.
 */
export function noteEnding(storage: Storage): void {
  storage.run(RAISE)
}

/** Whether only versions can read what is stored that know that items end by themselves. */
export function mayHoldEndings(facts: PartitionFacts): boolean {
  return facts.get('storage_format') === STORAGE_FORMAT
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
    if (format === FORMAT_WITHOUT_EXPIRY && facts.get('tables') === STORAGE_FORMAT) return
    storage.atomic(() => {
      upgradeTables(storage, format)
      facts.set('storage_format', FORMAT_WITHOUT_EXPIRY)
      facts.set('tables', STORAGE_FORMAT)
    })
    return
  }
  throw new InvalidRequestError(
    `the partition's tables have format ${format}, and this version reads format ${STORAGE_FORMAT}: ` +
      'deploy a version of kysely-fokos that is at least as new as the one that wrote them',
  )
}

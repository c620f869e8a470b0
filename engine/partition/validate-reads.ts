import { TransactionConflictError } from '../errors.js'
import { mark } from '../mark.js'
import type { PartitionValidate, PieceSums } from '../operations.js'
import { checkSeen, NO_ITEMS } from './evaluate-part.js'
import type { Opened } from './place.js'

/**
 * Makes sure that all is as it was seen, at this moment.
 *
 * Where other partitions are asked at the same time, each at a moment of its own, what was seen must have been so
 * at all times since: a version that is the same now was the same all the time, but an absence may have been
 * interrupted.
 *
 * @returns what the pieces of intervals sum to that are elsewhere too.
 * @throws {TransactionConflictError} when something changed, or may have come and gone.
 */
export function validateReads({ seen, together }: PartitionValidate, opened: Opened | undefined): PieceSums {
  if (opened === undefined) return checkSeen(seen, NO_ITEMS)
  // An instance that was replaced does not know what its successor has locked or deleted.
  for (const { key } of seen.items) opened.items.checkLocks(key.hashKey)
  for (const { hashKey } of seen.intervals) opened.items.checkLocks(hashKey)
  const sums = checkSeen(seen, opened.items)
  if (!together) return sums
  if (opened.deletions.nothingWent(seen) && opened.versions.isCurrent()) return sums
  MARK: mark('an absence may have been interrupted')
  throw new TransactionConflictError('what was absent when it was read may have come and gone since', {})
}

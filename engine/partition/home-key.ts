import { InternalError } from '../errors.js'
import type { ItemKey, PartitionTransact } from '../operations.js'

/** The key that a transaction's record lies at: that of its first change. */
export function homeKey({ part }: PartitionTransact): ItemKey {
  const [first] = part.changes
  if (first === undefined) throw new InternalError("a transaction's first change is in its home")
  return first.change.key
}

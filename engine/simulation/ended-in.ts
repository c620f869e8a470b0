import type { FoundItem, PartitionAnswer } from '../operations.js'
import type { Millis, PartitionName } from '../ports.js'
import { decodeItem, type ItemText } from '../values/item-text.js'

/** The rows of an answer that had ended when its request came, by the clock of the partition that served it. */
export function endedIn(partition: PartitionName, answer: PartitionAnswer, clock: Millis): string[] {
  if (!answer.ok || (answer.owner !== undefined && answer.owner.partition !== partition)) return []
  const { result } = answer
  return itemsOf(result).flatMap((text) => {
    const { ends, place } = decodeItem(text)
    if (!(ends instanceof Date) || ends.getTime() > clock) return []
    return [`${place}, which had ended ${clock - ends.getTime()} ms before by its clock`]
  })
}

/** The items that a read has answered: actors of tests answer anything. */
function itemsOf(result: object): readonly ItemText[] {
  if ('items' in result && Array.isArray(result.items)) return result.items
  if (!('found' in result)) return []
  const found = result.found as FoundItem | null | readonly (FoundItem | null)[]
  return [found].flat().flatMap((each) => (typeof each?.item === 'string' ? [each.item] : []))
}

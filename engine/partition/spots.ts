import { intersect, isEmpty } from '../keys/interval.js'
import type { Change, PartitionOperation, Seen, TransactionPart } from '../operations.js'
import { EVERYTHING } from '../topology/key-set.js'
import type { Spot } from './territory.js'

/** What an operation must find served here, all of it. Of those that are for the partition itself: nothing. */
export function* spotsOf(operation: PartitionOperation): Generator<Spot> {
  switch (operation.kind) {
    case 'get':
    case 'locate':
      yield operation.key
      return
    case 'batchGet':
      yield* operation.keys
      return
    case 'query': {
      // What lies elsewhere is the rest of its answer.
      const { hashKey, direction } = operation
      const interval = intersect(operation.interval, EVERYTHING)
      if (isEmpty(interval)) return
      yield direction === 'descending'
        ? { hashKey, sortKey: interval.to, before: true }
        : { hashKey, sortKey: interval.from }
      return
    }
    case 'write':
      for (const change of operation.changes) yield* spotsOfChange(change)
      return
    case 'validate':
      yield* spotsOfSeen(operation.seen)
      return
    case 'prepare':
      yield* spotsOfPart(operation.part)
      return
    case 'transact': {
      // The home is where the first change is: it sees to the others.
      const [first] = operation.part.changes
      if (first !== undefined) yield first.change.key
      return
    }
    case 'finish':
      for (const [i, hashKey] of operation.hashKeys.entries()) {
        yield { hashKey, interval: operation.within?.[i] ?? EVERYTHING }
      }
      return
    case 'inquire':
      yield operation.attempt
      return
    default:
  }
}

/** What a part of a transaction must find served in one place. */
export function* spotsOfPart({ seen, changes }: TransactionPart): Generator<Spot> {
  for (const { change } of changes) yield* spotsOfChange(change)
  yield* spotsOfSeen(seen)
}

function* spotsOfSeen({ items, intervals }: Seen): Generator<Spot> {
  for (const { key } of items) yield key
  yield* intervals
}

function* spotsOfChange(change: Change): Generator<Spot> {
  if (change.kind !== 'alone') yield change.key
  if ('aloneIn' in change && change.aloneIn !== undefined) {
    yield { hashKey: change.key.hashKey, interval: change.aloneIn }
  }
}

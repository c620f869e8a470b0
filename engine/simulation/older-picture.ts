import type { PartitionTransact, TransactionPart } from '../operations.js'
import type { PartitionName, Peers } from '../ports.js'
import type { SeededRandom } from './seeded-random.js'

type OtherPart = PartitionTransact['others'][number]

/**
 * The peers of a Worker whose picture of the tree is older, or newer, than the partitions': it takes one partition
 * for several, and cuts its part of a transaction into parts for each. Some of them then belong to the home itself.
 *
 * @param chance that a transaction is cut, which does not change when it is sent again.
 * @param note told when one is.
 */
export function withOlderPicture(
  peers: Peers,
  random: SeededRandom,
  chance: number,
  note: () => void,
): Peers {
  return {
    call(partition, request) {
      const { operation } = request
      if (operation.kind !== 'transact') return peers.call(partition, request)
      const own = random.fork(operation.token)
      if (!own.chance(chance)) return peers.call(partition, request)
      const cut = cutTransaction(partition, operation, own)
      if (cut.others.length > operation.others.length) note()
      return peers.call(partition, { ...request, operation: cut })
    },
  }
}

function cutTransaction(home: PartitionName, operation: PartitionTransact, random: SeededRandom) {
  const [first, ...strangers] = cutPart(operation.part, random) as [TransactionPart, ...TransactionPart[]]
  const others = operation.others.flatMap(({ partition, part }) =>
    cutPart(part, random).map((piece): OtherPart => ({ partition, part: piece })),
  )
  return {
    ...operation,
    part: first,
    others: [...strangers.map((part) => ({ partition: home, part })), ...others],
  }
}

/** One part for some of its hash keys, and others for the rest; the first of them has the first change. */
function cutPart(part: TransactionPart, random: SeededRandom): TransactionPart[] {
  const pieces = new Map<number, TransactionPart>()
  const pieceOf = new Map<string, number>()
  const into = (hashKey: Uint8Array, add: (piece: TransactionPart) => TransactionPart) => {
    const name = hashKey.join()
    const known = pieceOf.get(name)
    const place = known ?? (pieceOf.size === 0 ? 0 : random.below(pieceOf.size + 1))
    pieceOf.set(name, place)
    pieces.set(place, add(pieces.get(place) ?? { seen: { items: [], intervals: [] }, changes: [] }))
  }
  for (const planned of part.changes)
    into(planned.change.key.hashKey, (piece) => ({ ...piece, changes: [...piece.changes, planned] }))
  for (const item of part.seen.items) {
    into(item.key.hashKey, ({ seen, changes }) => ({
      changes,
      seen: { ...seen, items: [...seen.items, item] },
    }))
  }
  for (const interval of part.seen.intervals) {
    into(interval.hashKey, ({ seen, changes }) => ({
      changes,
      seen: { ...seen, intervals: [...seen.intervals, interval] },
    }))
  }
  return [...pieces].sort(([left], [right]) => left - right).map(([, piece]) => piece)
}

import { InvalidRequestError } from '../errors.js'
import type {
  PartitionAdopt,
  PartitionDescription,
  PartitionOperation,
  PartitionResult,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { placeOf } from '../topology/partition-name.js'
import type { Contents } from './contents.js'
import { ASK_AFTER } from './participant.js'
import type { Opened, PartitionPorts } from './place.js'
import { ReplacedInstanceError } from './replaced-instance-error.js'
import type { Source } from './transfer/source.js'

/** A partition, as it is asked for itself. */
export interface OwnPlace {
  readonly ports: PartitionPorts
  readonly contents: Contents
  wakeBy(at: Millis): void
}

/**
 * Serves what a partition is asked for itself, and not for its keys: how it is, and what those ask for that give
 * it keys or get them from it. Nothing, if it is asked for keys.
 *
 * @throws {ReplacedInstanceError} when another instance has brought a transfer further.
 */
export function serveItself(
  operation: PartitionOperation,
  place: OwnPlace,
): PartitionResult | Promise<PartitionResult> | undefined {
  const { opened } = place.contents
  switch (operation.kind) {
    case 'describe':
      return opened === undefined ? describeNothing(place) : opened.moving.describe()
    case 'outline':
      return opened === undefined ? { events: [], below: [] } : sourceOf(opened).outline
    case 'adopt':
      return adopt(operation, place)
    case 'copy':
      return sourceOf(opened).copy(operation)
    case 'catchUp':
      return sourceOf(opened).catchUp(operation)
    case 'handOver':
      return sourceOf(opened).handOver(operation)
    case 'settle': {
      const settled = sourceOf(opened).settle(operation)
      opened?.moving.settled()
      return settled
    }
    default:
      return undefined
  }
}

function describeNothing({ ports, contents }: OwnPlace): PartitionDescription {
  const { name, storage } = ports
  const { serves } = contents.territory
  return {
    partition: name,
    kind: placeOf(name).kind,
    state: serves ? 'serving' : 'unused',
    bytes: storage.bytes(),
    items: 0,
    requestsPerSecond: 0,
    children: [],
    promoted: [],
    moving: [],
  }
}

/** @throws {InvalidRequestError} when it is another transfer's target already. */
function adopt(operation: PartitionAdopt, { ports, contents, wakeBy }: OwnPlace): Record<string, never> {
  const { transfer } = operation
  // Armed before the work, so that it is come back to whatever happens.
  wakeBy(ports.clock.now() + ASK_AFTER)
  const adopted = contents.writing(({ moving }) => {
    if (!contents.isPinned) contents.pin(transfer.settings)
    return moving.adopt(operation)
  })
  if (adopted) {
    contents.opened?.moving.drive()
    return {}
  }
  throw new InvalidRequestError('this partition has its keys from another one', { adopted: true })
}

function sourceOf(opened: Opened | undefined): Source {
  if (opened !== undefined) {
    const { source } = opened.moving
    if (source.isCurrent()) return source
    throw new ReplacedInstanceError('another instance of this partition has brought a transfer further')
  }
  throw new InvalidRequestError('nothing moves away from a partition in which nothing is')
}

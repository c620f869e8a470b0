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
import { mayHoldEndings } from './storage-format.js'
import type { Source } from './transfer/source.js'

/** Who speaks this version of the protocol, or a later one, knows that items end by themselves. */
const ENDINGS = 4

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
 * @param version of the protocol that the request is in.
 * @throws {ReplacedInstanceError} when another instance has brought a transfer further.
 */
export function serveItself(
  operation: PartitionOperation,
  version: number,
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
      return sourceFor(version, opened).copy(operation)
    case 'catchUp':
      return sourceFor(version, opened).catchUp(operation)
    case 'handOver':
      return sourceFor(version, opened).handOver(operation)
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

/** @throws {InvalidRequestError} when the target does not know that items end, and there may be some that do. */
function sourceFor(version: number, opened: Opened | undefined): Source {
  const source = sourceOf(opened)
  if (version >= ENDINGS || opened === undefined || !mayHoldEndings(opened.facts)) return source
  throw new InvalidRequestError(
    'there are rows here that expire, which the version of kysely-fokos that asks for them does not know: its ' +
      'deployment is to be finished',
  )
}

function sourceOf(opened: Opened | undefined): Source {
  if (opened !== undefined) {
    const { source } = opened.moving
    if (source.isCurrent()) return source
    throw new ReplacedInstanceError('another instance of this partition has brought a transfer further')
  }
  throw new InvalidRequestError('nothing moves away from a partition in which nothing is')
}

import type { Interval } from '../keys/interval.js'
import { decodeKey } from '../keys/key-codec.js'
import type {
  CopyCursor,
  KeySet,
  PartitionAnswer,
  PartitionRequest,
  Route,
  TransactionPart,
} from '../operations.js'

/*
 * What travels, in words, for the trace.
 */

export function describeRequest({ operation, passed }: PartitionRequest): string {
  const by = passed === undefined ? '' : `, passed on by ${passed.by}`
  return `${describeOperation(operation)}${by}`
}

function describeOperation(operation: PartitionRequest['operation']): string {
  switch (operation.kind) {
    case 'write':
      return `write (${operation.changes.map(({ kind }) => kind).join(', ')})${operation.resent ? ', sent again' : ''}`
    case 'transact': {
      const kinds = [operation.part, ...operation.others.map(({ part }) => part)].map(describePart)
      return `transact (${kinds.join(' | ')})${operation.resent ? ', sent again' : ''}`
    }
    case 'prepare': {
      const piece = operation.piece ? `, piece ${operation.piece}` : ''
      return `prepare ${operation.attempt.id}${piece} (${describePart(operation.part)})`
    }
    case 'finish':
      return `${operation.outcome.committed ? 'commit' : 'abort'} ${operation.attempt}`
    case 'inquire':
      return `inquire ${operation.attempt.id}`
    case 'locate':
      return `locate ${describeKey(operation.key.hashKey, operation.key.sortKey)}`
    case 'adopt': {
      const { id, source, set } = operation.transfer
      return `adopt ${id} from ${source}: ${describeSet(set)}`
    }
    case 'copy':
      return `copy ${operation.transfer} ${cursorText(operation.after)}`
    case 'catchUp':
    case 'handOver':
      return `${operation.kind} ${operation.transfer} behind ${operation.behind}`
    case 'settle':
      return `settle ${operation.transfer}`
    default:
      return operation.kind
  }
}

function describePart({ seen, changes }: TransactionPart): string {
  const read = seen.items.length + seen.intervals.length
  return `${read} seen${changes.map(({ change }) => `, ${change.kind}`).join('')}`
}

/** Which keys a transfer moves. */
export function describeSet(set: KeySet): string {
  switch (set.kind) {
    case 'child':
      return `child ${set.index} of ${set.fanout} at level ${set.level}`
    case 'hashKey':
      return `all of ${hashKeyText(set.hashKey)}`
    case 'interval':
      return `${hashKeyText(set.hashKey)} ${intervalText(set.interval)}`
    default:
      return set satisfies never
  }
}

export function describeAnswer(answer: PartitionAnswer): string {
  if (!answer.ok && answer.error === undefined)
    return `directions to ${answer.elsewhere.map(routeText).join(', ')}`
  const { owner, hops } = answer
  const from = owner === undefined ? '' : ` from ${routeText(owner)} after ${hops} hops`
  return `${answer.ok ? describeResult(answer.result) : answer.error.code}${from}`
}

function describeResult(result: (PartitionAnswer & { ok: true })['result']): string {
  if ('proposals' in result) return `prepared at ${result.proposals.map(({ at }) => at).join(', ')}`
  if ('outcome' in result) {
    if (result.outcome === 'deciding') return 'deciding'
    return result.outcome.committed ? `committed at ${result.outcome.at}` : 'aborted'
  }
  if ('changes' in result) {
    return result.changes
      .map((change) => (change.made ? `made ${change.version}` : change.because))
      .join(', ')
  }
  if ('rows' in result) {
    const rest =
      'left' in result ? `, ${result.left} changes left` : result.upTo === undefined ? ', the last' : ''
    return `${result.rows.length} rows that move${rest}`
  }
  if ('handedOver' in result) {
    return result.handedOver === undefined
      ? 'too much to hand over'
      : `the keys, and ${result.handedOver.rows.length} rows`
  }
  if ('items' in result && typeof result.items === 'object') {
    const more =
      ('rest' in result && result.rest !== undefined) || ('upTo' in result && result.upTo !== undefined)
    return `${result.items.length} items${more ? ' and more' : ''}`
  }
  if (!('found' in result)) return 'done'
  if (Array.isArray(result.found)) return `${result.found.filter((item) => item !== null).length} items`
  return result.found === null ? 'nothing' : 'an item'
}

function routeText({ partition, range }: Route): string {
  return range === undefined ? partition : `${partition} ${intervalText(range.interval)}`
}

function cursorText(cursor: CopyCursor | undefined): string {
  if (cursor === undefined) return 'from the beginning'
  const { table, hashKey, sortKey, id } = cursor
  const key = sortKey === undefined ? hashKeyText(hashKey) : describeKey(hashKey, sortKey)
  return `behind ${key}${id === undefined ? '' : ` ${id}`} of ${table}`
}

function intervalText({ from, to }: Interval): string {
  return `[${boundText(from)}, ${boundText(to)})`
}

/** A key as it was. */
export function describeKey(hashKey: Uint8Array, sortKey: Uint8Array): string {
  return `${hashKeyText(hashKey)}/${boundText(sortKey)}`
}

function hashKeyText(hashKey: Uint8Array): string {
  return boundText(hashKey)
}

/** A key as it was, where it is a whole one: bounds can be shorter, or longer. */
function boundText(key: Uint8Array): string {
  try {
    return key.length === 0 ? '' : decodeKey(key).join('/')
  } catch {
    return Buffer.from(key).toString('hex')
  }
}

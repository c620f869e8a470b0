import type { ItemKey, PartitionOperation } from '../operations.js'

/** Whether refusing it leaves nothing half done. */
export function isFromClient({ kind }: PartitionOperation): boolean {
  switch (kind) {
    case 'get':
    case 'batchGet':
    case 'query':
    case 'scan':
    case 'write':
    case 'transact':
    case 'validate':
      return true
    default:
      return false
  }
}

/** Whether it may change items. */
export function isWrite({ kind }: PartitionOperation): boolean {
  return kind === 'write' || kind === 'transact' || kind === 'prepare' || kind === 'finish'
}

/** One key that an operation is for. */
export function keyToNote(operation: PartitionOperation): ItemKey | undefined {
  switch (operation.kind) {
    case 'get':
      return operation.key
    case 'batchGet':
      return operation.keys[0]
    case 'query':
      return { hashKey: operation.hashKey, sortKey: operation.interval.from }
    case 'write':
      return operation.changes[0]?.key
    case 'transact':
    case 'prepare':
      return operation.part.changes[0]?.change.key ?? operation.part.seen.items[0]?.key
    case 'finish': {
      const [hashKey] = operation.hashKeys
      return hashKey === undefined
        ? undefined
        : { hashKey, sortKey: operation.within?.[0]?.from ?? new Uint8Array() }
    }
    default:
      return undefined
  }
}

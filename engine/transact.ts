import type { CallOptions } from './client/client.js'
import { FokosError, InvalidRequestError, LimitError } from './errors.js'
import type { Expression } from './expressions/expression.js'
import { hashBytes } from './keys/hash.js'
import type { Change, PlannedChange } from './operations.js'
import { MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS } from './settings.js'
import { expires, itemKey, itemText, refuseUnknown, type StoreKey } from './store-key.js'
import { textBytes } from './values/item-text.js'
import type { Item } from './values/value.js'

/**
 * One item of a transaction.
 *
 * - `put` writes an item, whatever was there; `insert` writes one where none is.
 * - `update` changes columns of an item that is there; `delete` removes one, if there is one.
 * - `check` writes nothing: its condition must hold. Columns of an absent item are null.
 *
 * If a condition does not hold for what is there, nothing of the transaction happens. `expiresAt` names the column
 * that says when an item ends by itself.
 */
export type TransactWriteItem =
  | {
      readonly kind: 'put'
      readonly key: StoreKey
      readonly value: Item
      readonly condition?: Expression
      readonly expiresAt?: string
    }
  | { readonly kind: 'insert'; readonly key: StoreKey; readonly value: Item; readonly expiresAt?: string }
  | {
      readonly kind: 'update'
      readonly key: StoreKey
      readonly set: { readonly [column: string]: Expression }
      readonly condition?: Expression
      readonly expiresAt?: string
    }
  | { readonly kind: 'delete'; readonly key: StoreKey; readonly condition?: Expression }
  | { readonly kind: 'check'; readonly key: StoreKey; readonly condition: Expression }

/** What {@link Store.transactWrite} takes beside its items. */
export interface TransactWriteOptions extends CallOptions {
  /**
   * Names the transaction: called twice with one token within ten minutes, with the same items in the same order,
   * it happens once, and answers the same both times, refusals too. 1 to 256 characters. Take a new one for each
   * transaction, also after a refusal.
   */
  readonly token?: string
}

/** Why an item of a transaction was refused. */
export interface TransactionReason {
  readonly code: string
  readonly message: string
}

const FIELDS = {
  put: ['kind', 'key', 'value', 'condition', 'expiresAt'],
  insert: ['kind', 'key', 'value', 'expiresAt'],
  update: ['kind', 'key', 'set', 'condition', 'expiresAt'],
  delete: ['kind', 'key', 'condition'],
  check: ['kind', 'key', 'condition'],
} as const

/** @throws {LimitError} for too many items, or too large ones. */
export function planItems(items: readonly TransactWriteItem[]): Omit<PlannedChange, 'index'>[] {
  checkCount(items.length)
  if (items.length === 0) throw new InvalidRequestError('a transaction has at least one item')
  const planned = items.map(planItem)
  const bytes = planned.reduce((sum, { change }) => sum + ('item' in change ? textBytes(change.item) : 0), 0)
  if (bytes <= MAX_TRANSACTION_BYTES) return planned
  throw new LimitError(
    `a transaction writes at most ${MAX_TRANSACTION_BYTES} bytes, not ${bytes}: write fewer items at once`,
    { limit: MAX_TRANSACTION_BYTES, size: bytes },
  )
}

/** @throws {LimitError} when a transaction has too many items. */
export function checkCount(count: number): void {
  if (count <= MAX_TRANSACTION_ITEMS) return
  throw new LimitError(`a transaction has at most ${MAX_TRANSACTION_ITEMS} items, not ${count}`, {
    limit: MAX_TRANSACTION_ITEMS,
    size: count,
  })
}

function planItem(item: TransactWriteItem): Omit<PlannedChange, 'index'> {
  const fields = FIELDS[item.kind]
  if (fields === undefined) {
    throw new InvalidRequestError(
      `transactWrite: no item is called ${String((item as { kind: unknown }).kind)}`,
    )
  }
  refuseUnknown(`transactWrite, ${item.kind}`, item, fields)
  const key = itemKey(item.key)
  const condition =
    'condition' in item && item.condition !== undefined ? { condition: item.condition } : undefined
  const ending = 'expiresAt' in item ? expires(item.expiresAt) : undefined
  switch (item.kind) {
    case 'put':
      return {
        change: { kind: 'put', key, item: itemText(item.value), ...condition, ...ending },
        allow: ['made'],
      }
    case 'insert':
      return { change: { kind: 'insert', key, item: itemText(item.value), onExisting: 'error', ...ending } }
    case 'update': {
      const assignments = Object.entries(item.set).map(([column, value]) => ({ column, value }))
      return { change: { kind: 'update', key, assignments, ...condition, ...ending }, allow: ['made'] }
    }
    case 'delete':
      return { change: { kind: 'delete', key, ...condition }, allow: ['made', 'absent'] }
    case 'check':
      return { change: { kind: 'check', key, ...condition } as Change, allow: ['made'] }
  }
}

/** The number that a token stands for: 53 bits of it, so that no two that anybody chose meet by chance. */
export function tokenNumber(token: string): number {
  if (typeof token !== 'string' || token.length < 1 || token.length > 256) {
    throw new InvalidRequestError('a token is a text of 1 to 256 characters')
  }
  const bytes = new TextEncoder().encode(token)
  return (hashBytes(bytes, 1) & 0x1fffff) * 0x100000000 + hashBytes(bytes, 2)
}

/** Puts each item's reason at its place, null where there is none. */
export function placeReasons(error: unknown, count: number): unknown {
  if (!(error instanceof FokosError) || !Array.isArray(error.details.reasons)) return error
  const reasons = new Array<TransactionReason | null>(count).fill(null)
  for (const { index, code, message } of error.details.reasons) reasons[index] = { code, message }
  Object.assign(error.details, { reasons })
  return error
}

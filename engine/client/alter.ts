import { MAX_CALLS, mapConcurrently } from '../concurrently.js'
import { FokosError, LimitError, OutcomeUnknownError, TransactionConflictError } from '../errors.js'
import { mark } from '../mark.js'
import {
  type Age,
  type AlterOperation,
  type Change,
  type Direction,
  type ItemKey,
  type Reading,
  type Span,
  VERSIONS_PER_MILLI,
  type WriteResult,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { MAX_CHANGES } from '../settings.js'
import type { Client } from './client.js'
import type { KeyedPage } from './merge.js'
import { sortSpans } from './order.js'
import type { CallOptions } from './partition-calls.js'
import { Observer } from './read-together.js'
import type { RetryPorts } from './retry.js'

/** How often a statement begins anew, when others change its intervals while it is under way. */
const MAX_ATTEMPTS = 10
/** From this attempt on, what is read is reserved for a moment. */
const RESERVING_ATTEMPT = 3
const FIRST_BACKOFF = 20
/** No attempt begins later than this after the first: each may have waited long for somebody's lock. */
const MAX_ELAPSED: Millis = 15_000
/** Only the keys of the items that pass are wanted. */
const NOTHING_OF_ITEMS = [] as const

/** In the order of the keys, whatever the order of the spans. */
export const ORDER_OF_KEYS = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' } as const

/** What is done to each item of an alteration. */
export function changeOf({ alteration }: AlterOperation, key: ItemKey): Change {
  return { ...alteration, key }
}

/**
 * The keys of all items that pass, in order.
 *
 * @param read gives the pages of a span, with the sort keys of at most so many items that pass.
 * @throws {LimitError} when they are more than a statement changes.
 */
export async function keysToAlter(
  { spans, filter }: AlterOperation,
  read: (span: Span, reading: Reading & { limit: number; direction: Direction }) => AsyncIterable<KeyedPage>,
): Promise<ItemKey[]> {
  const reading = { direction: 'ascending', limit: MAX_CHANGES + 1, ...(filter && { filter }) } as const
  const ofSpans = await mapConcurrently(
    sortSpans({ spans, order: ORDER_OF_KEYS }),
    MAX_CALLS,
    async (span) => {
      const keys: ItemKey[] = []
      for await (const { hashKey, sortKeys } of read(span, reading)) {
        for (const sortKey of sortKeys) keys.push({ hashKey, sortKey })
      }
      return keys
    },
  )
  const keys = ofSpans.flat()
  if (keys.length <= MAX_CHANGES) return keys
  throw new LimitError(
    `a statement changes at most ${MAX_CHANGES} rows, and more pass its conditions: narrow the interval of sort keys, ` +
      'or read the keys with stream() and change so many rows in one statement',
    { limit: MAX_CHANGES, size: keys.length },
  )
}

/** See {@link Client.alter}. Each attempt is a transaction with a token of its own. */
export async function alter(
  client: Client,
  { clock, random }: RetryPorts,
  operation: AlterOperation,
  options: CallOptions | undefined,
): Promise<WriteResult> {
  const startedAt = clock.now()
  const age: Age = { at: startedAt * VERSIONS_PER_MILLI, id: random.token() }
  for (let attempts = 1; ; attempts++) {
    try {
      return await alterOnce(client, operation, attempts < RESERVING_ATTEMPT ? undefined : age, options)
    } catch (error) {
      const late = attempts >= MAX_ATTEMPTS || clock.now() - startedAt > MAX_ELAPSED
      if (!(error instanceof TransactionConflictError) || late) throw error
    }
    MARK: mark('a change of intervals begins anew')
    options?.signal?.throwIfAborted()
    await clock.sleep(random.fraction() * FIRST_BACKOFF * 2 ** attempts)
  }
}

async function alterOnce(
  client: Client,
  operation: AlterOperation,
  age: Age | undefined,
  options: CallOptions | undefined,
): Promise<WriteResult> {
  const observer = new Observer(false, age, true)
  const keys = await keysToAlter(operation, (span, reading) =>
    client.spanPages(span, { ...reading, withKeys: true, projection: NOTHING_OF_ITEMS, observer }, options),
  )
  if (keys.length === 0) {
    if (!observer.single) await client.validate(observer.seen, options, age)
    return { changes: [] }
  }
  const { seen } = observer
  const changes = keys.map((key) => ({ change: changeOf(operation, key) }))
  try {
    return await client.transact(
      { seen, changes, returning: operation.returning, refusals: 'items', age },
      options,
    )
  } catch (error) {
    if (error instanceof FokosError && !isOfOutcome(error)) {
      // What a row is refused for counts only if it is a row that was found: where the interval had to be cut, rows are
      // looked at before all of it is known to be as it was.
      await client.validate(seen, options, age)
    }
    throw error
  }
}

/** Whether an error tells of the sending, and not of a row. */
function isOfOutcome(error: FokosError): boolean {
  return error instanceof OutcomeUnknownError || error.retryable
}

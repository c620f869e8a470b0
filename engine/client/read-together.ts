import { assert, LimitError, TransactionConflictError } from '../errors.js'
import {
  type Age,
  type Direction,
  type ItemKey,
  type PartitionResults,
  type QueryAnswer,
  type Reservation,
  type Seen,
  type SeenInterval,
  type SeenItem,
  type Span,
  VERSIONS_PER_MILLI,
} from '../operations.js'
import type { Client } from './client.js'
import type { CallOptions } from './partition-calls.js'
import type { RetryPorts } from './retry.js'

/** How often a statement is read anew, when what it saw changed while it read. */
const MAX_READINGS = 8
/** From this reading on, what is read is reserved for a moment. */
const RESERVING_READING = 3
const FIRST_BACKOFF = 20
/** What one statement examines at most, if its answers must be of one moment: a partition looks at all of it again. */
const MAX_EXAMINED = 100_000

/** Notes what a statement of several calls sees, so that it can be validated in the end. */
export class Observer {
  /** Whether the statement begins with one call, and may need no more. */
  readonly alone: boolean
  #calls = 0
  #examined = 0
  readonly #items: SeenItem[] = []
  readonly #intervals: SeenInterval[] = []

  /** What its reads reserve, when it has read in vain before. */
  readonly reserve: Reservation | undefined

  /** @param writes whether what is read may be written then. */
  constructor(alone: boolean, age: Age | undefined, writes = false) {
    this.alone = alone
    this.reserve = age === undefined ? undefined : { age, writes }
  }

  /** Whether the statement was one call: then it was one moment. */
  get single(): boolean {
    return this.#calls <= 1
  }

  get seen(): Seen {
    return { items: this.#items, intervals: this.#intervals }
  }

  sawItems(keys: readonly ItemKey[], { versions, asOf }: PartitionResults['batchGet']): void {
    assert(versions !== undefined && asOf !== undefined, 'an answer that was to observe says what it saw')
    this.#count(versions.length)
    versions.forEach((version, i) => {
      this.#items.push({ key: keys[i] as ItemKey, version, asOf })
    })
  }

  /** A page without a sum is all that its query has asked for. */
  sawPage(hashKey: Uint8Array, asked: Span['interval'], direction: Direction, answer: QueryAnswer): void {
    const { rest, fingerprint, examined = 0, asOf } = answer
    this.#count(examined)
    if (fingerprint === undefined || asOf === undefined) return
    const interval =
      rest === undefined
        ? asked
        : direction === 'ascending'
          ? { from: asked.from, to: rest.from }
          : { from: rest.to, to: asked.to }
    this.#intervals.push({ hashKey, interval, fingerprint, asOf })
  }

  #count(examined: number): void {
    this.#calls++
    this.#examined += examined
    if (this.#calls === 1 || this.#examined <= MAX_EXAMINED) return
    throw new LimitError(
      `a statement looks at no more than ${MAX_EXAMINED} rows, so that it sees one moment: read less with a limit ` +
        'or a narrower condition, or page by page with stream()',
      { limit: MAX_EXAMINED },
    )
  }
}

/** Reads until all of it was of one moment. @throws {TransactionConflictError} when that does not come to be. */
export async function readTogether<T>(
  client: Client,
  { clock, random }: RetryPorts,
  options: CallOptions | undefined,
  read: (observer: Observer) => Promise<T>,
  alone = false,
): Promise<T> {
  const first: Age = { at: clock.now() * VERSIONS_PER_MILLI, id: random.token() }
  for (let readings = 1; ; readings++) {
    const age = readings < RESERVING_READING ? undefined : first
    const observer = new Observer(alone, age)
    const result = await read(observer)
    if (observer.single) return result
    try {
      await client.validate(observer.seen, options, age)
      return result
    } catch (error) {
      if (!(error instanceof TransactionConflictError) || readings >= MAX_READINGS) throw error
    }
    await clock.sleep(random.fraction() * FIRST_BACKOFF * 2 ** readings)
  }
}

import { compareBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import type {
  Observing,
  PartitionBatchGet,
  PartitionGet,
  PartitionQuery,
  PartitionResult,
  PartitionScan,
  PartitionValidate,
  PinnedSettings,
  ScanAnswer,
} from '../operations.js'
import type { Millis } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import { aggregate } from './aggregate-items.js'
import { ClaimBuilder, claimOf } from './claim.js'
import type { Contents } from './contents.js'
import { Elsewhere } from './elsewhere.js'
import type { LockTable, Turn } from './lock-table.js'
import { DEFAULT_PAGES, type PageLimits } from './page-limits.js'
import type { PartitionPorts } from './place.js'
import { batchGet, get, left, NOTHING_OBSERVED, query } from './read-items.js'
import { scanItems } from './scan-items.js'
import { PATIENCE } from './turns.js'
import { validateReads } from './validate-reads.js'

/** How long a read waits for older ones that have reserved the same, before it goes on all the same. */
const RESERVE_PATIENCE: Millis = 1_000

/** Reads what is served here, once nothing that may be committed is in the way. Each is one section. */
export class Reads {
  readonly #ports: PartitionPorts
  readonly #locks: LockTable
  readonly #contents: Contents
  readonly #pages: PageLimits

  constructor(ports: PartitionPorts, locks: LockTable, contents: Contents, pages = DEFAULT_PAGES) {
    this.#ports = ports
    this.#locks = locks
    this.#contents = contents
    this.#pages = pages
  }

  /** One item. */
  get(operation: PartitionGet, turn: Turn): PartitionResult {
    const { opened } = this.#contents
    this.#passToRead(operation, turn, (claim, want) => claim[want](operation.key))
    const found = opened === undefined ? null : get(opened.items, operation)
    return { found, ...this.#asOf(operation) }
  }

  /** Several items. */
  batchGet(operation: PartitionBatchGet, turn: Turn): PartitionResult {
    const { opened } = this.#contents
    this.#passToRead(operation, turn, (claim, want) => {
      for (const key of operation.keys) claim[want](key)
    })
    if (opened !== undefined)
      return { ...batchGet(opened.items, operation, this.#pages), ...this.#asOf(operation) }
    const none = operation.keys.map(() => null)
    return { found: none, ...(operation.observe === undefined ? {} : { versions: none, asOf: 0 }) }
  }

  /** A page of an interval; what lies elsewhere is the rest. */
  query(operation: PartitionQuery, turn: Turn): PartitionResult {
    const { opened, territory } = this.#contents
    const { hashKey, interval, direction } = operation
    const stretch = territory.stretchHere(interval, direction === 'descending')
    this.#passToRead(operation, turn, (claim) => claim.examine(hashKey, stretch))
    if (opened === undefined) return queryNothing(operation, stretch)
    const { aggregation } = operation
    const page =
      aggregation === undefined
        ? query(opened.items, operation, stretch, this.#pages)
        : aggregate(opened.items, operation, aggregation, stretch, this.#pages)
    return { ...page, ...this.#asOf(operation) }
  }

  /** A page of everything that is served here; of what has moved away, who has it. */
  scan(operation: PartitionScan, settings: PinnedSettings, turn: Turn): ScanAnswer {
    const { opened, territory } = this.#contents
    const nothing = { items: [], keys: [], elsewhere: [] }
    if (!territory.serves) {
      const { after } = operation
      const next = territory.nextFor(
        after ?? { hashKey: new Uint8Array(), sortKey: new Uint8Array() },
        settings,
      )
      throw new Elsewhere(operation, next, false)
    }
    if (opened === undefined) return nothing
    this.#contents.checkCurrent(operation.after?.hashKey ?? new Uint8Array())
    const page = scanItems(this.#ports.storage, operation, territory, opened.items)
    this.#passToScan(page, turn)
    return page
  }

  /** Makes sure that all is as it was seen. */
  validate(operation: PartitionValidate, turn: Turn): PartitionResult {
    if (!this.#locks.idle) {
      this.#locks.pass(claimOf({ seen: operation.seen, changes: [] }), 'read', turn)
    }
    const sums = validateReads(operation, this.#contents.opened)
    if (operation.age !== undefined) this.#locks.unreserve(operation.age)
    return sums.length === 0 ? {} : { sums }
  }

  #asOf({ observe }: { readonly observe?: unknown }): { asOf?: number } {
    return observe === undefined ? {} : { asOf: this.#contents.opened?.versions.last ?? 0 }
  }

  /** Lets a read go on, and reserves what it reads if it wants that. */
  #passToRead(
    { reserve }: Observing,
    turn: Turn,
    want: (claim: ClaimBuilder, row: 'read' | 'write') => void,
  ): void {
    if (this.#locks.idle && reserve === undefined) return
    const builder = new ClaimBuilder()
    want(builder, reserve?.writes === true ? 'write' : 'read')
    const { claim } = builder
    const late = this.#ports.clock.now() > turn.until - PATIENCE + RESERVE_PATIENCE
    this.#locks.pass(claim, reserve === undefined || late ? 'read' : 'reserve', turn)
    if (reserve !== undefined) this.#locks.reserve(claim, reserve)
  }

  /** A page waits where something on it is locked, or where something may come onto it. */
  #passToScan({ upTo, keys }: ScanAnswer, turn: Turn): void {
    if (this.#locks.idle) return
    const builder = new ClaimBuilder()
    const last = upTo ?? keys.at(-1)
    for (const hashKey of this.#locks.hashKeys()) {
      if (upTo === undefined || last === undefined || compareBytes(hashKey, last.hashKey) <= 0) {
        builder.examine(hashKey, EVERYTHING)
      }
    }
    this.#locks.pass(builder.claim, 'read', turn)
  }
}

function queryNothing(operation: PartitionQuery, stretch: Interval): PartitionResult {
  const { interval, direction, withKeys, aggregation, observe } = operation
  const rest = left(interval, stretch, direction === 'descending')
  return {
    items: [],
    ...(withKeys ? { sortKeys: [] } : undefined),
    ...(aggregation === undefined ? undefined : { groups: [] }),
    ...(rest === undefined ? undefined : { rest }),
    ...(observe === undefined ? undefined : NOTHING_OBSERVED),
  }
}

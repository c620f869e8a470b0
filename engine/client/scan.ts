import { InvalidRequestError } from '../errors.js'
import { compareBytes } from '../keys/compare-bytes.js'
import type { Interval } from '../keys/interval.js'
import type { ItemKey, PartitionScan, Reading } from '../operations.js'
import { isAbove } from '../topology/partition-name.js'
import type { ItemText } from '../values/item-text.js'
import { checkLimit } from './order.js'
import type { CallOptions, PartitionCalls, Reply } from './partition-calls.js'
import { ScanWalk, type Segment, type Visit } from './scan-walk.js'

const DEFAULT_PAGE = 500

/** What is scanned, and how. */
export interface ScanOptions extends Reading {
  /** Which of several segments, from 0: they can be scanned side by side. Default 0. */
  readonly segment?: number
  /** How many there are: at most as many as the database has roots. Default 1. */
  readonly segments?: number
  /** Of a page: goes on behind it, with the same options. */
  readonly cursor?: string
  /** Items of a page at most. Default 500. */
  readonly pageSize?: number
  /** Only items whose sort keys lie in it. */
  readonly within?: Interval
}

/** An item that a scan came to. */
export interface ScannedItem {
  readonly key: ItemKey
  readonly item: ItemText
}

/** Some items of one partition; there may be none on a page that is not the last. */
export interface ScanPage {
  readonly items: readonly ScannedItem[]
  /** To go on behind this page, now or later and elsewhere; nothing on the last. */
  readonly cursor?: string
}

/**
 * All items, partition by partition, each page as it is when it is read. What exists from the first page to the last
 * comes once, also when partitions split meanwhile.
 *
 * @throws {InvalidRequestError} for segments that there are not, or a cursor of another scan.
 */
export async function* scan(
  calls: PartitionCalls,
  { database, roots }: Pick<Segment, 'database' | 'roots'>,
  { cursor, ...scanned }: ScanOptions,
  options: CallOptions | undefined,
): AsyncGenerator<ScanPage> {
  const { segment = 0, segments = 1, pageSize = DEFAULT_PAGE, filter, projection, within } = scanned
  checkLimit(pageSize)
  checkSegments(segment, segments, roots)
  const of = { database, roots, segment, segments }
  const walk = cursor === undefined ? ScanWalk.begin(of) : ScanWalk.resume(of, cursor)
  const reading = {
    limit: pageSize,
    ...(filter === undefined ? undefined : { filter }),
    ...(projection === undefined ? undefined : { projection }),
    ...(within === undefined ? undefined : { within }),
  }
  let detours = calls.detours()
  for (let visit = walk.next; visit !== undefined; visit = walk.next) {
    const operation: PartitionScan = { kind: 'scan', ...reading, ...afterOf(visit) }
    const reply = await calls.send(visit.partition, operation, options, { detours })
    if (reply === undefined) continue
    if (!tells(reply, visit)) {
      await detours.after(visit.partition)
      continue
    }
    detours = calls.detours()
    const { items, keys, upTo, elsewhere } = reply.result
    for (const route of elsewhere) calls.router.learn(route)
    walk.advance(upTo, elsewhere)
    const page = items.map((item, i) => ({ key: keys[i] as ItemKey, item }))
    const rest = walk.cursor
    yield rest === undefined ? { items: page } : { items: page, cursor: rest }
  }
}

/**
 * Whether an answer tells what was asked for. Who has just become a part of the tree may not serve yet, and lets
 * somebody above it answer, or names it; and an answer that goes on where it began would be repeated for ever.
 */
function tells({ result, by }: Reply<PartitionScan>, { partition, after }: Visit): boolean {
  if (by !== partition) return false
  const { upTo, elsewhere } = result
  if (elsewhere.some((route) => route.partition === partition || isAbove(route.partition, partition))) {
    return false
  }
  return upTo === undefined || after === undefined || isBehind(upTo, after)
}

function isBehind(key: ItemKey, other: ItemKey): boolean {
  return (compareBytes(key.hashKey, other.hashKey) || compareBytes(key.sortKey, other.sortKey)) > 0
}

function afterOf({ after }: Visit): Pick<PartitionScan, 'after'> {
  return after === undefined ? {} : { after }
}

function checkSegments(segment: number, segments: number, roots: number): void {
  const fits = Number.isInteger(segments) && segments >= 1 && segments <= roots
  if (fits && Number.isInteger(segment) && segment >= 0 && segment < segments) return
  throw new InvalidRequestError(
    `there is no segment ${segment} of ${segments}: a database with ${roots} roots has 1 to ${roots} segments, from 0`,
  )
}

import type { Compilable, KyselyPlugin, QueryResult, RootOperationNode, UnknownRow } from 'kysely'
import { assert } from '../engine/errors.js'
import { refuseUnknownOptions } from '../engine/settings.js'
import type { ScanNode, ScanPart } from './compiler/scan-node.js'

/** What {@link scanEveryPartition} takes beside the query. */
export interface ScanOptions extends ScanPart {
  /** Rows of a page at most. Default 500. A page may have fewer, also none, and not be the last. */
  readonly pageSize?: number
}

/** Rows that a full scan found. */
export interface ScannedRows<Row> {
  readonly rows: Row[]
  /** To go on behind this page, now or on another day. Nothing on the last page. */
  readonly cursor: string | undefined
}

/** A select: Kysely's builder or this dialect's, which could not be executed without its hash key. */
export interface ScannableQuery<Row> extends Compilable<Row> {
  readonly isSelectQueryBuilder: true
}

/**
 * Reads a table, or those of its rows that the conditions hold for, by visiting every partition. That takes as
 * long as there are rows, and keeps all partitions busy: it is for exports and administration, and not for
 * answering anybody's request.
 *
 * It is read page by page, and a page is as of when it is read: all rows together are not of one moment. A row that
 * is there from the beginning to the end is read once, also when partitions split meanwhile. One that is inserted
 * or deleted meanwhile may be read or not.
 *
 * Rows have no order, and the query no `orderBy` and no `limit`: stop taking pages instead.
 *
 * @param options `segment` and `segments` divide the rows into so many parts, to be read in parallel; `cursor` goes
 * on behind the page that it came with, of the same query and segments.
 * @throws {UnsupportedQueryError} for a query that names its hash key, and for all that a select is refused for; in
 * a transaction, when the first page is asked for.
 * @throws {InvalidRequestError} when the first page is asked for, for segments that there are not, a cursor of another
 * scan or a page of no rows.
 * @example
 * for await (const { rows, cursor } of scanEveryPartition(db.selectFrom('flights').selectAll())) {
 *   await write(rows)
 *   await remember(cursor)
 * }
 */
export function scanEveryPartition<Row>(
  query: ScannableQuery<Row>,
  options: ScanOptions = {},
): AsyncGenerator<ScannedRows<Row>> {
  refuseUnknownOptions('scanEveryPartition', options, ['segment', 'segments', 'cursor', 'pageSize'])
  const { pageSize = 500, ...part } = options
  const scan = (query as unknown as Pluggable<Row>).withPlugin(new ScanPlugin(part))
  // A query that is refused is refused here, and not when somebody asks for a page.
  scan.compile()
  return scan.stream(pageSize)
}

/** What every builder of a select has; the types of ours have it where it may be called. */
interface Pluggable<Row> extends Compilable {
  withPlugin(plugin: KyselyPlugin): Pluggable<Row>
  stream(chunkSize: number): AsyncGenerator<ScannedRows<Row>>
}

/**
 * Makes a query a full scan, and of each of its pages one row, as Kysely hands them out. It comes behind all other
 * plugins, so its page is as they leave it.
 */
class ScanPlugin implements KyselyPlugin {
  readonly #scan: ScanNode

  constructor(part: ScanPart) {
    this.#scan = { kind: 'ScanNode', ...part }
  }

  transformQuery({ node }: { readonly node: RootOperationNode }): RootOperationNode {
    const scan = { ...node, scan: this.#scan }
    return scan
  }

  async transformResult({
    result,
  }: {
    readonly result: QueryResult<UnknownRow> & { readonly cursor?: string | null }
  }): Promise<QueryResult<UnknownRow>> {
    const { rows, cursor } = result
    // Without it, the scan would look as if it had come to its end.
    assert(cursor !== undefined, 'plugins keep what a result has beside its rows')
    return { rows: [{ rows, cursor: cursor ?? undefined }] }
  }
}

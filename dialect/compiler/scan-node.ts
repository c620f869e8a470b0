import type { OperationNode, SelectQueryNode } from 'kysely'

/** Which part of a full scan is read. */
export interface ScanPart {
  /** Which of the `segments`, from 0. */
  readonly segment?: number
  /** At most as many as the database has roots: 16, if nothing is declared. */
  readonly segments?: number
  /** Behind the page that it came with. */
  readonly cursor?: string
}

/** Makes a select a full scan. Kysely has no such node: `scanEveryPartition` adds it. */
export interface ScanNode extends ScanPart {
  readonly kind: 'ScanNode'
}

/** A select that is a full scan. */
export interface ScanQueryNode extends SelectQueryNode {
  readonly scan: ScanNode
}

export function isScan(node: OperationNode): node is ScanQueryNode {
  return 'scan' in node
}

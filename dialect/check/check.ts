import type { Node, Program, SourceFile, Symbol as TsSymbol, TypeChecker } from 'typescript'
import type { Alternatives } from './alternatives.js'
import type { Activation } from './frame.js'
import type { KnownDatabases } from './known-databases.js'
import type { Queries } from './queries.js'
import type { Touching } from './touches-kysely.js'
import type { Closure } from './values.js'

/** What one run of the check knows and has found. */
export interface Check {
  readonly program: Program
  readonly checker: TypeChecker
  readonly databases: KnownDatabases
  readonly queries: Queries
  /** What stands for placeholders, by their keys. */
  readonly values: Map<string, unknown>
  /** How many such values there are: each is another. */
  made: number
  /** How many keys there are that nothing else has. */
  keys: number
  /** The functions that were followed into. */
  readonly invoked: Set<Node>
  /** Functions that somebody made, and perhaps nobody has called. */
  readonly pending: Closure[]
  readonly modules: Map<SourceFile, Activation>
  /** The variables of modules that are being evaluated, so that none is waited for by itself. */
  readonly underWay: Set<TsSymbol>
  /** What is returned or exported by those that nobody calls: queries that may be executed elsewhere. */
  readonly handedOut: { readonly value: unknown; readonly at: Node }[]
  readonly touching: Touching
  /** How often a function was followed without anything that has to do with queries, and what it gave last. */
  readonly calls: Map<Node, { count: number; last: Alternatives }>
  /** How many expressions were evaluated since the last function that was begun with. */
  steps: number
}

/** So many expressions are evaluated from one function on: what comes behind is reported as not followed. */
export const MOST_STEPS = 200_000

/** A key that nothing else has. */
export function newKey(check: Check): string {
  return `#${++check.keys}`
}

import type { CallExpression, Expression, Node } from 'typescript'
import { FokosError } from '../../engine/errors.js'
import { UnsupportedQueryError } from '../compiler/unsupported-query-error.js'
import type { DatabaseSchema } from '../schema/table-schema.js'
import { accessPattern } from './access-pattern.js'
import { FROM_OUTSIDE } from './not-followed.js'
import { hasPlaceholder } from './placeholder-value.js'
import { type Planned, watchPlans } from './planned-kysely.js'
import { ts } from './typescript.js'

/** A query that is refused. */
export interface Refused {
  readonly at: Node
  readonly code: string
  readonly reason: string
  readonly fix: string
  readonly message: string
  /** Where it is executed: elsewhere, perhaps, and at several places. */
  readonly executed: Set<Node>
}

/** A call of a builder's method, and what it was called on. */
interface Step {
  readonly call: Node
  readonly before: object | undefined
  /** Of the first: that of the Kysely it was called on. */
  readonly schema?: DatabaseSchema | undefined
}

/** What these say is that something is missing: no call of the query is the wrong one. */
const MISSING: ReadonlySet<string> = new Set(['missing_hash_key', 'aggregate_over_several', 'not_grouped'])
/** What these refuse is the way to execute it. */
const OF_EXECUTION: ReadonlySet<string> = new Set([
  'explain',
  'scan_order',
  'scan_of_hash_key',
  'scan_in_transaction',
  'stream_in_transaction',
])

/** All the queries that were found, with what became of them. */
export class Queries {
  /** By place and code. */
  readonly refused = new Map<string, Refused>()
  /** Where queries are executed that could not be followed, and why. */
  readonly lost = new Map<Node, Map<string, Node>>()
  /** Where queries are executed that were planned, or that are another database's. */
  readonly followed = new Set<Node>()
  /** Where queries of ours are executed. */
  readonly sites = new Set<Node>()
  /** What the queries become, by where they are executed. */
  readonly patterns = new Map<Node, Set<string>>()
  /** Where the queries begin that are executed. */
  readonly begun = new Set<Node>()
  readonly #steps = new WeakMap<object, Step>()

  /** Remembers which call made a builder. The first counts: `$if` hands on what its callback made. */
  remember(builder: object, step: Step): void {
    if (!this.#steps.has(builder)) this.#steps.set(builder, step)
  }

  /** Where a query begins: at `selectFrom`, for example. */
  beginning(builder: object): Node | undefined {
    return this.#history(builder)[0]?.call
  }

  /** The schema of the database that a query is of. */
  schemaOf(builder: object): DatabaseSchema | undefined {
    return this.#history(builder)[0]?.schema
  }

  /** Something that cannot be followed is executed at a place, or might be. */
  lose(site: Node, why: string, at: Node): void {
    const reasons = this.lost.get(site) ?? new Map<string, Node>()
    this.lost.set(site, reasons.set(why, at))
  }

  /**
   * Plans a query.
   *
   * @param run what would execute it, and so compiles it.
   * @returns the compiled query, if it is not refused.
   */
  plan<B extends object>(site: Node, builder: B, run: (builder: B) => unknown, method?: string): unknown {
    const first = this.beginning(builder)
    if (first !== undefined) this.begun.add(first)
    const { planned, thrown } = watchPlans(() => run(builder))
    if (planned.length === 0) {
      this.lose(
        site,
        `Kysely refuses to build it: ${(thrown as Error)?.message ?? 'nothing was compiled'}`,
        site,
      )
      return undefined
    }
    this.followed.add(site)
    this.sites.add(site)
    let query: unknown
    for (const one of planned) query = this.#report(site, builder, run, one, method)
    return query
  }

  #report<B extends object>(
    site: Node,
    builder: B,
    run: (builder: B) => unknown,
    { node, inTransaction, outcome }: Planned,
    method: string | undefined,
  ): unknown {
    if (hasUnknownName(node)) {
      this.lose(site, 'a table or column has a name that only the running program knows', site)
      return undefined
    }
    if (outcome.refused) {
      const { error } = outcome
      if (!(error instanceof FokosError)) this.lose(site, `it cannot be planned: ${String(error)}`, site)
      else this.refuse(this.#placeOf(site, builder, run, error.code), error, site)
      return undefined
    }
    const { operation } = outcome.query
    if (inTransaction && (method === 'stream' || operation.kind === 'scan')) {
      const code = operation.kind === 'scan' ? 'scan_in_transaction' : 'stream_in_transaction'
      this.refuse(nameOf(site), new UnsupportedQueryError(code), site)
      return undefined
    }
    const patterns = this.patterns.get(site) ?? new Set<string>()
    this.patterns.set(site, patterns.add(accessPattern(operation, outcome.table)))
    return outcome.query
  }

  /** Plans a query that nobody executes, but for what may still be added to it. */
  planAsItStands(site: Node, builder: { compile(): unknown }): void {
    const { planned } = watchPlans(() => builder.compile())
    for (const { node, outcome } of planned) {
      if (!outcome.refused || hasUnknownName(node) || !(outcome.error instanceof UnsupportedQueryError))
        continue
      const { code } = outcome.error
      if (MISSING.has(code)) continue
      this.refuse(
        this.#placeOf(site, builder, (one) => one.compile(), code),
        outcome.error,
        site,
      )
    }
  }

  /** What was followed from one function is not lost, because another could not hand over its query. */
  settle(site: Node): void {
    const reasons = this.lost.get(site)
    for (const why of reasons?.keys() ?? []) if (why === FROM_OUTSIDE) reasons?.delete(why)
    if (reasons?.size === 0) this.lost.delete(site)
  }

  /** Takes note of a refusal: once for each place and code. */
  refuse(at: Node, error: FokosError, site: Node): void {
    this.sites.add(site)
    this.followed.add(site)
    const key = `${at.getSourceFile().fileName} ${at.getStart()} ${error.code}`
    const known = this.refused.get(key)
    if (known !== undefined) {
      known.executed.add(site)
      return
    }
    const { reason = error.message, fix = '' } = error as Partial<UnsupportedQueryError>
    const message = fix === '' ? reason : `${reason}: ${fix}`
    this.refused.set(key, { at, code: error.code, reason, fix, message, executed: new Set([site]) })
  }

  /** The call since which the query is refused for this reason; where something is missing, the one that executes it. */
  #placeOf<B extends object>(site: Node, builder: B, run: (builder: B) => unknown, code: string): Node {
    if (MISSING.has(code)) return site
    if (OF_EXECUTION.has(code)) return nameOf(site)
    let place: Node = site
    for (const { call, made } of this.#history(builder).reverse()) {
      const { planned } = watchPlans(() => run(made as B))
      const isSame = planned.some(
        ({ outcome }) =>
          outcome.refused && outcome.error instanceof FokosError && outcome.error.code === code,
      )
      if (!isSame) break
      place = nameOf(call)
    }
    return place
  }

  #history(builder: object): (Step & { readonly made: object })[] {
    const steps: (Step & { readonly made: object })[] = []
    for (let made: object | undefined = builder; made !== undefined; ) {
      const step: Step | undefined = this.#steps.get(made)
      if (step === undefined) break
      steps.unshift({ ...step, made })
      made = step.before
    }
    return steps
  }
}

/** The name of the method that is called; of another node, the node. */
function nameOf(node: Node): Node {
  if (!ts.isCallExpression(node)) return node
  const callee: Expression = (node as CallExpression).expression
  return ts.isPropertyAccessExpression(callee) ? callee.name : node
}

function hasUnknownName(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  if (Array.isArray(node)) return node.some(hasUnknownName)
  const { kind, name } = node as { kind?: unknown; name?: unknown }
  if (kind === 'IdentifierNode') return typeof name === 'string' && hasPlaceholder(name)
  if (kind === 'ValueNode' || kind === 'PrimitiveValueListNode' || kind === undefined) return false
  return Object.values(node).some(hasUnknownName)
}

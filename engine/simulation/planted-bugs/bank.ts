import type { FAULT_PROFILES } from '../faults.js'
import type { AnomalyName } from '../judge/history.js'
import { EXPIRY_BUGS } from './expiry-bugs.js'
import { GROWTH_BUGS } from './growth-bugs.js'
import { INTERVAL_BUGS } from './interval-bugs.js'
import { TOPOLOGY_BUGS } from './topology-bugs.js'
import { TRANSACTION_BUGS } from './transaction-bugs.js'

/** A text of one file that is replaced by another before the simulator runs it. */
export interface Replacement {
  /** From the engine's folder. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A deliberate fault. */
export interface PlantedBug extends Replacement {
  /** What is wrong, as a sentence. */
  readonly name: string
  /** What else has to be replaced, where the product is safe twice over. */
  readonly and?: readonly Replacement[]
  /** The workload that has most chances to meet it; all in turn, if nothing is said. */
  readonly workload?: string
  /** How much goes wrong beside it: heavy, if nothing is said. */
  readonly faults?: keyof typeof FAULT_PROFILES
  /** Whether the topology is published in the runs that are to show it. Not, if nothing is said. */
  readonly publishes?: boolean
  /** Whether rows end by themselves in the runs that are to show it. Not, if nothing is said. */
  readonly expires?: boolean
  /** A seed that shows it, when that takes long from the first one on: the tests begin with it. */
  readonly seed?: number
  /** What the judge must call it; the first of a report's anomalies is one of these. */
  readonly shows: readonly AnomalyName[]
}

/**
 * Bugs that stores like this one have had. Each must be found, and called by its name: a judge that misses one
 * is no judge. Whoever adds a protocol adds the mistakes that could be made in it.
 */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a write is acknowledged before it is durable',
    file: 'simulation/host.ts',
    find: "else if (from.state === 'stale' || !this.disk.dirty) leave()",
    replace: 'else if (true) leave()',
    seed: 7,
    shows: ['lost write', 'lost update'],
  },
  {
    name: 'a retry has no token',
    file: 'client/partition-calls.ts',
    find: 'writes ? { ...operation, resent: resent || operation.resent } : operation,',
    replace:
      'writes ? { ...operation, resent: resent && false, token: this.#ports.random.token() } : operation,',
    // An insert that meets its own first sending is told that it did not happen.
    shows: ['duplicate write', 'G1a (aborted read)'],
  },
  {
    name: 'a retry is run again by an instance that cannot know',
    file: 'partition/token-memory.ts',
    find: 'return this.#horizon < Math.min(born - MAX_SKEW, now - RESEND_WINDOW)',
    replace: 'return born + now > 0',
    // A delete that is made twice leaves no number; what it took away shows in a circle. An insert is refused the
    // second time, and its row is there.
    seed: 12,
    shows: ['duplicate write', 'G1c (circular information flow)', 'lost write', 'G1a (aborted read)'],
  },
  {
    name: 'a lost answer is reported as not having happened',
    file: 'client/retry.ts',
    find: 'throw giveUp(error, request.writes && unaccounted, sendings)',
    replace: 'throw giveUp(error, false, sendings)',
    // A delete that happened took something away.
    seed: 7,
    shows: ['G1a (aborted read)', 'lost update', 'stale read', 'lost write'],
  },
  {
    name: 'a refusal is not remembered',
    file: 'partition/write-items.ts',
    find: 'tokens.rememberRefusal(operation.token, error, keysOf(operation), clock.now())',
    replace: '',
    and: [
      {
        file: 'partition/partition.ts',
        find: "if (operation.kind === 'write') this.#rememberRefusal(error, operation)",
        replace: '',
      },
    ],
    workload: 'inserts',
    faults: 'forgetful',
    seed: 18,
    shows: ['G1a (aborted read)', 'duplicate write'],
  },
  {
    name: 'a condition is checked against a stale row',
    file: 'changes/change-maker.ts',
    find: `    const stored = items.get(change.key)
    if (stored === undefined) return { made: false, because: 'absent' }`,
    replace: `    const rows: Map<string, FoundItem | undefined> = ((items as any).rows ??= new Map())
    const name = change.key.hashKey.join() + '/' + change.key.sortKey.join()
    const current = items.get(change.key)
    const stored = current && (rows.get(name) ?? current)
    rows.set(name, current)
    if (stored === undefined) return { made: false, because: 'absent' }`,
    // One that was acknowledged before the other was called is not overtaken but gone.
    shows: ['lost update', 'lost write'],
  },
  {
    name: 'a statement fails in the middle and keeps its first half',
    file: 'partition/write-items.ts',
    find: 'items.afterwards(() => storage.atomic(make))',
    replace: 'items.afterwards(() => make())',
    seed: 15,
    shows: ['G1a (aborted read)'],
  },
  {
    name: 'an insert overwrites what is there',
    file: 'partition/item-store.ts',
    find: 'WHERE items.expires <= ?7 RETURNING 1',
    replace: 'WHERE ?7 IS NOT NULL RETURNING 1',
    shows: ['lost update', 'lost write', 'stale read', 'not linearizable'],
  },
  {
    name: 'a version repeats after a delete and a new insert',
    file: 'changes/change-maker.ts',
    find: `    const version = tick()
    if (items.insert(`,
    replace: `    const name = [...change.key.hashKey, ...change.key.sortKey]
    const version = tick() && name.reduce((sum, byte, i) => sum + byte * (i + 1), 0)
    if (items.insert(`,
    shows: ['version reuse'],
  },
  {
    name: 'a replaced instance trusts its memory of what was written',
    file: 'partition/write-items.ts',
    find: ' && versions.isCurrent()',
    replace: '',
    workload: 'mixed',
    faults: 'forgetful',
    seed: 65,
    shows: ['lost update', 'lost write', 'stale read', 'duplicate write', 'G1a (aborted read)'],
  },
  {
    name: 'a restart forgets how far the versions have come',
    file: 'partition/hybrid-clock.ts',
    find: 'this.#last = stored.get()',
    replace: 'this.#last = 0',
    shows: ['version order violation', 'version reuse', 'broken storage'],
  },
  {
    name: 'a page loses its boundary row',
    file: 'partition/read-items.ts',
    find: 'if (page.length >= limit || looked',
    replace: 'if (page.length > limit || looked',
    seed: 6,
    shows: ['G2 (phantom)'],
  },
  {
    name: 'a page leaves out the last of its rows',
    file: 'partition/read-items.ts',
    find: `    items: page,
    ...(withKeys`,
    replace: `    items: rest === undefined && page.length > 1 ? page.slice(0, -1) : page,
    ...(withKeys`,
    shows: ['G2 (phantom)', 'wrong answer'],
  },
  {
    name: 'a replaced instance answers from memory',
    file: 'partition/reads.ts',
    find: 'const found = opened === undefined ? null : get(opened.items, operation)',
    replace: `let found: any
        {
          const name = operation.key.hashKey.join() + '/' + operation.key.sortKey.join()
          const cache: Map<string, any> = ((this as any).cache ??= new Map())
          if (!cache.has(name)) cache.set(name, opened === undefined ? null : get(opened.items, operation))
          found = cache.get(name)
        }`,
    shows: ['stale read'],
  },
  {
    name: 'large values stay when their item is deleted',
    file: 'partition/schema.ts',
    find: 'AFTER DELETE ON items WHEN old.value IS NULL',
    replace: 'AFTER DELETE ON items WHEN old.value IS NULL AND old.version < 0',
    seed: 5,
    shows: ['broken storage'],
  },
  {
    name: 'a partition that has forgotten believes that it has not',
    file: 'partition/token-memory.ts',
    find: 'return this.#decided.has(token)',
    replace: 'return this.#answers.has(token)',
    // Nothing in the simulation is written so often that its answer would be forgotten.
    and: [
      {
        file: 'partition/token-memory.ts',
        find: 'const MAX_ANSWER_CHARACTERS = 4_000_000',
        replace: 'const MAX_ANSWER_CHARACTERS = 200',
      },
    ],
    shows: [
      'duplicate write',
      'lost update',
      'stale read',
      'lost write',
      'G1a (aborted read)',
      'not linearizable',
    ],
  },
  {
    name: 'what a resend is refused for is taken for the outcome of its first sending',
    file: 'partition/partition.ts',
    find: `        return tokens.recall(operation.token) !== undefined && (opened?.versions.isCurrent() ?? true)`,
    replace: '        return operation.token >= 0',
    workload: 'statements',
    seed: 85,
    shows: ['G1a (aborted read)'],
  },
  {
    name: 'settings are not checked',
    file: 'partition/contents.ts',
    find: `      checkSettings(this.#settings, settings)
      return`,
    replace: '      return',
    seed: 5,
    shows: ['broken storage'],
  },
  {
    name: 'a first write that was refused leaves a partition that refuses everything',
    file: 'partition/contents.ts',
    find: `      this.#opened = opened
      this.#settings = pinned`,
    replace: `      this.#opened = opened
      this.#settings = 'result' in (error as object) ? pinned : (pinned ?? '')`,
    workload: 'statements',
    faults: 'light',
    seed: 22,
    shows: ['unavailable'],
  },
  {
    name: 'an upsert does not ask for its condition',
    file: 'changes/change-maker.ts',
    find: "if (!holds(condition, operands)) return { made: false, because: 'condition' }",
    replace: 'void condition',
    seed: 62,
    shows: ['not linearizable'],
  },
  {
    name: 'a filtered page has no rest',
    file: 'partition/read-items.ts',
    find: 'rest = beyond(interval, sortKey, descending)',
    replace: 'rest = operation.filter === undefined ? beyond(interval, sortKey, descending) : undefined',
    seed: 82,
    shows: ['not linearizable'],
  },
  {
    name: 'a merge leaves a source when its page is used up',
    file: 'client/merge.ts',
    find: 'if (usedUp && !(await readOn(first)))',
    replace: 'if (usedUp)',
    seed: 18,
    shows: ['G2 (phantom)', 'not linearizable'],
  },
  {
    name: 'a client that stops waiting is told that nothing has happened',
    file: 'client/retry.ts',
    find: `throw request.writes && unaccounted
        ? unknownOutcome(sendings - 1, request.signal.reason)
        : request.signal.reason`,
    replace: 'throw request.signal.reason',
    seed: 71,
    // Of a delete, what is gone shows.
    shows: ['G1a (aborted read)', 'lost update', 'stale read', 'lost write'],
  },
  ...TRANSACTION_BUGS,
  ...GROWTH_BUGS,
  ...INTERVAL_BUGS,
  ...TOPOLOGY_BUGS,
  ...EXPIRY_BUGS,
]

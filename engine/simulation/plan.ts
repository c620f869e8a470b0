import type { Millis } from '../ports.js'
import type { FaultProfile } from './faults.js'
import { type Growth, planGrowth } from './growth.js'
import { SeededRandom } from './seeded-random.js'
import { addsUp, withLives } from './workloads/endings.js'
import { fold } from './workloads/fold.js'
import { filling } from './workloads/growing.js'
import type { Operation } from './workloads/operation.js'
import type { Workload } from './workloads/workloads.js'

/** What one client does, one after the other. Its number names it, and its operations. */
export interface ClientPlan {
  readonly client: number
  readonly operations: readonly PlannedOperation[]
  /** It declares other settings than the others, by mistake. */
  readonly stray?: boolean
}

export interface PlannedOperation {
  /** Unique in the run, and the same after others were left out. */
  readonly id: number
  readonly operation: Operation
  /** How long the client waits for it; without end, if nothing is said. */
  readonly patience?: Millis
}

/** All that a run depends on: the same plan gives the same run, to the byte. */
export interface RunPlan {
  readonly seed: number
  readonly profile: FaultProfile
  readonly clients: readonly ClientPlan[]
  /** When partitions split; never, if nothing is said. */
  readonly growth?: Growth | undefined
  /** Whether the topology is kept, published and read. */
  readonly published?: boolean
  /** Whether some rows end by themselves. */
  readonly expires?: boolean
}

/**
 * Decides what a seed's clients do.
 *
 * @param publishes whether the topology is published: by the seed, if nothing is said.
 * @param expires whether some rows end by themselves: by the seed, if nothing is said.
 */
export function planRun(
  seed: number,
  workload: Workload,
  profile: FaultProfile,
  publishes = new SeededRandom(seed).fork('topology').chance(0.5),
  expires = new SeededRandom(seed).fork('expiry').chance(0.3),
): RunPlan {
  const random = new SeededRandom(seed).fork(`workload ${workload.name}`)
  const mistakes = new SeededRandom(seed).fork('mistakes')
  const growing = new SeededRandom(seed).fork('growth')
  const growth = planGrowth(growing, workload.grows === true)
  const beside = growth !== undefined && workload.grows !== true
  const folded = beside && growing.chance(0.35)
  const [fewest, most] = workload.operations ?? [10, 40]
  const plan = (client: number, count: number, next: () => Operation): ClientPlan => {
    const operations = Array.from({ length: count }, (_, i) => ({
      id: (client + 1) * 10_000 + i,
      operation: next(),
      ...(mistakes.chance(0.03) ? { patience: mistakes.between(0, 1_000) } : undefined),
    }))
    return { client, operations, ...(mistakes.chance(0.06) ? { stray: true } : undefined) }
  }
  const count = random.integer(2, 6)
  const next = () => (folded ? fold(workload.next(random)) : workload.next(random))
  const clients = Array.from({ length: count }, (_, client) =>
    plan(client, random.integer(fewest, most), next),
  )
  if (beside) clients.push(plan(count, growing.integer(5, 25), () => filling(growing)))
  const planned = {
    seed,
    profile,
    clients,
    growth,
    ...(growth !== undefined && publishes ? { published: true } : undefined),
  }
  return expires ? withEndings(planned) : planned
}

/** The same, with rows that end by themselves: all else stays as it was. */
function withEndings(plan: RunPlan): RunPlan {
  const random = new SeededRandom(plan.seed).fork('endings')
  const all = plan.clients.flatMap(({ operations }) => operations)
  if (all.some(({ operation }) => addsUp(operation))) return plan
  const clients = plan.clients.map((client) => ({
    ...client,
    operations: client.operations.map((planned) => ({
      ...planned,
      operation: withLives(planned.operation, random),
    })),
  }))
  return { ...plan, clients, expires: true }
}

import { Client } from '../client/client.js'
import { Partition } from '../partition/partition.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { audit } from './audit.js'
import type { FaultProfile } from './faults.js'
import type { StartActor } from './host.js'
import type { Anomaly } from './judge/history.js'
import { judge } from './judge/judge.js'
import type { Record } from './record.js'
import { SeededRandom } from './seeded-random.js'
import type { Trace } from './trace.js'
import { type ClientMemory, execute } from './workloads/execute.js'
import { describeOperation, type Operation } from './workloads/operation.js'
import type { Workload } from './workloads/workloads.js'
import { World } from './world.js'

/** What one client does, one after the other. Its number names it, and its operations. */
export interface ClientPlan {
  readonly client: number
  readonly operations: readonly PlannedOperation[]
}

export interface PlannedOperation {
  /** Unique in the run, and the same after others were left out. */
  readonly id: number
  readonly operation: Operation
}

/** All that a run depends on: the same plan gives the same run, to the byte. */
export interface RunPlan {
  readonly seed: number
  readonly profile: FaultProfile
  readonly clients: readonly ClientPlan[]
}

export interface RunReport {
  readonly plan: RunPlan
  readonly anomalies: readonly Anomaly[]
  readonly records: readonly Record[]
  readonly trace: Trace
  /** Hash of everything that happened. */
  readonly digest: string
  /** Hash keys for which the judge gave up. */
  readonly undecided: number
  readonly operations: number
}

const DATABASE = 'main'
const SETTINGS = { ...DEFAULT_SETTINGS, roots: 3 }
/** Mean time between two operations of a client. */
const THINK = 40

/** Decides what a seed's clients do. */
export function planRun(seed: number, workload: Workload, profile: FaultProfile, size = 1): RunPlan {
  const random = new SeededRandom(seed).fork(`workload ${workload.name}`)
  const count = random.integer(2, 6)
  const clients = Array.from({ length: count }, (_, client): ClientPlan => {
    const operations = Array.from({ length: Math.ceil(random.integer(10, 40) * size) }, (_, i) => ({
      id: (client + 1) * 10_000 + i,
      operation: workload.next(random),
    }))
    return { client, operations }
  })
  return { seed, profile, clients }
}

/** Lets a plan happen in a new world, and judges it. */
export async function run(plan: RunPlan, start: StartActor = startPartition): Promise<RunReport> {
  const world = new World({ seed: plan.seed, profile: plan.profile, start })
  const records: Record[] = []
  const failures: Anomaly[] = []
  let order = 0
  const recorder = { tick: () => ++order, add: (record: Record) => records.push(record) }
  let running = plan.clients.length
  for (const client of plan.clients) {
    runClient(world, client, recorder).then(
      () => running--,
      (error: unknown) => {
        running--
        failures.push(unexpected(client, error))
      },
    )
  }
  try {
    await world.scheduler.run(() => running === 0)
    world.heal()
    // What is still on its way arrives, and what was written becomes durable.
    await world.scheduler.run(() => false)
    const { rows, anomalies } = audit(world.hosts.values(), DATABASE, SETTINGS.roots)
    const judgement = judge({ records, final: rows })
    return {
      plan,
      anomalies: [...failures, ...anomalies, ...judgement.anomalies],
      records,
      trace: world.trace,
      digest: world.trace.digest(),
      undecided: judgement.undecided,
      operations: plan.clients.reduce((sum, { operations }) => sum + operations.length, 0),
    }
  } finally {
    world.close()
  }
}

/** The real partition over the world's ports. */
export const startPartition: StartActor = (_, { storage, clock }) =>
  new Partition({ storage, clock }, SETTINGS.limits)

async function runClient(
  world: World,
  { client, operations }: ClientPlan,
  recorder: Parameters<typeof execute>[4],
): Promise<void> {
  const worker = world.worker(`client ${client}`)
  const memory: ClientMemory = new Map()
  for (const { id, operation } of operations) {
    await worker.clock.sleep(worker.random.fork(`think ${id}`).between(0, 2 * THINK))
    world.note(worker.name, `T${id}: ${describeOperation(operation)}`, { operation: id })
    const ports = {
      peers: world.peersOf(worker, id),
      clock: worker.clock,
      random: worker.random.fork(`client ${id}`),
    }
    const dedicated = new Client(ports, { database: DATABASE, settings: SETTINGS })
    const noted = {
      tick: recorder.tick,
      add: (record: Record) => {
        world.note(worker.name, `T${record.id} ${describeOutcome(record)}`, { operation: id })
        recorder.add(record)
      },
    }
    await execute(operation, { id, client }, dedicated, memory, noted)
  }
}

function describeOutcome({ outcome, conflict, seen, written }: Record): string {
  if (outcome !== 'done') return outcome === 'unknown' ? 'may have happened' : 'did not happen'
  if (conflict) return 'met a row'
  const shown = seen.map(({ place, row }) => `${place.sort}: ${row === null ? 'nothing' : row.log}`)
  const made = written.map(({ made, because, removed }) => {
    if (made === undefined) return `${because}`
    return made.row === null ? `removed ${removed?.log}` : `made ${made.row.log} at ${made.version}`
  })
  return `has ${[...shown, ...made].join('; ') || 'seen nothing'}`
}

function unexpected({ client }: ClientPlan, error: unknown): Anomaly {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    name: 'broken storage',
    description: `client ${client} met an error that nobody expects: ${text}`,
    transactions: [],
    keys: [],
  }
}

import { Client } from '../client/client.js'
import type { PinnedSettings } from '../operations.js'
import { Partition } from '../partition/partition.js'
import { settingsText } from '../partition/settings-check.js'
import type { Millis } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { rootOf } from '../topology/partition-name.js'
import { audit } from './audit.js'
import type { FaultProfile } from './faults.js'
import type { StartActor } from './host.js'
import type { Anomaly } from './judge/history.js'
import { judge } from './judge/judge.js'
import { placesOf } from './judge/places.js'
import { withOlderPicture } from './older-picture.js'
import type { Record, SeenRow } from './record.js'
import { SeededRandom } from './seeded-random.js'
import type { Trace } from './trace.js'
import { execute } from './workloads/execute.js'
import { describeOperation, idsOf, type Operation } from './workloads/operation.js'
import { NeverEndedError } from './workloads/retry.js'
import { hashKey } from './workloads/rows.js'
import { AbortedError, type ClientMemory, type Recorder } from './workloads/session.js'
import type { Workload } from './workloads/workloads.js'
import { World } from './world.js'

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
  /** How often a transaction met a conflict before it came to its end, at worst. */
  readonly conflicts: number
}

const DATABASE = 'main'
const LIMITS = { ...DEFAULT_SETTINGS.limits, itemBytes: 14_000 }
const SETTINGS = { ...DEFAULT_SETTINGS, roots: 3, limits: LIMITS }
const STRAY_SETTINGS = { ...SETTINGS, fanout: SETTINGS.fanout + 1 }
/** How large rows may be by another deployment, of which some instances are. */
const OTHER_LIMITS = { ...LIMITS, itemBytes: 5_000 }
/** Mean time between two operations of a client. */
const THINK = 40

/**
 * No operation takes longer than this when nothing goes wrong, however many are at the same rows: who waits for
 * longer has waited in a circle.
 */
const LONGEST: Millis = 2_500

/** Decides what a seed's clients do. */
export function planRun(seed: number, workload: Workload, profile: FaultProfile): RunPlan {
  const random = new SeededRandom(seed).fork(`workload ${workload.name}`)
  const count = random.integer(2, 6)
  const [fewest, most] = workload.operations ?? [10, 40]
  const mistakes = new SeededRandom(seed).fork('mistakes')
  const clients = Array.from({ length: count }, (_, client): ClientPlan => {
    const operations = Array.from({ length: random.integer(fewest, most) }, (_, i) => ({
      id: (client + 1) * 10_000 + i,
      operation: workload.next(random),
      ...(mistakes.chance(0.03) ? { patience: mistakes.between(0, 1_000) } : undefined),
    }))
    return { client, operations, ...(mistakes.chance(0.06) ? { stray: true } : undefined) }
  })
  return { seed, profile, clients }
}

/** Lets a plan happen in a new world, and judges it. */
export async function run(plan: RunPlan, start: StartActor = startPartition): Promise<RunReport> {
  const world = new World({ seed: plan.seed, profile: plan.profile, start })
  const records: Record[] = []
  const failures: Anomaly[] = []
  let order = 0
  let conflicts = 0
  const recorder: Recorder = {
    tick: () => ++order,
    add: (record) => records.push(record),
    ended: (met) => {
      conflicts = Math.max(conflicts, met)
    },
  }
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
    // What is still waiting for an answer here waits for ever.
    if (running > 0) failures.push(unavailable('clients that nobody answers any more'))
    world.heal()
    // What is still on its way arrives, and what was written becomes durable.
    await world.scheduler.run(() => false)
    const { rows, anomalies, settings } = audit(world.hosts.values(), DATABASE, SETTINGS.roots)
    const judgement = judge({ records, final: rows, durable: world.durable.rows })
    failures.push(...checkSettings(plan, records, settings), ...(await checkService(world, plan, settings)))
    return {
      plan,
      anomalies: [...failures, ...anomalies, ...judgement.anomalies],
      records,
      trace: world.trace,
      digest: world.trace.digest(),
      undecided: judgement.undecided,
      operations: plan.clients.reduce((sum, { operations }) => sum + operations.length, 0),
      conflicts,
    }
  } catch (error) {
    // A run that cannot be judged is told with its seed, like any other that went wrong.
    return {
      plan,
      anomalies: [...failures, broken(`the run came to no end: ${textOf(error)}`)],
      records,
      trace: world.trace,
      digest: world.trace.digest(),
      undecided: 0,
      operations: plan.clients.reduce((sum, { operations }) => sum + operations.length, 0),
      conflicts,
    }
  } finally {
    world.close()
  }
}

/** The real partition over the world's ports. */
export const startPartition: StartActor = (name, ports) =>
  new Partition({ name, ...ports }, ports.random.chance(0.2) ? OTHER_LIMITS : LIMITS)

async function runClient(
  world: World,
  { client, operations, stray }: ClientPlan,
  recorder: Recorder,
): Promise<void> {
  const worker = world.worker(`client ${client}`)
  const memory: ClientMemory = new Map()
  for (const { id, operation, patience } of operations) {
    await worker.clock.sleep(worker.random.fork(`think ${id}`).between(0, 2 * THINK))
    world.note(worker.name, `T${id}: ${describeOperation(operation)}`, { operation: id })
    const pictures = worker.random.fork(`pictures ${id}`)
    const { olderPicture } = world.profile
    const peers = withOlderPicture(world.peersOf(worker, id), pictures, olderPicture, () =>
      world.note(worker.name, 'older picture: cuts a transaction', { fault: true, operation: id }),
    )
    const ports = {
      peers,
      clock: worker.clock,
      random: worker.random.fork(`client ${id}`),
    }
    const store = new Client(ports, {
      database: DATABASE,
      settings: stray ? STRAY_SETTINGS : SETTINGS,
    })
    const noted = {
      ...recorder,
      add: (record: Record) => {
        world.note(worker.name, `T${record.id} ${describeOutcome(record)}`, { operation: id })
        recorder.add(record)
      },
    }
    const impatience = new AbortController()
    if (patience !== undefined) {
      world.scheduler.after(patience, () => impatience.abort(new AbortedError('waited long enough')))
    }
    const { signal } = impatience
    const begun = world.scheduler.now
    await execute(operation, { id, client, store, ports, memory, recorder: noted, signal })
    const took = world.scheduler.now - begun
    if (isCalm(world.profile) && took > LONGEST) throw new TooLongError(id, took)
  }
}

/** Something took very long though nothing went wrong. */
class TooLongError extends Error {
  override name = 'TooLongError'

  constructor(id: number, took: Millis) {
    super(`T${id} took ${Math.round(took)} ms in a world where nothing goes wrong`)
  }
}

function isCalm({ dropRequest, crashEvery, pauseEvery, overload, slow }: FaultProfile): boolean {
  return dropRequest + crashEvery + pauseEvery + overload + slow === 0
}

function describeOutcome(record: Record): string {
  const { outcome, conflict, written, statements = [] } = record
  if (outcome !== 'done') return outcome === 'unknown' ? 'may have happened' : 'did not happen'
  if (conflict) return 'met a row'
  const seen = [
    ...record.seen,
    ...statements.flatMap((statement) => (typeof statement === 'string' ? [] : statement.seen)),
  ]
  const shown = seen.map(({ place, row }) => `${place.sort}: ${row === null ? 'nothing' : row.log}`)
  const made = written.map(({ made, because, removed }) => {
    if (made === undefined) return `${because}`
    return made.row === null
      ? `removed ${removed?.log ?? 'a row'} at ${made.version}`
      : `made ${made.row?.log ?? 'a row'} at ${made.version}`
  })
  return `has ${[...shown, ...made].join('; ') || 'seen nothing'}`
}

/** Who declares other settings than the data was written with must be told nothing of it. */
function checkSettings(
  { clients }: RunPlan,
  records: readonly Record[],
  stored: ReadonlyMap<string, string>,
): Anomaly[] {
  return records.flatMap((record): Anomaly[] => {
    const { id, client, written } = record
    const stray = clients.find((plan) => plan.client === client)?.stray === true
    const declared = settingsText(stray ? STRAY_SETTINGS : SETTINGS)
    const touched = [
      ...foundBy(record).map(({ place }) => place),
      ...written.filter(({ made }) => made !== undefined).map(({ place }) => place),
    ]
    const wrong = touched.find(({ hash }) => stored.get(ownerOf(hash)) !== declared)
    if (wrong === undefined) return []
    const keys = [`h${wrong.hash}`]
    const description = `T${id} declared ${declared}, and was served by a partition that was written with ${stored.get(ownerOf(wrong.hash))}`
    return [{ name: 'broken storage', description, transactions: [id], keys }]
  })
}

/** The rows that a store has shown, and no block has drafted. */
function foundBy({ id, seen, statements = [] }: Record): SeenRow[] {
  const shown = statements.flatMap((statement) => (typeof statement === 'string' ? [] : statement.seen))
  return [...seen, ...shown].filter(({ row }) => row !== null && !idsOf(row).includes(id))
}

/** When nothing goes wrong any more, every partition that was used must serve again. */
async function checkService(
  world: World,
  { clients }: RunPlan,
  stored: ReadonlyMap<string, string>,
): Promise<Anomaly[]> {
  const places = clients.flatMap(({ operations }) =>
    operations.flatMap(({ operation }) => placesOf(operation)),
  )
  const worker = world.worker('last client')
  const missing: Anomaly[] = []
  const memory: ClientMemory = new Map()
  for (const hash of new Set(places.map((place) => place.hash))) {
    const settings: PinnedSettings =
      stored.get(ownerOf(hash)) === settingsText(STRAY_SETTINGS) ? STRAY_SETTINGS : SETTINGS
    const ports = {
      peers: world.peersOf(worker, hash),
      clock: worker.clock,
      random: worker.random.fork(`hash ${hash}`),
    }
    const store = new Client(ports, { database: DATABASE, settings })
    const operation: Operation = { kind: 'put', at: { hash, sort: 0 }, large: false }
    let order = 0
    let came: Record | undefined
    const recorder = {
      tick: () => ++order,
      add: (record: Record) => {
        came = record
      },
    }
    let over = false
    const session = { id: hash + 1, client: -1, store, ports, memory, recorder }
    const done = execute(operation, session).then(
      () => (over = true),
      () => (over = true),
    )
    await world.scheduler.run(() => over)
    await done
    if (came?.outcome === 'done') continue
    const became = came?.outcome ?? 'met by an error'
    missing.push(unavailable(`when all was well again, a write to h${hash} was ${became}`, [`h${hash}`]))
  }
  return missing
}

function ownerOf(hash: number) {
  return rootOf(DATABASE, hashKey(hash), SETTINGS.roots)
}

function unexpected({ client }: ClientPlan, error: unknown): Anomaly {
  if (error instanceof NeverEndedError || error instanceof TooLongError) return unavailable(error.message)
  return broken(`client ${client} met an error that nobody expects: ${textOf(error)}`)
}

function broken(description: string): Anomaly {
  return { name: 'broken storage', description, transactions: [], keys: [] }
}

function unavailable(description: string, keys: readonly string[] = []): Anomaly {
  return { name: 'unavailable', description, transactions: [], keys }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

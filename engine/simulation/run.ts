import { type PinnedSettings, REQUEST_VERSION } from '../operations.js'
import { Partition } from '../partition/partition.js'
import type { Millis, PartitionName } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { settingsText } from '../settings-check.js'
import type { TreeShape } from '../topology/forest.js'
import { rootOf } from '../topology/partition-name.js'
import { Snapshots } from '../topology/snapshots.js'
import { audit } from './audit.js'
import { type Clients, runClient, TooLongError } from './clients.js'
import { type Growth, partitionSettings, settingsOf } from './growth.js'
import type { StartActor } from './host.js'
import type { Anomaly } from './judge/history.js'
import { judge } from './judge/judge.js'
import { placesOf } from './judge/places.js'
import { vanishings } from './judge/vanishings.js'
import { LastClient } from './last-client.js'
import type { ClientPlan, RunPlan } from './plan.js'
import type { Record } from './record.js'
import { SeededRandom } from './seeded-random.js'
import { checkPublished, checkService } from './service.js'
import { auditSettings, type Declared } from './settings-audit.js'
import { auditTopology } from './topology-audit.js'
import { keeperOver, keeperPlace, startKeeper } from './topology-place.js'
import type { Trace } from './trace.js'
import { NO_SPLITS, type Splits } from './tree-audit.js'
import { type Place, placeText } from './workloads/operation.js'
import { NeverEndedError } from './workloads/retry.js'
import { hashKey } from './workloads/rows.js'
import type { Recorder } from './workloads/session.js'
import { World } from './world.js'

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
  /** How often the tree has grown. */
  readonly splits: Splits
}

const DATABASE = 'main'
const LIMITS = { ...DEFAULT_SETTINGS.limits, itemBytes: 14_000 }
/** How large rows may be by another deployment, of which some instances are. */
const OTHER_LIMITS = { ...LIMITS, itemBytes: 5_000 }
/** Events of a run at most, and of one in which partitions grow. */
const MAX_EVENTS = 200_000
const MAX_GROWING_EVENTS = 200_000

/** Lets a plan happen in a new world, and judges it. */
export async function run(
  plan: RunPlan,
  start: StartActor = startPartition(plan.growth, plan.published),
): Promise<RunReport> {
  const { seed, profile, clients, growth, published = false, expires = false } = plan
  const most = growth === undefined ? MAX_EVENTS : MAX_GROWING_EVENTS
  const world = new World({ seed, profile, start, most })
  const settings = settingsOf(growth, LIMITS)
  const stray = { ...settings, fanout: settings.fanout + 1 }
  const records: Record[] = []
  const failures: Anomaly[] = []
  let order = 0
  /** What clocks had shown at each place of the order. */
  const clocks: Millis[] = [Number.NEGATIVE_INFINITY]
  let conflicts = 0
  const recorder: Recorder = {
    tick: () => {
      clocks[++order] = world.latestClock
      return order
    },
    add: (record) => records.push(record),
    ended: (met) => {
      conflicts = Math.max(conflicts, met)
    },
  }
  const all: Clients = { world, database: DATABASE, recorder, lessons: [], published, expires }
  let running = clients.length
  for (const client of clients) {
    runClient(client, client.stray ? stray : settings, all).then(
      () => running--,
      (error: unknown) => {
        running--
        failures.push(unexpected(client, error))
      },
    )
  }
  if (published) rebuildMeanwhile(world, settings, new SeededRandom(seed).fork('operator'))
  const came = (facts: Pick<RunReport, 'anomalies' | 'undecided' | 'splits'>): RunReport => ({
    plan,
    records,
    trace: world.trace,
    digest: world.trace.digest(),
    operations: clients.reduce((sum, { operations }) => sum + operations.length, 0),
    conflicts,
    ...facts,
  })
  try {
    await world.scheduler.run(() => running === 0)
    // What is still waiting for an answer here waits for ever.
    if (running > 0) failures.push(unavailable('clients that nobody answers any more'))
    world.heal()
    // What is still on its way arrives, what was written becomes durable, and what moves has moved.
    await world.scheduler.run(() => false)
    const keeper = keeperPlace(DATABASE)
    const partitions = () => [...world.hosts.values()].filter(({ name }) => name !== keeper)
    const look = () => audit(partitions(), DATABASE, settings.roots)
    const found = look()
    const { rows } = found
    failures.push(...world.endedAnswers.slice(0, 5).map(expired))
    const vanished = expires ? vanishings(records, clocks) : []
    const judgement = judge({
      records: [...records, ...vanished],
      final: rows,
      durable: world.durable.rows,
    })
    const declared = { settings, stray, stored: found.settings, rootOf: rootOfHash(settings) }
    failures.push(...auditSettings(plan, records, declared))
    const agreed = published ? await agreedOn(world, settings, stray) : undefined
    if (agreed !== undefined) failures.push(...auditAgreement(agreed, found.settings))
    const served = {
      client: new LastClient(world, DATABASE, agreed === undefined ? settingsOfHash(declared) : () => agreed),
      places: distinct(clients.flatMap(placesNamed)),
      rows,
      tree: () => look().tree,
    }
    const service = await checkService(served)
    if (agreed !== undefined) {
      const topology = await auditTopology({ world, database: DATABASE, settings: agreed, tree: served.tree })
      service.push(...topology, ...(await checkPublished(served)))
    }
    const last = look()
    const anomalies = [...failures, ...found.anomalies, ...judgement.anomalies, ...service, ...last.anomalies]
    return came({ anomalies, undecided: judgement.undecided, splits: last.tree.splits })
  } catch (error) {
    // A run that cannot be judged is told with its seed, like any other that went wrong.
    const anomalies = [...failures, broken(`the run came to no end: ${textOf(error)}`)]
    return came({ anomalies, undecided: 0, splits: NO_SPLITS })
  } finally {
    world.close()
  }
}

/** The real partition over the world's ports, and the real keeper. Some instances are of another deployment. */
export const startPartition =
  (growth: Growth | undefined, published = false): StartActor =>
  (name, ports) => {
    if (name === keeperPlace(DATABASE)) return startKeeper(DATABASE, ports)
    const limits = ports.random.chance(0.2) ? OTHER_LIMITS : LIMITS
    const topology = {
      keeper: keeperOver(ports.peers, DATABASE),
      topology: { cache: ports.cache, snapshotsOf: (_: string, shape: TreeShape) => new Snapshots(shape) },
    }
    const reached = { name, ...ports, ...(published ? topology : undefined) }
    return new Partition(reached, partitionSettings(growth, limits, ports.random))
  }

/** Has the keeper ask all partitions while the tree grows, in some runs. */
function rebuildMeanwhile(world: World, settings: PinnedSettings, random: SeededRandom): void {
  if (random.chance(0.6)) return
  const keeper = keeperOver(world.peersOf(world.worker('rebuilder'), 0), DATABASE)
  const request = { version: REQUEST_VERSION, settings, operation: { kind: 'rebuild' } } as const
  world.scheduler.after(random.between(0, 5_000), () => {
    // Whoever hears nothing asks again, or does not.
    keeper.call(request).catch(() => {})
  })
}

/** The settings that the keeper knows of, or those that it would take. */
async function agreedOn(
  world: World,
  settings: PinnedSettings,
  stray: PinnedSettings,
): Promise<PinnedSettings> {
  const keeper = keeperOver(world.peersOf(world.worker('auditor'), 0), DATABASE)
  const answering = keeper.call({ version: REQUEST_VERSION, settings, operation: { kind: 'status' } })
  await world.scheduler.run(() => false)
  return (await answering).ok ? settings : stray
}

/** Where there is a keeper, all data of a database was written with the same settings. */
function auditAgreement(agreed: PinnedSettings, stored: ReadonlyMap<PartitionName, string>): Anomaly[] {
  return [...stored].flatMap(([root, written]) =>
    written === settingsText(agreed)
      ? []
      : [broken(`${root} was written with ${written}, and the keeper knows of ${settingsText(agreed)}`)],
  )
}

function placesNamed({ operations }: ClientPlan): Place[] {
  return operations.flatMap(({ operation }) => placesOf(operation))
}

function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [placeText(place), place])).values()]
}

function rootOfHash({ roots }: PinnedSettings): (hash: number) => PartitionName {
  return (hash) => rootOf(DATABASE, hashKey(hash), roots)
}

/** Whoever wrote first has decided. */
function settingsOfHash({ settings, stray, stored, rootOf }: Declared): (hash: number) => PinnedSettings {
  return (hash) => (stored.get(rootOf(hash)) === settingsText(stray) ? stray : settings)
}

function unexpected({ client }: ClientPlan, error: unknown): Anomaly {
  if (error instanceof NeverEndedError || error instanceof TooLongError) return unavailable(error.message)
  return broken(`client ${client} met an error that nobody expects: ${textOf(error)}`)
}

function broken(description: string): Anomaly {
  return { name: 'broken storage', description, transactions: [], keys: [] }
}

function expired(description: string): Anomaly {
  return { name: 'expired row', description, transactions: [], keys: [] }
}

function unavailable(description: string, keys: readonly string[] = []): Anomaly {
  return { name: 'unavailable', description, transactions: [], keys }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

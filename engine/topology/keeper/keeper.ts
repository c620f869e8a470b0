import { FokosError, InvalidRequestError, reportError } from '../../errors.js'
import { FactStore } from '../../fact-store.js'
import {
  type GrowthEvent,
  type KeeperAnswer,
  type KeeperRequest,
  type KeeperStatus,
  type PinnedSettings,
  REQUEST_VERSION,
} from '../../operations.js'
import type { Alarm, Clock, Millis, Peers, Storage, TopologyCache } from '../../ports.js'
import { checkCodec, checkSettings, readSettings, settingsText } from '../../settings-check.js'
import { DirtySnapshots } from './dirty-snapshots.js'
import type { KeeperFacts } from './keeper-facts.js'
import { KeptTopology } from './kept-topology.js'
import { Publication } from './publication.js'
import { type KeptEvent, readEvent } from './read-event.js'
import { Rebuild } from './rebuild.js'
import { checkFormat, createTables, tablesExist } from './schema.js'

/** Events of one report: more than happen at once, and few enough for one section. */
export const MAX_EVENTS = 1_000
/** When a keeper is woken again that did not come to the end of its work. */
const RETURN_AFTER: Millis = 30_000

/** What a keeper reaches of the world. */
export interface KeeperPorts {
  /** Of which database it is, as that is given and not as partitions' names hold it. */
  readonly database: string
  readonly storage: Storage
  readonly clock: Clock
  readonly alarm: Alarm
  /** The partitions. */
  readonly peers: Peers
  /** Where the topology is published. Without one, it is kept alone, until there is one. */
  readonly cache?: TopologyCache | undefined
}

/** What there is in a keeper once something was written. */
interface Opened {
  /** The settings that the tree grows by, as a text. */
  readonly settings: string
  readonly topology: KeptTopology
  readonly publication: Publication
  readonly rebuild: Rebuild
}

/**
 * Keeps a database's topology: is told how the tree grows, and publishes it, so that those who have just started know
 * where everything is. Nothing depends on it: who has no topology, or an old one, takes detours. Lives in one Durable
 * Object.
 *
 * What is told is stored when it is answered; all else is done by the alarm.
 */
export class Keeper {
  readonly #ports: KeeperPorts
  readonly #facts: KeeperFacts
  readonly #dirty: DirtySnapshots
  /** Unset as long as nothing was ever written. */
  #opened: Opened | undefined
  /** When the alarm rings, as far as this instance knows. */
  #wakesAt: Millis | undefined
  /** Whether an alarm is at work: whatever comes meanwhile, it arms the next one when it is done. */
  #working = false

  constructor(ports: KeeperPorts) {
    this.#ports = ports
    this.#facts = new FactStore(ports.storage)
    this.#dirty = new DirtySnapshots(ports.storage)
  }

  /** Errors of ours are answers, and what is refused changes nothing. Any other error ends the call. */
  async execute(request: KeeperRequest): Promise<KeeperAnswer> {
    try {
      return { ok: true, status: this.#run(request) }
    } catch (error) {
      if (!(error instanceof FokosError)) throw error
      return { ok: false, error: reportError(error) }
    }
  }

  /** Publishes, and goes on building anew. Never throws. */
  async alarm(): Promise<void> {
    const { clock } = this.#ports
    this.#wakesAt = undefined
    try {
      const opened = this.#open()
      if (opened === undefined || nextOf(opened) === undefined) return
      // Before the work, so that it is come back to whatever happens.
      this.#wakeBy(clock.now() + RETURN_AFTER)
      if (this.#working) return
      this.#working = true
      try {
        await Promise.all([opened.publication.publish(), opened.rebuild.step()])
      } finally {
        this.#working = false
      }
      this.#wakeAt(nextOf(opened))
    } catch {
      // An instance that was replaced has no alarm either; any other comes back to it.
      this.#tryToWakeBy(clock.now() + RETURN_AFTER)
    }
  }

  /** One synchronous section. */
  #run({ version, settings, operation }: KeeperRequest): KeeperStatus {
    if (version > REQUEST_VERSION) {
      throw new InvalidRequestError(
        `the request is of version ${version} of the protocol and the topology's keeper speaks version ` +
          `${REQUEST_VERSION}: a deployment is under way, or the two come from different ones`,
      )
    }
    checkShape(settings)
    checkCodec(settings)
    const opened = this.#open()
    if (opened !== undefined) checkSettings(opened.settings, settings)
    switch (operation?.kind) {
      case 'agree':
        if (operation.writes && opened === undefined) this.#writing(settings, () => {})
        break
      case 'report':
        this.#keep(this.#readEvents(operation.events, settings), settings)
        break
      case 'rebuild':
        this.#writing(settings, ({ rebuild }) => rebuild.begin())
        break
      case 'status':
        break
      default:
        throw new InvalidRequestError(
          `no operation of a topology's keeper is called ${(operation as { kind?: unknown } | undefined)?.kind}: the Worker and ` +
            'the Durable Object come from different versions of kysely-fokos',
        )
    }
    // In the same turn, and so stored with what was written, or not at all.
    this.#wakeForNext()
    return this.#status(settings)
  }

  #readEvents(events: readonly GrowthEvent[], settings: PinnedSettings): KeptEvent[] {
    if (!Array.isArray(events) || events.length > MAX_EVENTS) {
      throw new InvalidRequestError(`a report has at most ${MAX_EVENTS} events`)
    }
    return events.map((event) => readEvent(event, this.#ports.database, settings))
  }

  #keep(events: readonly KeptEvent[], settings: PinnedSettings): void {
    // Who has nothing to tell has data all the same, and settings that it was written with.
    const news = this.#opened?.topology.news(events)
    if (news?.events.length === 0) return
    this.#writing(settings, ({ topology }) => topology.keep(news ?? topology.news(events)))
  }

  #status({ roots, fanout }: PinnedSettings): KeeperStatus {
    const { split, promotion, rangeSplit } = this.#opened?.topology.counts ?? NOTHING
    const published = this.#ports.cache && (this.#opened?.publication.isDone ?? true)
    return {
      pinned: this.#opened !== undefined,
      hashPartitions: roots + fanout * split,
      promoted: promotion,
      rangePartitions: promotion + 2 * rangeSplit,
      ...(published === undefined ? undefined : { published }),
      rebuilding: this.#opened?.rebuild.isRunning ?? false,
    }
  }

  /** Opens what was written here, if anything was. */
  #open(): Opened | undefined {
    if (this.#opened === undefined && tablesExist(this.#ports.storage)) this.#opened = this.#openTables()
    return this.#opened
  }

  /** Runs a section that writes. The first one makes the tables, if it succeeds, and pins the settings. */
  #writing(settings: PinnedSettings, section: (opened: Opened) => void): void {
    if (this.#opened !== undefined) {
      section(this.#opened)
      return
    }
    this.#opened = this.#ports.storage.atomic(() => {
      createTables(this.#ports.storage, this.#facts)
      this.#facts.set('settings', settingsText(settings))
      const opened = this.#openTables()
      section(opened)
      return opened
    })
  }

  #openTables(): Opened {
    const { database, storage, clock, peers, cache } = this.#ports
    const facts = this.#facts
    const dirty = this.#dirty
    checkFormat(facts)
    const text = String(facts.get('settings'))
    const settings = readSettings(text)
    const topology = new KeptTopology(storage, dirty, settings, (facts.get('generation') ?? 0) as number)
    return {
      settings: text,
      topology,
      publication: new Publication({
        database,
        storage,
        clock,
        cache,
        facts,
        dirty,
        topology,
        changed: () => this.#wakeForNext(),
      }),
      rebuild: new Rebuild({ database, settings, storage, clock, peers, facts, topology }),
    }
  }

  /** Makes sure that the alarm rings for whatever there is to do. */
  #wakeForNext(): void {
    if (this.#opened !== undefined && !this.#working) this.#wakeBy(nextOf(this.#opened))
  }

  #wakeBy(at: Millis | undefined): void {
    if (at === undefined || (this.#wakesAt !== undefined && this.#wakesAt <= at)) return
    this.#ports.alarm.set(at)
    this.#wakesAt = at
  }

  /** The same, and not earlier. */
  #wakeAt(at: Millis | undefined): void {
    if (at === this.#wakesAt) return
    if (at === undefined) this.#ports.alarm.clear()
    else this.#ports.alarm.set(at)
    this.#wakesAt = at
  }

  #tryToWakeBy(at: Millis): void {
    try {
      this.#wakeBy(at)
    } catch {
      // Another instance owns the alarm by now.
    }
  }
}

const NOTHING = { split: 0, promotion: 0, rangeSplit: 0 }

/** When there is something to do, if there is. */
function nextOf({ publication, rebuild }: Opened): Millis | undefined {
  const [first, second] = [publication.next, rebuild.next]
  return first === undefined || second === undefined ? (first ?? second) : Math.min(first, second)
}

/** @throws {InvalidRequestError} for settings that no database has. */
function checkShape({ roots, fanout }: PinnedSettings): void {
  const fits = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most
  if (fits(roots, 1, 4_096) && fits(fanout, 2, 64)) return
  throw new InvalidRequestError(`no tree has ${roots} roots and fanout ${fanout}`)
}

import { Client } from '../client/client.js'
import type { PinnedSettings } from '../operations.js'
import type { Millis } from '../ports.js'
import type { Router } from '../topology/router.js'
import { TopologyReader } from '../topology/topology-reader.js'
import type { FaultProfile } from './faults.js'
import { HeardPages } from './heard-pages.js'
import { withOlderPicture } from './older-picture.js'
import { type Lessons, Pictures } from './pictures.js'
import type { ClientPlan } from './plan.js'
import type { Record } from './record.js'
import { execute } from './workloads/execute.js'
import { describeOperation } from './workloads/operation.js'
import { AbortedError, type ClientMemory, type Recorder } from './workloads/session.js'
import type { World } from './world.js'

/** Mean time between two operations of a client. */
const THINK = 40

/**
 * No operation takes longer than this when nothing goes wrong, however many are at the same rows: who waits for
 * longer has waited in a circle. What is read in pages asks for many.
 */
const LONGEST: Millis = 2_500

/** What all clients of a run have in common. */
export interface Clients {
  readonly world: World
  readonly database: string
  readonly recorder: Recorder
  /** What those have learned of the tree who share it. */
  readonly lessons: Lessons
  /** Whether they read what is published of the tree. */
  readonly published: boolean
  /** Whether some rows end by themselves. */
  readonly expires: boolean
}

/** Does what a client has planned. @param settings what it declares. */
export async function runClient(
  { client, operations }: ClientPlan,
  settings: PinnedSettings,
  { world, database, recorder, lessons, published, expires }: Clients,
): Promise<void> {
  const worker = world.worker(`client ${client}`)
  const memory: ClientMemory = new Map()
  let readers = 0
  const read = (router: Router) =>
    new TopologyReader({ cache: world.cacheOf(worker, ++readers), clock: worker.clock }, database, router)
  const pictures = new Pictures(
    database,
    settings,
    lessons,
    worker.random.fork('memory'),
    published ? read : undefined,
  )
  for (const { id, operation, patience } of operations) {
    await worker.clock.sleep(worker.random.fork(`think ${id}`).between(0, 2 * THINK))
    world.note(worker.name, `T${id}: ${describeOperation(operation)}`, { operation: id })
    const heard = new HeardPages()
    const peers = withOlderPicture(heard.over(world.peersOf(worker, id)), {
      random: worker.random.fork(`pictures ${id}`),
      chance: world.profile.olderPicture,
      settings,
      note: (what) => world.note(worker.name, `older picture: ${what}`, { fault: true, operation: id }),
    })
    const ports = { peers, clock: worker.clock, random: worker.random.fork(`client ${id}`) }
    const options = { database, settings, ...pictures.next(worker.random.fork(`age ${id}`)) }
    const store = new Client(ports, options)
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
    const { roots } = settings
    const session = { id, client, store, roots, ports, memory, recorder: noted, heard, signal, expires }
    await execute(operation, session)
    const took = world.scheduler.now - begun
    const longest = operation.kind === 'walk' || operation.kind === 'range' ? LONGEST * 4 : LONGEST
    if (isCalm(world.profile) && took > longest) throw new TooLongError(id, took)
  }
}

/** Something took very long though nothing went wrong. */
export class TooLongError extends Error {
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
  const told = statements.flatMap((statement) => (typeof statement === 'string' ? [] : [statement]))
  const seen = [...record.seen, ...told.flatMap((statement) => statement.seen)]
  const shown = seen.map(({ place, row }) => `${place.sort}: ${row === null ? 'nothing' : row.log}`)
  const made = written.map(({ made, because, removed }) => {
    if (made === undefined) return `${because}`
    return made.row === null
      ? `removed ${removed?.log ?? 'a row'} at ${made.version}`
      : `made ${made.row?.log ?? 'a row'} at ${made.version}`
  })
  return `has ${[...shown, ...made].join('; ') || 'seen nothing'}`
}

import { DurableObject } from 'cloudflare:workers'
import type { PartitionAnswer, PartitionRequest } from '../../operations.js'
import type { PartitionName } from '../../ports.js'
import { DEFAULT_SETTINGS } from '../../settings.js'
import { durableObjects } from '../durable-objects.js'
import { databaseOf, type MeasuredDatabase, settingsOf } from './database.js'

/** What partitions have done, by their names. One isolate has all of them and the Worker: all see the same. */
const calls = new Map<PartitionName, number>()
/** Transfers of which the source has handed over, and when. */
const handedOver = new Map<number, number>()
/** How long each took from there until the target served. */
let handOvers: number[] = []
/** The longest time that a call was worked on without a break, by what was asked for. */
const longest = new Map<string, number>()

/** Calls that each partition has got since this was asked last. */
export function takeCalls(): ReadonlyMap<PartitionName, number> {
  const taken = new Map(calls)
  calls.clear()
  return taken
}

/** For how long calls kept all others waiting, at worst, since this was asked last. In milliseconds, by kind. */
export function takeLongest(): Record<string, number> {
  const taken = Object.fromEntries(longest)
  longest.clear()
  return taken
}

/**
 * For how long keys were served by nobody while they changed hands, one by one, since this was asked last: from the
 * source's answer to when it heard that the target served, which is a little longer.
 */
export function takeHandOvers(): number[] {
  const taken = handOvers
  handOvers = []
  return taken
}

interface Inner {
  execute(request: PartitionRequest): Promise<PartitionAnswer>
  alarm(): Promise<void>
}

const classes = new Map<string, new (state: DurableObjectState, env: unknown) => Inner>()

/** The class of a database's partitions, as a Worker would export it for that database alone. */
function classOf(database: MeasuredDatabase) {
  const settings = settingsOf(database)
  const name = JSON.stringify(settings)
  const known = classes.get(name) ?? (durableObjects({ settings }).FokosPartition as never)
  classes.set(name, known)
  return known
}

/** Any database's partition: the engine's own class with what the database's name says that it is set to. */
export class FokosPartition extends DurableObject {
  readonly #name: PartitionName
  readonly #inner: Inner
  readonly #holds: number
  /** Ends with the call before. */
  #free: Promise<void> = Promise.resolve()

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env as never)
    this.#name = state.id.name as PartitionName
    const database = databaseOf(this.#name)
    this.#holds = database.holds
    this.#inner = new (classOf(database))(state, env)
  }

  async execute(request: PartitionRequest): Promise<PartitionAnswer> {
    const { operation } = request
    const { kind } = operation
    if (this.#holds > 0) await this.#hold()
    calls.set(this.#name, (calls.get(this.#name) ?? 0) + 1)
    const began = performance.now()
    const answer = this.#inner.execute(request)
    const took = performance.now() - began
    if (took > (longest.get(kind) ?? 0)) longest.set(kind, took)
    if (operation.kind === 'handOver') void noteHandOver(operation.transfer, answer)
    if (operation.kind === 'settle') noteServed(operation.transfer, began)
    return answer
  }

  override alarm(): Promise<void> {
    return this.#inner.alarm()
  }

  /** One call after the other, each for its time: what a Durable Object's one thread does to them, where it counts. */
  #hold(): Promise<void> {
    this.#free = this.#free.then(() => new Promise((resolve) => setTimeout(resolve, this.#holds)))
    return this.#free
  }
}

async function noteHandOver(transfer: number, answering: Promise<PartitionAnswer>): Promise<void> {
  const now = performance.now()
  const answer = await answering.catch(() => undefined)
  const given = answer?.ok === true && 'handedOver' in answer.result
  if (given && !handedOver.has(transfer)) handedOver.set(transfer, now)
}

function noteServed(transfer: number, now: number): void {
  const since = handedOver.get(transfer)
  if (since === undefined) return
  handedOver.delete(transfer)
  handOvers.push(now - since)
}

/** The keeper of any database: it has no settings of its own. */
export const { FokosTopologyKeeper } = durableObjects({ settings: DEFAULT_SETTINGS })

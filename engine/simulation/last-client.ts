import { Client } from '../client/client.js'
import { encodeKey } from '../keys/key-codec.js'
import type { Direction, PinnedSettings } from '../operations.js'
import type { Millis, PartitionName, Peers } from '../ports.js'
import { Router } from '../topology/router.js'
import { TopologyReader } from '../topology/topology-reader.js'
import type { FinalRow } from './judge/to-history.js'
import { type Place, placeText, SORTS } from './workloads/operation.js'
import { hashKey, keyOf, placeOf, toItem, toRow } from './workloads/rows.js'
import type { World } from './world.js'

/** How often it is written what nobody reads. */
const LAST_ID = 1

/** What was read is not what is stored. */
export class WrongAnswerError extends Error {}

/** A client that looks at everything when all is over, one thing after the other. */
export class LastClient {
  readonly #world: World
  readonly #database: string
  readonly #settings: (hash: number) => PinnedSettings
  /** By the settings that they are for: some hash keys were written with those of a stray client. */
  readonly #routers = new Map<string, Router>()
  readonly #worker
  #operations = 0

  constructor(world: World, database: string, settings: (hash: number) => PinnedSettings) {
    this.#world = world
    this.#database = database
    this.#settings = settings
    this.#worker = world.worker('last client')
  }

  /** Lets the world go on until all rows of a hash key are read. @throws {WrongAnswerError} when they are not those that there are. */
  async readAll(
    hash: number,
    direction: Direction,
    rows: readonly FinalRow[],
    knows: boolean,
  ): Promise<void> {
    const order = { first: 'sortKey', hashKey: 'ascending', sortKey: direction } as const
    const interval = { from: encodeKey([0]), to: encodeKey([SORTS]) }
    const spans = [{ hashKey: hashKey(hash), interval }]
    const items = await this.#until(this.#client(hash, knows).query({ kind: 'query', spans, order }))
    const found = items.map((item) => `${placeText(placeOf(item))} ${toRow(item).log}`)
    const there = rows
      .filter(({ place }) => place.hash === hash)
      .map(({ place, row }) => `${placeText(place)} ${row.log}`)
      .sort()
    if (direction === 'descending') there.reverse()
    if (found.join() !== there.join())
      throw new WrongAnswerError(
        `there were ${there.join(', ') || 'no rows'}, and found was ${found.join(', ') || 'nothing'}`,
      )
  }

  /** @throws {WrongAnswerError} when a row is not as storage says. */
  async findAll(places: readonly Place[], rows: readonly FinalRow[], knows: boolean): Promise<void> {
    const [{ hash }] = places as [Place]
    const found = await this.#until(this.#client(hash, knows).findMany(places.map(keyOf), {}))
    for (const [i, place] of places.entries()) {
      const row = rows.find((each) => placeText(each.place) === placeText(place))
      if (found[i]?.version !== row?.version)
        throw new WrongAnswerError(
          `${placeText(place)} was at ${row?.version}, and found at ${found[i]?.version}`,
        )
    }
  }

  async write(place: Place, knows: boolean): Promise<void> {
    const item = toItem(place, { n: 0, log: `${LAST_ID}`, pad: 0, amount: 0 })
    const change = { kind: 'put', key: keyOf(place), item } as const
    await this.#until(this.#client(place.hash, knows).write({ kind: 'write', changes: [change] }))
  }

  /**
   * Reads one row.
   *
   * @param by what it finds the row's owner: all that was learned so far, or what is published and nothing else.
   * @returns how it came there.
   */
  async reach(
    place: Place,
    by: 'what was learned' | 'what is published' = 'what was learned',
  ): Promise<{ readonly asked: readonly PartitionName[]; readonly hops: number }> {
    const asked: PartitionName[] = []
    let hops = 0
    const note = (peers: Peers): Peers => ({
      call: async (partition, request) => {
        asked.push(partition)
        const answer = await peers.call(partition, request)
        if ('hops' in answer) hops += answer.hops ?? 0
        return answer
      },
    })
    await this.#until(
      this.#client(place.hash, by === 'what was learned' ? true : by, note).get({
        kind: 'get',
        key: keyOf(place),
      }),
    )
    return { asked, hops }
  }

  /** Lets time pass. */
  async wait(time: Millis): Promise<void> {
    await this.#until(this.#worker.clock.sleep(time))
  }

  /** Lets the world come to rest. */
  async rest(): Promise<void> {
    await this.#world.scheduler.run(() => false)
  }

  #client(
    hash: number,
    knows: boolean | 'what is published',
    over: (peers: Peers) => Peers = (peers) => peers,
  ): Client {
    const operation = ++this.#operations
    const settings = this.#settings(hash)
    const ports = {
      peers: over(this.#world.peersOf(this.#worker, operation)),
      clock: this.#worker.clock,
      random: this.#worker.random.fork(`operation ${operation}`),
    }
    const router = knows === true ? this.#router(settings) : new Router(this.#database, settings)
    const cache = this.#world.cacheOf(this.#worker, operation)
    const topology =
      knows === 'what is published'
        ? new TopologyReader({ cache, clock: ports.clock }, this.#database, router)
        : undefined
    return new Client(ports, { database: this.#database, settings, router, topology })
  }

  #router(settings: PinnedSettings): Router {
    const name = `${settings.roots} ${settings.fanout}`
    const router = this.#routers.get(name) ?? new Router(this.#database, settings)
    this.#routers.set(name, router)
    return router
  }

  /** Lets the world go on until something has come to its end. */
  async #until<T>(something: Promise<T>): Promise<T> {
    let over = false
    const end = () => {
      over = true
    }
    something.then(end, end)
    await this.#world.scheduler.run(() => over)
    if (!over) throw new Error('nobody answered')
    return something
  }
}

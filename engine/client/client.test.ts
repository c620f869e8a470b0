import { beforeEach, describe, expect, it } from 'vitest'
import { OutcomeUnknownError, OverloadedError, UnavailableError } from '../errors.js'
import { column, compare, not, value } from '../expressions/build.js'
import { tuplesUnder } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import type {
  Change,
  ItemKey,
  Order,
  PartitionAnswer,
  PartitionRequest,
  PartitionWrite,
  QueryOperation,
} from '../operations.js'
import { Partition } from '../partition/partition.js'
import { type PartitionName, PeerCallError, type Peers } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { sqliteStorage } from '../simulation/sqlite-storage.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import { Client } from './client.js'

/** What happens to a call: it is answered, lost on its way there, or on its way back. */
type Fate = 'answer' | 'overloaded' | 'lost before' | 'lost after'

/** Real partitions, and a network that does what it is told. */
class Network implements Peers {
  readonly #partitions = new Map<PartitionName, Partition>()
  readonly calls: { partition: PartitionName; request: PartitionRequest }[] = []
  fates: Fate[] = []
  now = 1_700_000_000_000
  slept: number[] = []
  tokens = 0

  readonly client = new Client(
    {
      peers: this,
      clock: {
        now: () => this.now,
        sleep: async (duration) => {
          this.slept.push(duration)
          this.now += duration
        },
      },
      random: { fraction: () => 0.5, token: () => ++this.tokens },
    },
    { database: 'main', settings: DEFAULT_SETTINGS },
  )

  async call(partition: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    this.calls.push({ partition, request })
    const fate = this.fates.shift() ?? 'answer'
    if (fate === 'overloaded') throw new PeerCallError('too many', { undelivered: true, overloaded: true })
    if (fate === 'lost before') throw new PeerCallError('lost', { undelivered: false, overloaded: false })
    const answer = await this.#partition(partition).execute(structuredClone(request))
    if (fate === 'lost after') throw new PeerCallError('lost', { undelivered: false, overloaded: false })
    return structuredClone(answer)
  }

  /** The instance is gone with its memory; its database stays. */
  restart(): void {
    for (const [name, storage] of this.#storages) this.#partitions.set(name, this.#start(name, storage))
  }

  readonly #storages = new Map<PartitionName, ReturnType<typeof sqliteStorage>>()

  #partition(name: PartitionName): Partition {
    const existing = this.#partitions.get(name)
    if (existing !== undefined) return existing
    const storage = sqliteStorage()
    this.#storages.set(name, storage)
    const partition = this.#start(name, storage)
    this.#partitions.set(name, partition)
    return partition
  }

  #start(name: PartitionName, storage: ReturnType<typeof sqliteStorage>): Partition {
    const clock = {
      now: () => this.now,
      sleep: (duration: number) => new Promise<void>((resolve) => setTimeout(resolve, duration).unref()),
    }
    const random = { fraction: () => 0.5, token: () => ++this.tokens }
    const alarm = { set: () => {}, clear: () => {} }
    return new Partition({ name, storage, clock, random, alarm, peers: this }, DEFAULT_SETTINGS)
  }
}

const key = (hash: string, sort = 0): ItemKey => ({ hashKey: encodeKey([hash]), sortKey: encodeKey([sort]) })
const put = (at: ItemKey, n: number): Change => ({ kind: 'put', key: at, item: encodeItem({ n }) })
const increment = (at: ItemKey): Change => ({
  kind: 'update',
  key: at,
  assignments: [
    { column: 'n', value: { kind: 'arithmetic', operator: '+', left: column('n'), right: value(1) } },
  ],
})
const ascending: Order = { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' }
const span = (hash: string) => ({ hashKey: encodeKey([hash]), interval: tuplesUnder(new Uint8Array()) })
const numbers = (items: readonly ItemText[]) => items.map((item) => decodeItem(item).n)

let network: Network
let client: Client
beforeEach(() => {
  network = new Network()
  client = network.client
})

const write = (...changes: Change[]) => client.write({ kind: 'write', changes })
const read = async (at: ItemKey) => {
  const found = await client.get({ kind: 'get', key: at })
  return found === null ? null : decodeItem(found.item).n
}

/** What goes on after an answer has come to its end. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 10))

describe('a read', () => {
  it('is one call', async () => {
    await write(put(key('a'), 1))
    network.calls.length = 0
    expect(await read(key('a'))).toBe(1)
    expect(network.calls.length).toBe(1)
  })

  it('is sent again until it is answered', async () => {
    await write(put(key('a'), 1))
    network.fates = ['lost before', 'overloaded', 'lost after']
    expect(await read(key('a'))).toBe(1)
    expect(network.slept.length).toBe(3)
  })

  it('gives up after four sendings, and says that trying again makes sense', async () => {
    network.fates = Array(9).fill('lost before')
    const error = await read(key('a')).catch((error) => error)
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error.retryable).toBe(true)
    network.fates = Array(9).fill('overloaded')
    await expect(read(key('a'))).rejects.toBeInstanceOf(OverloadedError)
    expect(network.calls.length).toBe(8)
  })

  it('is not sent when it was aborted', async () => {
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(client.get({ kind: 'get', key: key('a') }, { signal })).rejects.toThrow('too late')
    expect(network.calls.length).toBe(0)
  })

  it('is not sent again when it was aborted meanwhile', async () => {
    const controller = new AbortController()
    network.fates = ['lost before', 'lost before']
    const call = network.call.bind(network)
    network.call = (partition, request) => {
      controller.abort(new Error('enough'))
      return call(partition, request)
    }
    await expect(client.get({ kind: 'get', key: key('a') }, controller)).rejects.toThrow('enough')
    expect(network.calls.length).toBe(1)
  })
})

describe('a write', () => {
  it('that was aborted when it may have happened has an unknown outcome', async () => {
    const controller = new AbortController()
    network.fates = ['lost after']
    const call = network.call.bind(network)
    network.call = (partition, request) => {
      controller.abort(new Error('enough'))
      return call(partition, request)
    }
    const operation = { kind: 'write', changes: [put(key('a'), 1)] } as const
    const error = await client.write(operation, controller).catch((error) => error)
    expect(error).toBeInstanceOf(OutcomeUnknownError)
    expect(error.cause).toBe(controller.signal.reason)
    network.call = call
    expect(await read(key('a'))).toBe(1)
    network.calls.length = 0
    await expect(client.write(operation, controller)).rejects.toThrow('enough')
    expect(network.calls.length).toBe(0)
  })

  it('is not sent again when it takes too long', async () => {
    network.fates = ['lost before', 'lost before']
    const call = network.call.bind(network)
    network.call = async (partition, request) => {
      network.now += 16_000
      return call(partition, request)
    }
    await expect(write(put(key('a'), 1))).rejects.toBeInstanceOf(OutcomeUnknownError)
    expect(network.calls.length).toBe(1)
  })

  it.each<Fate[][]>([
    [['lost before']],
    [['lost after']],
    [['overloaded']],
    [['lost after', 'lost after', 'overloaded']],
  ])('happens once, whatever happens to its calls: %j', async (fates) => {
    await write(put(key('a'), 1))
    network.now += 60_000
    network.fates = [...fates]
    expect(await write(increment(key('a')))).toMatchObject({ changes: [{ made: true }] })
    expect(await read(key('a'))).toBe(2)
  })

  it('is sent again under the same token, and says so', async () => {
    network.fates = ['overloaded', 'lost before']
    network.now += 60_000
    const born = network.now
    await write(put(key('a'), 1)).catch(() => {})
    const sent = network.calls.map(({ request }) => request.operation as PartitionWrite)
    expect(new Set(sent.map(({ token }) => token)).size).toBe(1)
    // What was never delivered is not unaccounted for.
    expect(sent.map(({ resent }) => resent)).toEqual([false, false, true])
    expect(new Set(sent.map(({ born }) => born))).toEqual(new Set([born]))
  })

  it('whose answers all stay away has an unknown outcome', async () => {
    network.fates = Array(9).fill('lost after')
    const error = await write(put(key('a'), 1)).catch((error) => error)
    expect(error).toBeInstanceOf(OutcomeUnknownError)
    expect(error.retryable).toBe(false)
  })

  it('that was certainly never delivered did not happen', async () => {
    network.fates = Array(9).fill('overloaded')
    await expect(write(put(key('a'), 1))).rejects.toBeInstanceOf(OverloadedError)
    network.fates = []
    expect(await read(key('a'))).toBeNull()
  })

  it('is recognised after the partition has restarted', async () => {
    await write(put(key('a'), 1))
    const call = network.call.bind(network)
    network.call = async (partition, request) => {
      const answer = await call(partition, request)
      if (network.calls.length === 2) {
        network.restart()
        throw new PeerCallError('reset', { undelivered: false, overloaded: false })
      }
      return answer
    }
    expect(await write(increment(key('a')))).toMatchObject({ changes: [{ made: true }] })
    expect(await read(key('a'))).toBe(2)
  })

  it('of several partitions is a transaction: one call to prepare and one to commit, per other partition', async () => {
    const changes = Array.from({ length: 3 }, (_, i) => put(key(`k${i}`), i))
    const { changes: results } = await write(...changes)
    await settled()
    expect(results).toMatchObject([{ made: true }, { made: true }, { made: true }])
    expect(network.calls.map(({ request }) => request.operation.kind).sort()).toEqual([
      'finish',
      'finish',
      'prepare',
      'prepare',
      'transact',
    ])
    expect(await Promise.all([0, 1, 2].map((i) => read(key(`k${i}`))))).toEqual([0, 1, 2])
  })

  it('of several partitions is undone when one of its changes is refused', async () => {
    await write(put(key('k1'), 1))
    const insert = (i: number): Change => ({
      kind: 'insert',
      key: key(`k${i}`),
      item: encodeItem({ n: 9 }),
      onExisting: 'error',
    })
    await expect(write(insert(0), insert(1), insert(2))).rejects.toMatchObject({
      code: 'constraint',
      details: { index: 1 },
    })
    await settled()
    expect(await Promise.all([0, 1, 2].map((i) => read(key(`k${i}`))))).toEqual([null, 1, null])
  })

  it('that is too large is refused', async () => {
    await expect(
      write({ kind: 'put', key: key('a'), item: encodeItem({ x: 'x'.repeat(600_000) }) }),
    ).rejects.toThrow(/500000 are allowed/)
    expect(await read(key('a'))).toBeNull()
  })

  it('whose conditions nest too deeply is not even sent', async () => {
    let condition = compare(column('x'), '=', 1)
    for (let i = 0; i < 3_000; i++) condition = not(condition)
    await expect(write({ kind: 'delete', key: key('a'), condition })).rejects.toMatchObject({
      code: 'limit_exceeded',
    })
    expect(network.calls.length).toBe(0)
  })

  it.each([
    ['a text', 'x'.repeat(8_000_000)],
    ['bytes', new Uint8Array(16_000_000)],
    ['a list', Array.from({ length: 2_000_000 }, () => 1)],
    ['a map', new Map([['x', 'x'.repeat(8_000_000)]])],
    ['fields', { x: { y: 'x'.repeat(8_000_000) } }],
  ])('that compares with too much is not even sent: %s', async (_, oversize) => {
    const condition = compare(column('x'), '=', value(oversize))
    await expect(write({ kind: 'delete', key: key('a'), condition })).rejects.toMatchObject({
      code: 'limit_exceeded',
      message: expect.stringContaining('16000000'),
    })
    expect(network.calls.length).toBe(0)
  })
})

describe('a batch', () => {
  it('asks each partition once, and answers in order', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => key(`k${i}`))
    for (const [i, at] of keys.entries()) await write(put(at, i))
    network.calls.length = 0
    const found = await client.batchGet({
      kind: 'batchGet',
      keys: [...keys, key('nobody')],
      order: ascending,
    })
    const expected = keys.map((_, i) => i).sort((a, b) => (`k${a}` < `k${b}` ? -1 : 1))
    expect(numbers(found.map(({ item }) => item))).toEqual(expected)
    const asked = (kind: string) => network.calls.filter(({ request }) => request.operation.kind === kind)
    const partitions = new Set(network.calls.map(({ partition }) => partition)).size
    expect(asked('batchGet').length).toBe(partitions)
    // One round makes sure that all of it was of one moment.
    expect(asked('validate').length).toBe(partitions)
    const limited = await client.batchGet({ kind: 'batchGet', keys, order: ascending, limit: 3 })
    expect(numbers(limited.map(({ item }) => item))).toEqual(expected.slice(0, 3))
  })

  it('asks again for what did not fit into an answer', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => key('a', i))
    for (const [i, at] of keys.entries()) {
      await write({ kind: 'put', key: at, item: encodeItem({ n: i, x: 'x'.repeat(450_000) }) })
    }
    network.calls.length = 0
    const found = await client.findMany(keys, {})
    expect(found.map((item) => (item === null ? null : decodeItem(item.item).n))).toEqual(
      keys.map((_, i) => i),
    )
    expect(network.calls.map(({ request }) => request.operation.kind)).toEqual([
      'batchGet',
      'batchGet',
      'batchGet',
      'validate',
    ])
  })
})

describe('a query', () => {
  const hashes = ['c', 'a', 'b']
  const query = (more: Partial<QueryOperation> = {}): QueryOperation => ({
    kind: 'query',
    spans: hashes.map(span),
    order: ascending,
    ...more,
  })
  const collect = async (operation: QueryOperation, pageSize?: number) => {
    const items: ItemText[] = []
    for await (const page of client.pages(operation, pageSize === undefined ? {} : { pageSize }))
      items.push(...page)
    return numbers(items)
  }

  beforeEach(async () => {
    // a: 0 3 6 …, b: 1 4 7 …, c: 2 5 8 …, each under the sort key that is its number.
    for (let n = 0; n < 30; n++) await write(put(key(['a', 'b', 'c'][n % 3] as string, n), n))
    network.calls.length = 0
  })

  const all = Array.from({ length: 30 }, (_, n) => n)
  const of = (rest: number) => all.filter((n) => n % 3 === rest)

  it.each<[string, Partial<QueryOperation>, number[]]>([
    ['by hash key', {}, [...of(0), ...of(1), ...of(2)]],
    [
      'by hash key, both backwards',
      { order: { first: 'hashKey', hashKey: 'descending', sortKey: 'descending' } },
      [...of(0), ...of(1), ...of(2)].reverse(),
    ],
    [
      'by hash key, then backwards',
      { order: { first: 'hashKey', hashKey: 'ascending', sortKey: 'descending' } },
      [...of(0).reverse(), ...of(1).reverse(), ...of(2).reverse()],
    ],
    ['by sort key across hash keys', { order: { ...ascending, first: 'sortKey' } }, all],
    [
      'by sort key backwards',
      { order: { first: 'sortKey', hashKey: 'ascending', sortKey: 'descending' } },
      [...all].reverse(),
    ],
    ['with a limit', { limit: 12 }, [...of(0), ...of(1)].slice(0, 12)],
    ['by sort key with a limit', { order: { ...ascending, first: 'sortKey' }, limit: 7 }, all.slice(0, 7)],
    [
      'with a filter',
      { filter: compare(column('n'), '>', 20) },
      [...of(0), ...of(1), ...of(2)].filter((n) => n > 20),
    ],
    [
      'by sort key with a filter and a limit',
      { order: { ...ascending, first: 'sortKey' }, filter: compare(column('n'), '>', 20), limit: 4 },
      [21, 22, 23, 24],
    ],
  ])('%s comes in its order, at once and in pages', async (_, more, expected) => {
    expect(numbers(await client.query(query(more)))).toEqual(expected)
    expect(await collect(query(more), 4)).toEqual(expected)
    expect(await collect(query(more), 1)).toEqual(expected)
  })

  it('asks for a page when the one before it was taken', async () => {
    const pages = client.pages(query({ spans: [span('a')] }), { pageSize: 3 })
    await pages.next()
    expect(network.calls.length).toBe(1)
    await pages.next()
    expect(network.calls.length).toBe(2)
    await pages.return(undefined)
    expect(network.calls.length).toBe(2)
  })

  it.each([0, -1, 1.5, Number.NaN])('has no pages of %o items', async (pageSize) => {
    const pages = client.pages(query({ spans: [span('a')] }), { pageSize })
    await expect(pages.next()).rejects.toMatchObject({ code: 'invalid_request' })
    expect(network.calls.length).toBe(0)
  })

  it.each(['hashKey', 'sortKey'] as const)(
    'over more hash keys than are asked at once keeps the order, %s first',
    async (first) => {
      const names = Array.from({ length: 70 }, (_, i) => `h${String(i).padStart(2, '0')}`)
      for (const [i, name] of names.entries()) {
        await write(put(key(name, 1), i))
        await write(put(key(name, 2), 100 + i))
      }
      const inOrder =
        first === 'hashKey'
          ? names.flatMap((_, i) => [i, 100 + i])
          : [...names.map((_, i) => i), ...names.map((_, i) => 100 + i)]
      const operation = query({ spans: names.toReversed().map(span), order: { ...ascending, first } })
      expect(numbers(await client.query(operation))).toEqual(inOrder)
      expect(await collect(operation, 1)).toEqual(inOrder)
    },
  )

  it('goes on behind a page on which nothing passed', async () => {
    // Together more than a partition looks at for one page.
    for (let i = 0; i < 12; i++) {
      const item = encodeItem({ n: -1, x: 'x'.repeat(450_000) })
      await write({ kind: 'put', key: key('a', -100 + i), item })
    }
    const filter = compare(column('n'), '>=', 0)
    const operation = query({ filter, order: { ...ascending, first: 'sortKey' } })
    expect(numbers(await client.query(operation))).toEqual(all)
    expect(await collect(operation, 4)).toEqual(all)
    expect(await collect(query({ filter }))).toEqual([...of(0), ...of(1), ...of(2)])
  })

  it('over many hash keys opens few at once', async () => {
    let under = 0
    let most = 0
    const call = network.call.bind(network)
    network.call = async (partition, request) => {
      most = Math.max(most, ++under)
      await Promise.resolve()
      const answer = await call(partition, request)
      under--
      return answer
    }
    const spans = Array.from({ length: 200 }, (_, i) => span(`h${i}`))
    for (const first of ['hashKey', 'sortKey'] as const) {
      await collect(query({ spans, order: { ...ascending, first } }))
    }
    expect(network.calls.length).toBe(400)
    expect(most).toBe(32)
  })

  it('of one hash key and one page is one call', async () => {
    await client.query(query({ spans: [span('a')] }))
    expect(network.calls.length).toBe(1)
    await client.query(query({ spans: [span('a')], limit: 2 }))
    expect(network.calls.length).toBe(2)
  })

  it.each([0, -1, 1.5])('with a limit of %o is refused', async (limit) => {
    await expect(client.query(query({ limit }))).rejects.toThrow(/at least 1/)
    await expect(
      client.batchGet({ kind: 'batchGet', keys: [key('a')], order: ascending, limit }),
    ).rejects.toThrow()
  })
})

import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { sumsAgree } from '../changes/cut-part.js'
import { Fingerprinter, sameFingerprint } from '../changes/fingerprint.js'
import { TransactionConflictError, UnavailableError } from '../errors.js'
import { compareBytes, sameBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty, singleton } from '../keys/interval.js'
import type {
  Change,
  Fingerprint,
  ItemKey,
  PartitionAnswer,
  PartitionDescription,
  PartitionOperation,
  PartitionQuery,
  PartitionRequest,
  PartitionResult,
  PartitionScan,
  PieceSums,
  QueryOperation,
  Route,
  Seen,
  Span,
} from '../operations.js'
import { type PartitionName, PeerCallError, type Peers } from '../ports.js'
import { EVERYTHING } from '../topology/key-set.js'
import { childIndex, childOf, rangeRootOf, rootName } from '../topology/partition-name.js'
import { Router } from '../topology/router.js'
import { decodeItem, encodeItem, type ItemText } from '../values/item-text.js'
import { Client } from './client.js'

const SETTINGS = { roots: 2, fanout: 2 }
/** How often the forest passes a request on. */
const MAX_HOPS = 2

interface Tree {
  readonly route: Route
  readonly level: number
  children: Tree[]
  readonly promoted: Tree[]
}

interface Row {
  readonly key: ItemKey
  readonly item: ItemText
  readonly version: number
}

/**
 * Partitions that share their rows, and serve only what is theirs: requests for others are passed on, or sent
 * elsewhere. Whoever is asked something that it must not be asked, fails the test.
 */
class Forest implements Peers {
  rows: Row[] = []
  version = 0
  readonly roots = Array.from({ length: SETTINGS.roots }, (_, i) =>
    tree({ partition: rootName('main', i) }, 0),
  )
  readonly calls: { readonly partition: PartitionName; readonly request: PartitionRequest }[] = []
  /** Runs before a call is served. */
  before: (request: PartitionRequest) => void = () => {}
  tokens = 0

  readonly slept: number[] = []

  readonly ports = {
    peers: this,
    clock: { now: () => 1_000, sleep: async (duration: number) => void this.slept.push(duration) },
    random: { fraction: () => 0.5, token: () => ++this.tokens },
  }

  client(router?: Router): Client {
    return new Client(this.ports, {
      database: 'main',
      settings: SETTINGS,
      ...(router === undefined ? undefined : { router }),
    })
  }

  async call(partition: PartitionName, request: PartitionRequest): Promise<PartitionAnswer> {
    this.calls.push({ partition, request: structuredClone(request) })
    this.before(request)
    const spans = spansOf(request.operation)
    let at = this.#find(partition, spans[0])
    let hops = at.route.partition === partition ? 0 : 1
    for (;;) {
      const next = new Set(spans.flatMap((span) => piecesOf(at, span).map(({ tree }) => tree)))
      if (next.size === 0 || (next.size === 1 && next.has(at))) break
      if (next.size > 1 || hops >= MAX_HOPS) {
        expect(request.follows).toBe(true)
        return { ok: false, elsewhere: [...next].map(({ route }) => route) }
      }
      at = [...next][0] as Tree
      hops++
    }
    const served = hops === 0 ? {} : { owner: at.route, hops }
    return structuredClone({ ...this.#serve(at, request.operation), ...served }) as PartitionAnswer
  }

  owner(key: ItemKey): PartitionName {
    const span = { hashKey: key.hashKey, interval: singleton(key.sortKey) }
    let at = this.#root(key.hashKey)
    for (;;) {
      const next = piecesOf(at, span)[0]?.tree as Tree
      if (next === at) return at.route.partition
      at = next
    }
  }

  /** The hash partition of a hash key splits. */
  split(hashKey: Uint8Array): void {
    const at = this.#hashLeaf(hashKey)
    at.children = Array.from({ length: SETTINGS.fanout }, (_, i) =>
      tree({ partition: childOf(at.route.partition, i) }, at.level + 1),
    )
    for (const range of at.promoted.splice(0)) {
      const index = childIndex(range.route.range?.hashKey as Uint8Array, at.level + 1, SETTINGS.fanout)
      ;(at.children[index] as Tree).promoted.push(range)
    }
  }

  promote(hashKey: Uint8Array): void {
    const at = this.#hashLeaf(hashKey)
    if (at.promoted.some(({ route }) => sameBytes(route.range?.hashKey as Uint8Array, hashKey))) return
    const range = { hashKey, interval: EVERYTHING }
    at.promoted.push(tree({ partition: rangeRootOf(at.route.partition, hashKey), range }, 0))
  }

  /** A promoted hash key's range splits in two. */
  splitRange(hashKey: Uint8Array, bound: Uint8Array): void {
    this.promote(hashKey)
    let at = this.#hashLeaf(hashKey).promoted.find(({ route }) =>
      sameBytes(route.range?.hashKey as Uint8Array, hashKey),
    ) as Tree
    const part = ({ route }: Tree) => (route.range as Span).interval
    while (at.children.length > 0) at = at.children.find((child) => holdsKey(part(child), bound)) as Tree
    const { from, to } = part(at)
    if (compareBytes(from, bound) >= 0) return
    at.children = [
      { from, to: bound },
      { from: bound, to },
    ].map((interval, i) =>
      tree({ partition: childOf(at.route.partition, i), range: { hashKey, interval } }, at.level + 1),
    )
  }

  #root(hashKey: Uint8Array): Tree {
    return this.roots[childIndex(hashKey, 0, SETTINGS.roots)] as Tree
  }

  #hashLeaf(hashKey: Uint8Array): Tree {
    let at = this.#root(hashKey)
    while (at.children.length > 0) {
      at = at.children[childIndex(hashKey, at.level + 1, SETTINGS.fanout)] as Tree
    }
    return at
  }

  /** Who is asked; of those that do not exist, the root. */
  #find(partition: PartitionName, span: Span | undefined): Tree {
    const all: Tree[] = [...this.roots]
    for (const each of all) all.push(...each.children, ...each.promoted)
    const found = all.find(({ route }) => route.partition === partition)
    if (found !== undefined) return found
    expect(span).toBeDefined()
    return this.#root((span as Span).hashKey)
  }

  #rowsOf({ hashKey, interval }: Span): Row[] {
    return this.rows
      .filter(({ key }) => sameBytes(key.hashKey, hashKey) && holdsKey(interval, key.sortKey))
      .sort((left, right) => compareBytes(left.key.sortKey, right.key.sortKey))
  }

  #row({ hashKey, sortKey }: ItemKey): Row | undefined {
    return this.#rowsOf({ hashKey, interval: singleton(sortKey) })[0]
  }

  #sum(span: Span): Fingerprint {
    const sum = new Fingerprinter()
    for (const { key, version } of this.#rowsOf(span)) sum.add(key.sortKey, version)
    return sum.sum
  }

  #serve(at: Tree, operation: PartitionOperation): PartitionAnswer {
    const ok = (result: PartitionResult): PartitionAnswer => ({ ok: true, result })
    const conflict = {
      ok: false,
      error: { code: 'transaction_conflict', message: 'not as it was seen' },
    } as const
    switch (operation.kind) {
      case 'get': {
        const row = this.#row(operation.key)
        return ok({ found: row === undefined ? null : { item: row.item, version: row.version } })
      }
      case 'batchGet': {
        const found = operation.keys.slice(0, 3).map((key) => this.#row(key) ?? null)
        const versions = found.map((row) => row?.version ?? null)
        return ok({
          found: found.map((row) => row && { item: row.item, version: row.version }),
          versions,
          asOf: this.version,
        })
      }
      case 'query':
        return ok(this.#query(at, operation))
      case 'validate': {
        const sums = this.#check(operation.seen)
        return sums === undefined ? conflict : ok({ sums })
      }
      case 'write':
        return ok({ changes: operation.changes.map((change) => this.#put(change)) })
      case 'transact': {
        const parts = [operation.part, ...operation.others.map(({ part }) => part)]
        const sums = parts.map(({ seen }) => this.#check(seen))
        if (sums.includes(undefined)) return conflict
        if (!sumsAgree(operation.cuts ?? [], sums as PieceSums[])) return conflict
        const changes = parts
          .flatMap((part) => part.changes)
          .sort((left, right) => left.index - right.index)
          .map(({ change }) => this.#put(change))
        return ok({ changes, at: this.version })
      }
      case 'scan':
        return ok(this.#scan(at, operation))
      case 'locate':
        return ok({})
      case 'describe':
        return ok(describeTree(at))
      default:
        throw new Error(`nobody asks for ${operation.kind} here`)
    }
  }

  /** The sums of pieces, or nothing when something is not as it was seen. */
  #check({ items, intervals }: Seen): PieceSums | undefined {
    if (items.some(({ key, version }) => (this.#row(key)?.version ?? null) !== version)) return undefined
    const wholes = intervals.filter(({ of }) => of === undefined)
    if (wholes.some((seen) => !sameFingerprint(this.#sum(seen), seen.fingerprint))) return undefined
    return intervals.flatMap((seen) => (seen.of === undefined ? [] : [[seen.of, this.#sum(seen)] as const]))
  }

  #put(change: Change) {
    expect(change.kind).toBe('put')
    const { key, item } = change as Change & { kind: 'put' }
    const row = { key, item, version: ++this.version }
    this.rows = [...this.rows.filter((other) => other !== this.#row(key)), row]
    return { made: true, version: row.version } as const
  }

  #query(at: Tree, { hashKey, interval, direction, limit = 4, observe }: PartitionQuery) {
    const own = intersect(at.route.range?.interval ?? EVERYTHING, interval)
    const ascending = direction === 'ascending'
    const rows = this.#rowsOf({ hashKey, interval: own })
    if (!ascending) rows.reverse()
    const page = rows.slice(0, Math.min(limit, 4))
    const last = page.at(-1)?.key.sortKey
    const isAll = page.length === rows.length
    const covered = isAll
      ? own
      : ascending
        ? { from: own.from, to: singleton(last as Uint8Array).to }
        : { from: last as Uint8Array, to: own.to }
    const rest = ascending ? { from: covered.to, to: interval.to } : { from: interval.from, to: covered.from }
    const more = isEmpty(rest) ? {} : { rest }
    const observed = observe === 'sum' || (observe === 'sumIfMore' && !isEmpty(rest))
    return {
      items: page.map(({ item }) => item),
      sortKeys: page.map(({ key }) => key.sortKey),
      versions: page.map(({ version }) => version),
      examined: page.length,
      asOf: this.version,
      ...more,
      ...(observed ? { fingerprint: this.#sum({ hashKey, interval: covered }) } : {}),
    }
  }

  #scan(at: Tree, { after, limit, within = EVERYTHING }: PartitionScan) {
    const elsewhere = [...at.children, ...at.promoted].map(({ route }) => route)
    const rows = this.rows
      .filter(({ key }) => this.owner(key) === at.route.partition && holdsKey(within, key.sortKey))
      .filter(({ key }) => after === undefined || compareItemKeys(key, after) > 0)
      .sort((left, right) => compareItemKeys(left.key, right.key))
    const page = rows.slice(0, limit)
    const upTo = page.length < rows.length ? { upTo: (page.at(-1) as Row).key } : {}
    return { items: page.map(({ item }) => item), keys: page.map(({ key }) => key), elsewhere, ...upTo }
  }
}

function tree(route: Route, level: number): Tree {
  return { route, level, children: [], promoted: [] }
}

/** Who has a span, of a partition and those right below it. */
function piecesOf(at: Tree, { hashKey, interval }: Span): { tree: Tree; interval: Interval }[] {
  if (at.route.range !== undefined) {
    if (at.children.length === 0) return [{ tree: at, interval }]
    return at.children
      .map((child) => ({
        tree: child,
        interval: intersect((child.route.range as Span).interval, interval),
      }))
      .filter((piece) => !isEmpty(piece.interval))
  }
  const promoted = at.promoted.find(({ route }) => sameBytes((route.range as Span).hashKey, hashKey))
  const child = at.children[childIndex(hashKey, at.level + 1, SETTINGS.fanout)]
  return [{ tree: promoted ?? child ?? at, interval }]
}

/** What a partition must own to serve a request. */
function spansOf(operation: PartitionOperation): Span[] {
  const point = ({ hashKey, sortKey }: ItemKey): Span => ({ hashKey, interval: singleton(sortKey) })
  switch (operation.kind) {
    case 'get':
    case 'locate':
      return [point(operation.key)]
    case 'batchGet':
      return operation.keys.map(point)
    case 'write':
      return operation.changes.map(({ key }) => point(key))
    case 'transact':
      return [point(operation.part.changes[0]?.change.key as ItemKey)]
    case 'validate':
      return [...operation.seen.items.map(({ key }) => point(key)), ...operation.seen.intervals]
    case 'query': {
      const { hashKey, interval, direction } = operation
      const { from, to } = interval
      // The last key below a bound: bounds here are one byte, and keys too.
      const below = Uint8Array.of(((to[0] as number) - (to.length === 1 ? 1 : 0)) & 0xff)
      return [point({ hashKey, sortKey: direction === 'ascending' ? from : below })]
    }
    default:
      return []
  }
}

function compareItemKeys(left: ItemKey, right: ItemKey): number {
  return compareBytes(left.hashKey, right.hashKey) || compareBytes(left.sortKey, right.sortKey)
}

function describeTree({ route, children, promoted }: Tree): PartitionDescription {
  return {
    partition: route.partition,
    kind: route.range === undefined ? 'hash' : 'range',
    ...(route.range === undefined ? {} : { range: route.range }),
    state: 'serving',
    bytes: 0,
    items: 0,
    requestsPerSecond: 0,
    children: children.map((child) => child.route),
    promoted: promoted.map((range) => range.route),
    moving: [],
  }
}

const HASH_KEYS = Array.from({ length: 6 }, (_, i) => Uint8Array.of(i))
const hash = (i: number) => HASH_KEYS[i] as Uint8Array
const key = (i: number, sort = 0): ItemKey => ({ hashKey: hash(i), sortKey: Uint8Array.of(sort) })
const put = (at: ItemKey, n: number): Change => ({ kind: 'put', key: at, item: encodeItem({ n }) })
const numbers = (items: readonly ItemText[]) => items.map((item) => decodeItem(item).n)
const query = (i: number, more: Partial<QueryOperation> = {}, descending = false): QueryOperation => ({
  kind: 'query',
  spans: [{ hashKey: hash(i), interval: { from: Uint8Array.of(0), to: Uint8Array.of(100) } }],
  order: {
    first: 'hashKey',
    hashKey: 'ascending',
    sortKey: descending ? 'descending' : 'ascending',
  },
  ...more,
})

let forest: Forest
let client: Client
beforeEach(() => {
  forest = new Forest()
  client = forest.client()
})

const asked = (kind: PartitionOperation['kind']) =>
  forest.calls.filter(({ request }) => request.operation.kind === kind)
const write = (...changes: Change[]) => client.write({ kind: 'write', changes })
/** Rows 0, 10, 20 … of one hash key, whose ranges end at 25 and 55. */
async function spread(i: number): Promise<void> {
  for (let n = 0; n < 10; n++) await write(put(key(i, 10 * n), n))
  forest.splitRange(hash(i), Uint8Array.of(25))
  forest.splitRange(hash(i), Uint8Array.of(55))
  forest.calls.length = 0
}

describe('a client', () => {
  it('learns who serves a key from an answer that was passed on', async () => {
    forest.split(hash(0))
    for (const _ of [1, 2]) await client.get({ kind: 'get', key: key(0) })
    expect(forest.calls.map(({ partition }) => partition)).toEqual([
      client.ownerOf(key(0)).slice(0, -2),
      forest.owner(key(0)),
    ])
  })

  it('shares what it has learned with those that have the same router', async () => {
    const router = new Router('main', SETTINGS)
    forest.split(hash(0))
    for (const _ of [1, 2]) await forest.client(router).get({ kind: 'get', key: key(0) })
    expect(forest.calls[1]?.partition).toBe(forest.owner(key(0)))
    await forest.client().get({ kind: 'get', key: key(0) })
    expect(forest.calls[2]?.partition).not.toBe(forest.owner(key(0)))
  })

  it('learns from errors too', async () => {
    forest.split(hash(0))
    const call = forest.call.bind(forest)
    forest.call = async (...called) => {
      const { owner } = (await call(...called)) as { owner?: Route }
      return { ok: false, error: { code: 'overloaded', message: '' }, ...(owner && { owner, hops: 1 }) }
    }
    await expect(client.get({ kind: 'get', key: key(0) })).rejects.toMatchObject({ code: 'overloaded' })
    expect(client.ownerOf(key(0))).toBe(forest.owner(key(0)))
  })

  it('follows directions to a key that is far down', async () => {
    await write(put(key(0), 7))
    for (let i = 0; i < 20; i++) forest.split(hash(0))
    const found = await client.get({ kind: 'get', key: key(0) })
    expect(found && decodeItem(found.item)).toEqual({ n: 7 })
    expect(forest.slept).toEqual([])
    forest.calls.length = 0
    expect(await client.locate(key(0))).toEqual({ partition: forest.owner(key(0)), hops: 0 })
    expect(forest.calls.length).toBe(1)
    expect(await forest.client().locate(key(0))).toMatchObject({ partition: forest.owner(key(0)) })
  })

  it('gives up when partitions send a request on and on', async () => {
    const elsewhere = [{ partition: client.ownerOf(key(0)) }]
    forest.call = async (partition, request) => {
      forest.calls.push({ partition, request })
      return { ok: false, elsewhere }
    }
    await expect(client.get({ kind: 'get', key: key(0) })).rejects.toBeInstanceOf(UnavailableError)
    await expect(client.findMany([key(0), key(0, 1)], {})).rejects.toBeInstanceOf(UnavailableError)
    await expect(write(put(key(0), 1))).rejects.toBeInstanceOf(UnavailableError)
    expect(forest.calls.length).toBeLessThan(300)
  })

  it('asks for several keys where they are, in as many calls as there are partitions', async () => {
    await write(...HASH_KEYS.map((_, i) => put(key(i), i)))
    for (const each of HASH_KEYS) forest.split(each)
    const keys = HASH_KEYS.map((_, i) => key(i))
    const owners = new Set(keys.map((each) => forest.owner(each)))
    for (const round of ['that learn', 'that know']) {
      forest.calls.length = 0
      const found = await client.findMany(keys, {})
      expect(found.map((item) => item && decodeItem(item.item).n)).toEqual(keys.map((_, i) => i))
      if (round === 'that know') expect(asked('batchGet').length).toBe(owners.size)
      // There may have been one moment of all answers: that is asked.
      expect(new Set(asked('validate').map(({ partition }) => partition))).toEqual(owners)
    }
  })
})

describe('a write', () => {
  it('whose rows have moved apart becomes a transaction of its own', async () => {
    const [one, other] = [key(0, 10), key(0, 80)]
    forest.splitRange(hash(0), Uint8Array.of(50))
    expect(await write(put(one, 1), put(other, 2))).toMatchObject({
      changes: [{ made: true }, { made: true }],
    })
    const [plain, transact] = forest.calls.map(({ request }) => request.operation)
    expect(plain?.kind).toBe('write')
    expect(transact).toMatchObject({ kind: 'transact', refusals: 'items', resent: false })
    expect((transact as { token: number }).token).not.toBe((plain as { token: number }).token)
    forest.calls.length = 0
    await write(put(one, 1), put(other, 2))
    expect(forest.calls.map(({ request }) => request.operation.kind)).toEqual(['transact'])
  })

  it('of one partition stays what it is, however far down that is', async () => {
    for (let i = 0; i < 5; i++) forest.split(hash(0))
    await write(put(key(0), 1))
    const sent = forest.calls.map(({ request }) => request.operation as { kind: string; token: number })
    expect(new Set(sent.map(({ kind }) => kind))).toEqual(new Set(['write']))
    expect(new Set(sent.map(({ token }) => token)).size).toBe(1)
  })

  it('that must be alone in an interval of several partitions is a transaction', async () => {
    await spread(0)
    await client.query(query(0))
    forest.calls.length = 0
    forest.call = async (partition, request) => {
      forest.calls.push({ partition, request })
      return { ok: true, result: { changes: [], at: 1 } }
    }
    const aloneIn = { from: Uint8Array.of(20), to: Uint8Array.of(60) }
    await write({ kind: 'delete', key: key(0, 30), aloneIn })
    expect(forest.calls[0]?.request.operation).toMatchObject({
      kind: 'transact',
      part: {
        changes: [
          {
            index: 0,
            change: { kind: 'delete', aloneIn: { from: Uint8Array.of(25), to: Uint8Array.of(55) } },
          },
        ],
      },
      others: [
        {
          part: {
            changes: [
              {
                index: 0,
                change: { kind: 'alone', aloneIn: { from: Uint8Array.of(20), to: Uint8Array.of(25) } },
              },
            ],
          },
        },
        {
          part: {
            changes: [
              {
                index: 0,
                change: { kind: 'alone', aloneIn: { from: Uint8Array.of(55), to: Uint8Array.of(60) } },
              },
            ],
          },
        },
      ],
    })
  })

  it('that was sent before becomes a transaction all the same: the partition knows that it has not happened', async () => {
    const ranges = [0, 2].map((from) => ({
      partition: `${client.ownerOf(key(0)).replace('/h/', '/r/')}/${from}` as PartitionName,
      range: { hashKey: hash(0), interval: { from: Uint8Array.of(from), to: Uint8Array.of(from + 2) } },
    }))
    forest.call = async (partition, request) => {
      forest.calls.push({ partition, request })
      if (forest.calls.length === 1)
        throw new PeerCallError('lost', { undelivered: false, overloaded: false })
      if (request.operation.kind === 'write') return { ok: false, elsewhere: ranges }
      return { ok: false, error: { code: 'constraint', message: '' } }
    }
    await expect(write(put(key(0, 1), 1), put(key(0, 2), 2))).rejects.toMatchObject({ code: 'constraint' })
    expect(forest.calls.map(({ request }) => request.operation.kind)).toEqual(['write', 'write', 'transact'])
  })

  it('that is refused when it is sent again is refused: the partition knows what became of it', async () => {
    forest.call = async (partition, request) => {
      forest.calls.push({ partition, request })
      if (forest.calls.length === 1)
        throw new PeerCallError('lost', { undelivered: false, overloaded: false })
      return { ok: false, error: { code: 'constraint', message: '' } }
    }
    await expect(write(put(key(0), 1))).rejects.toMatchObject({ code: 'constraint' })
  })
})

describe('a query', () => {
  it.each([
    [false, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [true, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
  ])('goes through the ranges of its hash key in order: descending %s', async (descending, expected) => {
    await spread(0)
    for (const round of ['that learns', 'that knows']) {
      forest.calls.length = 0
      expect(numbers(await client.query(query(0, {}, descending)))).toEqual(expected)
      if (round === 'that knows') expect(asked('query').length).toBe(3)
      // It was several calls: they are validated, each range by its owner.
      expect(asked('validate').length).toBe(3)
      expect(
        asked('validate').every(({ request }) => (request.operation as { together: boolean }).together),
      ).toBe(true)
    }
    expect(numbers(await client.query(query(0, { limit: 7 }, descending)))).toEqual(expected.slice(0, 7))
  })

  it('is validated where its rows are, when they have moved since', async () => {
    for (let n = 0; n < 10; n++) await write(put(key(0, 10 * n), n))
    forest.before = ({ operation }) => {
      if (operation.kind !== 'validate') return
      forest.splitRange(hash(0), Uint8Array.of(15))
      forest.splitRange(hash(0), Uint8Array.of(35))
    }
    expect(numbers(await client.query(query(0)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const pieces = asked('validate').flatMap(
      ({ request }) => (request.operation as { seen: Seen }).seen.intervals,
    )
    expect(new Set(pieces.map(({ of }) => of))).toEqual(new Set([undefined, 0, 1]))
    const owners = [10, 20, 40].map((sort) => forest.owner(key(0, sort)))
    expect(asked('validate').map(({ partition }) => partition)).toEqual(expect.arrayContaining(owners))
    // Who does not know of pieces refuses them.
    expect(asked('validate').map(({ request }) => request.version)).toContain(3)
  })

  it('is read anew when the pieces of what it saw have changed', async () => {
    for (let n = 0; n < 10; n++) await write(put(key(0, 10 * n), n))
    let changed = 0
    forest.before = ({ operation }) => {
      if (operation.kind !== 'validate' || changed++ > 0) return
      forest.splitRange(hash(0), Uint8Array.of(15))
      forest.rows = forest.rows.filter((row) => row.key.sortKey[0] !== 20)
    }
    expect(numbers(await client.query(query(0)))).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9])
  })
})

describe('a transaction', () => {
  it('that is sent again is the same, wherever it goes', async () => {
    for (let i = 0; i < 6; i++) forest.split(hash(0))
    forest.splitRange(hash(1), Uint8Array.of(50))
    await write(put(key(0), 1), put(key(1, 10), 2), put(key(1, 80), 3))
    const bodies = asked('transact').map(({ request }) => request.operation)
    expect(bodies.length).toBeGreaterThan(1)
    for (const body of bodies) expect(body).toEqual(bodies[0])
    expect(new Set(asked('transact').map(({ partition }) => partition)).size).toBe(bodies.length)
  })

  it.each([false, true])(
    'reads and writes over the ranges of a hash key: descending %s',
    async (descending) => {
      await spread(0)
      const block = client.begin()
      await block.write({ kind: 'write', changes: [put(key(0, 35), 35), put(key(0, 60), 60)] })
      const order = [0, 1, 2, 3, 35, 4, 5, 60, 7, 8, 9]
      if (descending) order.reverse()
      expect(numbers(await block.query(query(0, { limit: 6 }, descending)))).toEqual(order.slice(0, 6))
      expect(numbers(await block.query(query(0, {}, descending)))).toEqual(order)
      const before = forest.calls.length
      expect(numbers(await block.query(query(0, {}, !descending)))).toEqual(order.toReversed())
      expect(forest.calls.length).toBe(before)
      await block.commit()
      expect(numbers(await client.query(query(0)))).toEqual(descending ? order.toReversed() : order)
    },
  )

  it('says what the pieces of a range that it has read must sum to', async () => {
    for (let n = 0; n < 4; n++) await write(put(key(0, 10 * n), n))
    const block = client.begin()
    await block.query(query(0))
    forest.splitRange(hash(0), Uint8Array.of(15))
    await client.query(query(0))
    await block.write({ kind: 'write', changes: [put(key(0, 99), 99)] })
    await block.commit()
    const [{ request }] = asked('transact') as [(typeof forest.calls)[0]]
    expect(request.operation).toMatchObject({
      cuts: [expect.any(Array)],
      part: { seen: { intervals: [{ of: 0 }] } },
      others: [{ part: { seen: { intervals: [{ of: 0 }] } } }],
    })
  })

  it('conflicts when a piece of what it has read has changed', async () => {
    await spread(0)
    for (const writes of [true, false]) {
      const block = client.begin()
      await block.query(query(0))
      if (writes) await block.write({ kind: 'write', changes: [put(key(1), 1)] })
      await write(put(key(0, 70), -1))
      await expect(block.commit()).rejects.toBeInstanceOf(TransactionConflictError)
    }
  })
})

describe('a tree', () => {
  it('describes itself, the roots first', async () => {
    forest.split(hash(0))
    forest.splitRange(hash(1), Uint8Array.of(50))
    const partitions = (await client.tree()).map(({ partition }) => partition)
    expect(partitions.slice(0, 2)).toEqual([rootName('main', 0), rootName('main', 1)])
    expect(partitions.length).toBe(2 + 2 + 1 + 2)
    expect(new Set(partitions).size).toBe(partitions.length)
    // And all of it is known now.
    for (const at of [key(0), key(1, 10), key(1, 80)]) expect(client.ownerOf(at)).toBe(forest.owner(at))
  })
})

const anyKey = fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 99 })).map(([i, sort]) => key(i, sort))
const keyOf = ({ hashKey, sortKey }: ItemKey) => `${hashKey} ${sortKey}`
const growth = fc.oneof(
  { weight: 2, arbitrary: fc.constant(() => {}) },
  fc.nat({ max: 5 }).map((i) => (grown: Forest) => grown.split(hash(i))),
  fc.nat({ max: 5 }).map((i) => (grown: Forest) => grown.promote(hash(i))),
  fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 99 })).map(
    ([i, bound]) =>
      (grown: Forest) =>
        grown.splitRange(hash(i), Uint8Array.of(bound)),
  ),
)
/** Grows before every call, until it is large enough. */
function growing(steps: readonly ((grown: Forest) => void)[]): Forest {
  const grown = new Forest()
  const left = [...steps]
  grown.before = () => left.shift()?.(grown)
  return grown
}
const growths = fc.array(growth, { maxLength: 40 })

describe('while the tree grows', () => {
  it('every answer is what it would be without that', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('write' as const),
        keys: fc.uniqueArray(anyKey, { minLength: 1, maxLength: 4, selector: keyOf }),
      }),
      fc.record({
        kind: fc.constant('find' as const),
        keys: fc.uniqueArray(anyKey, { maxLength: 6, selector: keyOf }),
      }),
      fc.record({
        kind: fc.constant('query' as const),
        hash: fc.nat({ max: 5 }),
        descending: fc.boolean(),
        limit: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
        inBlock: fc.boolean(),
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.array(anyKey, { maxLength: 40 }),
        growths,
        async (steps, first, grows) => {
          const grown = growing(grows)
          const store = grown.client()
          const model = new Map<string, { key: ItemKey; n: number }>()
          let n = 0
          const text = keyOf
          const set = async (keys: readonly ItemKey[]) => {
            const changes = keys.map((at) => {
              model.set(text(at), { key: at, n: ++n })
              return put(at, n)
            })
            await store.write({ kind: 'write', changes })
          }
          for (const at of first) await set([at])
          for (const each of steps) {
            if (each.kind === 'write') await set(each.keys)
            else if (each.kind === 'find') {
              const found = await store.findMany(each.keys, {})
              expect(found.map((item) => item && decodeItem(item.item).n)).toEqual(
                each.keys.map((at) => model.get(text(at))?.n ?? null),
              )
            } else {
              const { limit, descending } = each
              const expected = [...model.values()]
                .filter(({ key: at }) => sameBytes(at.hashKey, hash(each.hash)))
                .sort((left, right) => compareItemKeys(left.key, right.key))
                .map((row) => row.n)
              if (descending) expected.reverse()
              const operation = query(each.hash, limit === undefined ? {} : { limit }, descending)
              const block = store.begin()
              const items = await (each.inBlock ? block : store).query(operation)
              expect(numbers(items)).toEqual(expected.slice(0, limit))
              if (!each.inBlock) continue
              const at = key(each.hash, 50)
              model.set(text(at), { key: at, n: ++n })
              await block.write({ kind: 'write', changes: [put(at, n)] })
              await block.commit()
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('a scan comes to everything once, in one go or resumed by others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyKey, { maxLength: 40, selector: keyOf }),
        growths,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 2 }),
        fc.boolean(),
        async (keys, grows, pageSize, segments, resumed) => {
          const grown = new Forest()
          grown.rows = keys.map((at, i) => ({ key: at, item: encodeItem({ n: i }), version: i + 1 }))
          const left = [...grows]
          // Some of it has grown before.
          for (const each of left.splice(0, left.length / 2)) each(grown)
          grown.before = () => left.shift()?.(grown)
          const found: unknown[] = []
          for (let segment = 0; segment < segments; segment++) {
            let cursor: string | undefined
            do {
              const options = { pageSize, segment, segments, ...(cursor === undefined ? {} : { cursor }) }
              for await (const page of grown.client().scan(options)) {
                expect(page.items.length).toBeLessThanOrEqual(pageSize)
                for (const { key: at, item } of page.items) {
                  expect(at).toEqual(keys[decodeItem(item).n as number])
                  found.push(decodeItem(item).n)
                }
                cursor = page.cursor
                if (resumed) break
              }
            } while (cursor !== undefined && resumed)
          }
          expect(found.sort((a, b) => Number(a) - Number(b))).toEqual(keys.map((_, i) => i))
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('a scan', () => {
  it.each([
    [{ segment: 2, segments: 2 }],
    [{ segment: -1 }],
    [{ segments: 3 }],
    [{ segments: 0 }],
    [{ pageSize: 0 }],
    [{ cursor: 'no cursor' }],
    [{ cursor: '' }],
  ])('refuses %j', async (options) => {
    await expect(client.scan(options).next()).rejects.toMatchObject({ code: 'invalid_request' })
    expect(forest.calls.length).toBe(0)
  })

  it('refuses the cursor of another', async () => {
    const { value } = await client.scan().next()
    const { cursor } = value as { cursor: string }
    await expect(client.scan({ cursor, segments: 2 }).next()).rejects.toMatchObject({
      code: 'invalid_request',
    })
    const other = new Client(forest.ports, { database: 'other', settings: SETTINGS })
    await expect(other.scan({ cursor }).next()).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await client.scan({ cursor, pageSize: 3 }).next()).done).toBe(false)
  })

  it('waits for a partition that does not serve yet', async () => {
    await write(put(key(0), 7))
    forest.split(hash(0))
    const call = forest.call.bind(forest)
    let early = 3
    forest.call = async (partition, request) => {
      const answer = await call(partition, request)
      if (partition !== forest.owner(key(0)) || early-- <= 0 || !answer.ok) return answer
      return {
        ok: true,
        result: { items: [], keys: [], elsewhere: [] },
        owner: { partition: rootName('main', 0) },
        hops: 1,
      }
    }
    const items: ItemText[] = []
    for await (const page of client.scan()) items.push(...page.items.map(({ item }) => item))
    expect(numbers(items)).toEqual([7])
  })
})

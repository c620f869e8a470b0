import type { CallOptions, Client } from '../../client/client.js'
import {
  ConstraintError,
  InvalidRequestError,
  LimitError,
  OutcomeUnknownError,
  OverloadedError,
  SettingsMismatchError,
  UnavailableError,
} from '../../errors.js'
import type { Assignment, Expression, Projection } from '../../expressions/expression.js'
import { compareBytes } from '../../keys/compare-bytes.js'
import type { Interval } from '../../keys/interval.js'
import { decodeKey, encodeKey } from '../../keys/key-codec.js'
import type { Change, ChangeResult, ItemKey } from '../../operations.js'
import { decodeItem, encodeItem, type ItemText } from '../../values/item-text.js'
import type { Record, SeenRow, WrittenRow } from '../record.js'
import { writes } from '../record.js'
import { LARGE, type Operation, type Place, placeText, type Row, type Scan, SORTS } from './operation.js'

/** What {@link execute} tells of each thing that it saw. */
export interface Recorder {
  /** The next place in the order of all calls and answers. */
  tick(): number
  add(record: Record): void
}

/** What a client remembers between its operations: the counts of the rows that it saw. */
export type ClientMemory = Map<string, number>

/**
 * Does one operation through the real client, and records what came of it.
 *
 * @throws what nobody expects: it is a bug, not an outcome.
 */
export async function execute(
  operation: Operation,
  facts: { readonly id: number; readonly client: number },
  client: Client,
  memory: ClientMemory,
  recorder: Recorder,
  options: CallOptions = {},
): Promise<void> {
  if (operation.kind === 'range') {
    await readRange(operation, facts, client, memory, recorder)
    return
  }
  if (operation.kind === 'scan') {
    await scan(operation, facts, client, recorder)
    return
  }
  const resolved = resolve(operation, memory)
  const called = recorder.tick()
  const record = { ...facts, operation: resolved, called, seen: [], written: [], conflict: false }
  try {
    const came: { seen?: SeenRow[]; written?: WrittenRow[] } = writes(resolved)
      ? { written: await write(resolved, facts.id, client, options) }
      : { seen: await read(resolved, client) }
    remember(memory, came)
    const answered = recorder.tick()
    if (resolved.kind === 'batchGet') {
      // Several partitions see several moments: each row of a batch is a read of its own.
      came.seen?.forEach((seen, i) => {
        const operation = { kind: 'get', at: seen.place } as const
        recorder.add({
          ...record,
          id: facts.id + (i + 1) / 100,
          operation,
          seen: [seen],
          answered,
          outcome: 'done',
        })
      })
    } else {
      recorder.add({ ...record, ...came, answered, outcome: 'done' })
    }
  } catch (error) {
    const outcome = outcomeOf(error, resolved)
    if (outcome === 'conflict') {
      recorder.add({ ...record, conflict: true, answered: recorder.tick(), outcome: 'done' })
    } else if (writes(resolved)) {
      recorder.add({ ...record, answered: recorder.tick(), outcome })
    }
  }
}

/** Every page is a read of its own: they see one moment each. */
async function readRange(
  operation: Operation & { kind: 'range' },
  facts: { readonly id: number; readonly client: number },
  client: Client,
  memory: ClientMemory,
  recorder: Recorder,
): Promise<void> {
  const { hash, from, to, descending, pageSize, limit = Number.POSITIVE_INFINITY, atLeast } = operation
  const interval: Interval = { from: encodeKey([from]), to: encodeKey([to]) }
  const pages = client.spanPages(
    { hashKey: hashKey(hash), interval },
    {
      direction: descending ? 'descending' : 'ascending',
      withKeys: true,
      pageSize,
      ...(operation.limit === undefined ? undefined : { limit }),
      ...filterOf(atLeast),
    },
  )
  let count = 0
  let rest = { from, to }
  let last: Record | undefined
  for (let page = 1; ; page++) {
    const called = recorder.tick()
    try {
      const { done, value } = await pages.next()
      if (done === true) {
        // The page before was full, and its answer said that nothing comes behind it.
        if (last !== undefined && rest.from < rest.to && count < limit) {
          recorder.add({ ...last, id: facts.id + page / 100, seen: [], covers: rest })
        }
        return
      }
      const seen = value.items.map((item, i): SeenRow => {
        const [sort] = decodeKey(value.sortKeys[i] as Uint8Array)
        const place = { hash, sort: sort as number }
        return { place, row: rowAt(place, item) }
      })
      if (seen.length > Math.min(pageSize, limit - count)) throw new Error('a page has too many rows')
      count += seen.length
      const steps = seen.map(({ place }) => (descending ? -place.sort : place.sort))
      const inRest = seen.every(({ place }) => place.sort >= rest.from && place.sort < rest.to)
      if (!inRest || steps.some((step, i) => i > 0 && step <= (steps[i - 1] as number)))
        throw new Error(`T${facts.id} read ${steps.join(', ')} in a page of ${rest.from} to ${rest.to}`)
      const furthest = seen.at(-1)?.place.sort
      if (page > 2 * SORTS) throw new Error(`T${facts.id} comes to no end of its pages`)
      // A full page says nothing of what comes behind its last row.
      const full = (seen.length >= pageSize || count >= limit) && furthest !== undefined
      const covers = !full
        ? rest
        : descending
          ? { from: furthest, to: rest.to }
          : { from: rest.from, to: furthest + 1 }
      rest = descending ? { from: rest.from, to: covers.from } : { from: covers.to, to: rest.to }
      remember(memory, { seen })
      last = {
        ...facts,
        id: facts.id + page / 100,
        operation,
        called,
        answered: recorder.tick(),
        outcome: 'done',
        seen,
        covers,
        written: [],
        conflict: false,
      }
      recorder.add(last)
    } catch (error) {
      outcomeOf(error, operation)
      return
    }
  }
}

/**
 * Read at once, each hash key shows one moment: it is a range of its own. In pages, each place shows a moment of
 * its own. What a limit cut off was not read.
 */
async function scan(
  operation: Scan,
  facts: { readonly id: number; readonly client: number },
  client: Client,
  recorder: Recorder,
): Promise<void> {
  const { hashes, from, to, order, pageSize, limit, atLeast = 0 } = operation
  const query = {
    kind: 'query',
    spans: hashes.map((hash) => ({
      hashKey: hashKey(hash),
      interval: { from: encodeKey([from]), to: encodeKey([to]) },
    })),
    order,
    ...(limit === undefined ? undefined : { limit }),
    ...filterOf(operation.atLeast),
  } as const
  const called = recorder.tick()
  const items: ItemText[] = []
  try {
    if (pageSize === undefined) items.push(...(await client.query(query)))
    else for await (const page of client.pages(query, { pageSize })) items.push(...page)
  } catch (error) {
    outcomeOf(error, operation)
    return
  }
  const answered = recorder.tick()
  const seen = items.map((item) => ({ place: placeOf(item), row: toRow(item) }))
  const compare = (left: Place, right: Place) => compareAs(order, left, right)
  const inOrder = seen.every(({ place }, i) => i === 0 || compare((seen[i - 1] as SeenRow).place, place) < 0)
  if (!inOrder)
    throw new Error(`T${facts.id} scanned ${seen.map(({ place }) => placeText(place)).join(', ')}`)
  if (seen.length > (limit ?? seen.length)) throw new Error(`T${facts.id} scanned more than it wanted`)
  if (seen.some(({ row }) => row.n < atLeast)) throw new Error(`T${facts.id} scanned what it did not want`)
  const last = limit === undefined || seen.length < limit ? undefined : seen.at(-1)?.place
  let part = 0
  const add = (hash: number, covers: { from: number; to: number }) => {
    if (covers.from >= covers.to) return
    recorder.add({
      ...facts,
      id: facts.id + ++part / 100,
      operation: {
        kind: 'range',
        hash,
        ...covers,
        descending: false,
        pageSize: SORTS,
        ...(operation.atLeast === undefined ? undefined : { atLeast }),
      },
      called,
      answered,
      outcome: 'done',
      seen: seen.filter(
        ({ place }) => place.hash === hash && place.sort >= covers.from && place.sort < covers.to,
      ),
      covers,
      written: [],
      conflict: false,
    })
  }
  if (seen.some(({ place }) => !hashes.includes(place.hash) || place.sort < from || place.sort >= to))
    throw new Error(`T${facts.id} scanned rows from elsewhere`)
  for (const hash of hashes) {
    const read = Array.from({ length: to - from }, (_, i) => from + i).filter(
      (sort) => last === undefined || compare({ hash, sort }, last) <= 0,
    )
    if (pageSize !== undefined) for (const sort of read) add(hash, { from: sort, to: sort + 1 })
    else if (read.length > 0) add(hash, { from: read[0] as number, to: (read.at(-1) as number) + 1 })
  }
}

/** What an order means, in the judge's own words. */
function compareAs(order: Scan['order'], left: Place, right: Place): number {
  const byHash =
    compareBytes(hashKey(left.hash), hashKey(right.hash)) * (order.hashKey === 'ascending' ? 1 : -1)
  const bySort = (left.sort - right.sort) * (order.sortKey === 'ascending' ? 1 : -1)
  return order.first === 'hashKey' ? byHash || bySort : bySort || byHash
}

async function read(operation: Operation, client: Client): Promise<SeenRow[]> {
  if (operation.kind === 'get') {
    const found = await client.get({ kind: 'get', key: keyOf(operation.at) })
    return [seenRow(operation.at, found)]
  }
  const { places } = operation as Operation & { kind: 'batchGet' }
  const found = await client.findMany(places.map(keyOf), {})
  return places.map((place, i) => seenRow(place, found[i] ?? null))
}

async function write(
  operation: Operation,
  id: number,
  client: Client,
  options: CallOptions,
): Promise<WrittenRow[]> {
  const { changes, places } = changesOf(operation, id)
  const quiet = operation.kind === 'delete' && operation.quiet === true
  const returning: Projection = operation.kind === 'put' && operation.loud === true ? LOUD : 'all'
  const result = await client.write(
    { kind: 'write', changes, ...(quiet ? undefined : { returning }) },
    options,
  )
  if (result.changes.length !== changes.length)
    throw new Error(`T${id} made ${changes.length} changes and was told of ${result.changes.length}`)
  return places.map((place, i) => writtenRow(place, operation.kind, result.changes[i] as ChangeResult))
}

const column = (name: string) => ({ kind: 'column', column: name }) as const
const concat = (left: Expression, right: Expression): Expression => ({ kind: 'concat', left, right })

/** A large row and its padding so often that a partition keeps no such answer beside another: see `loud`. */
const LOUD: Projection = [
  { kind: 'all' },
  { kind: 'as', name: 'echo', value: repeated(column('pad'), Math.floor(3_985_000 / LARGE)) },
]

function repeated(operand: Expression, times: number): Expression {
  if (times === 1) return operand
  return concat(repeated(operand, Math.floor(times / 2)), repeated(operand, Math.ceil(times / 2)))
}

function changesOf(operation: Operation, id: number): { changes: Change[]; places: readonly Place[] } {
  switch (operation.kind) {
    case 'put': {
      const item = itemOf(operation.at, id, operation.large ? LARGE : 0)
      const change: Change = { kind: 'put', key: keyOf(operation.at), item, ...conditionOf(operation.if) }
      return { changes: [change], places: [operation.at] }
    }
    case 'insert': {
      const places = operation.sorts.map((sort) => ({ hash: operation.hash, sort }))
      const proposed = { kind: 'column', column: 'log', of: 'proposed' } as const
      const onExisting =
        operation.onExisting === 'append'
          ? { assignments: appending(proposed, operation.grow), ...conditionOf(operation.if) }
          : operation.onExisting
      return {
        changes: places.map((place) => ({
          kind: 'insert',
          key: keyOf(place),
          item: itemOf(place, id, operation.large ? LARGE : 0),
          onExisting,
        })),
        places,
      }
    }
    case 'append': {
      const change: Change = {
        kind: 'update',
        key: keyOf(operation.at),
        assignments: appending({ kind: 'value', value: `${id}` }, operation.grow),
        ...conditionOf(operation.if),
        ...aloneOf(operation.alone),
      }
      if (operation.twice !== true) return { changes: [change], places: [operation.at] }
      const again: Change = { kind: 'update', key: keyOf(operation.at), assignments: COUNT_ON }
      return { changes: [change, again], places: [operation.at, operation.at] }
    }
    default: {
      const { at, if: wanted, alone } = operation as Operation & { kind: 'delete' }
      const change: Change = {
        kind: 'delete',
        key: keyOf(at),
        ...conditionOf(wanted),
        ...aloneOf(alone),
      }
      return { changes: [change], places: [at] }
    }
  }
}

/** A row knows where it is: a reader that is given another one's will notice. */
function itemOf(place: Place, id: number, pad: number): ItemText {
  return encodeItem({ n: 0, log: `${id}`, pad: 'x'.repeat(pad), place: placeText(place) })
}

const COUNT_ON: readonly Assignment[] = [
  {
    column: 'n',
    value: { kind: 'arithmetic', operator: '+', left: column('n'), right: { kind: 'value', value: 1 } },
  },
]

function appending(log: Expression, grow = false): Assignment[] {
  return [
    ...COUNT_ON,
    { column: 'log', value: concat(column('log'), concat({ kind: 'value', value: ',' }, log)) },
    ...(grow ? [{ column: 'pad', value: concat(column('pad'), column('pad')) }] : []),
  ]
}

function conditionOf(n: number | 'as seen' | undefined): { condition?: Expression } {
  return n === undefined ? {} : { condition: countIs('=', n as number) }
}

function filterOf(atLeast: number | undefined): { filter?: Expression } {
  return atLeast === undefined ? {} : { filter: countIs('>=', atLeast) }
}

function aloneOf(alone: boolean | undefined): { aloneIn?: Interval } {
  return alone === true ? { aloneIn: { from: encodeKey([0]), to: encodeKey([SORTS]) } } : {}
}

function countIs(operator: '=' | '>=', n: number): Expression {
  return { kind: 'compare', operator, left: column('n'), right: { kind: 'value', value: n } }
}

function writtenRow(place: Place, kind: Operation['kind'], result: ChangeResult): WrittenRow {
  if (!result.made) return { place, because: result.because }
  if (result.item === undefined) return { place, made: { row: null, version: result.version } }
  const row = rowAt(place, result.item)
  return kind === 'delete'
    ? { place, made: { row: null, version: result.version }, removed: row }
    : { place, made: { row, version: result.version } }
}

/** A condition on what was seen becomes one on a number; on nothing seen, on a count that no row has. */
function resolve(operation: Operation, memory: ClientMemory): Operation {
  if (!('at' in operation && 'if' in operation) || operation.if !== 'as seen') return operation
  return { ...operation, if: memory.get(placeName(operation.at)) ?? -1 }
}

function remember(
  memory: ClientMemory,
  came: { seen?: readonly SeenRow[]; written?: readonly WrittenRow[] },
) {
  for (const { place, row } of came.seen ?? []) if (row !== null) memory.set(placeName(place), row.n)
  for (const { place, made } of came.written ?? []) {
    if (made?.row) memory.set(placeName(place), made.row.n)
  }
}

function outcomeOf(error: unknown, operation: Operation): 'conflict' | 'unknown' | 'refused' {
  if (error instanceof ConstraintError) return 'conflict'
  if (error instanceof InvalidRequestError && 'alone' in operation && operation.alone) return 'conflict'
  // A row that has grown by one deployment's limits may be too large for another's.
  if (error instanceof LimitError && writes(operation)) return 'refused'
  if (error instanceof SettingsMismatchError || error instanceof AbortedError) return 'refused'
  if (error instanceof OutcomeUnknownError) return 'unknown'
  if (error instanceof UnavailableError || error instanceof OverloadedError) return 'refused'
  throw error
}

function seenRow(place: Place, found: { item: ItemText; version: number } | null): SeenRow {
  return found === null
    ? { place, row: null }
    : { place, row: rowAt(place, found.item), version: found.version }
}

/** Why a client that stops waiting does so. */
export class AbortedError extends Error {
  override name = 'AbortedError'
}

/** The row that an item is, which must be the one of its place. */
function rowAt(place: Place, text: ItemText): Row {
  const found = placeText(placeOf(text))
  if (found !== placeText(place)) throw new Error(`at ${placeText(place)} was ${found}`)
  return toRow(text)
}

/** Where an item says that it is. */
export function placeOf(text: ItemText): Place {
  const { place } = decodeItem(text) as { place: string }
  const [hash, sort] = place.slice(1).split('/').map(Number)
  return { hash: hash as number, sort: sort as number }
}

/** The row that an item is. */
export function toRow(text: ItemText): Row {
  const { n, log, pad } = decodeItem(text) as { n: number; log: string; pad: string }
  return { n, log, pad: pad.length }
}

export function hashKey(hash: number): Uint8Array {
  return encodeKey([`h${hash}`])
}

function keyOf({ hash, sort }: Place): ItemKey {
  return { hashKey: hashKey(hash), sortKey: encodeKey([sort]) }
}

function placeName({ hash, sort }: Place): string {
  return `${hash}/${sort}`
}

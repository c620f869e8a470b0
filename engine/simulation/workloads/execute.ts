import type { Client } from '../../client/client.js'
import { ConstraintError, OutcomeUnknownError, OverloadedError, UnavailableError } from '../../errors.js'
import type { Assignment } from '../../expressions/expression.js'
import type { Interval } from '../../keys/interval.js'
import { decodeKey, encodeKey } from '../../keys/key-codec.js'
import type { Change, ChangeResult, ItemKey } from '../../operations.js'
import { decodeItem, encodeItem, type ItemText } from '../../values/item-text.js'
import type { Record, SeenRow, WrittenRow } from '../record.js'
import { writes } from '../record.js'
import { LARGE, type Operation, type Place, type Row } from './operation.js'

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
): Promise<void> {
  if (operation.kind === 'range') {
    await readRange(operation, facts, client, memory, recorder)
    return
  }
  const resolved = resolve(operation, memory)
  const called = recorder.tick()
  const record = { ...facts, operation: resolved, called, seen: [], written: [], conflict: false }
  try {
    const came: { seen?: SeenRow[]; written?: WrittenRow[] } = writes(resolved)
      ? { written: await write(resolved, facts.id, client) }
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
    const outcome = outcomeOf(error)
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
  const { hash, from, to, descending, pageSize } = operation
  const interval: Interval = { from: encodeKey([from]), to: encodeKey([to]) }
  const pages = client.spanPages(
    { hashKey: hashKey(hash), interval },
    { direction: descending ? 'descending' : 'ascending', withKeys: true, pageSize },
  )
  let rest = { from, to }
  let last: Record | undefined
  for (let page = 1; ; page++) {
    const called = recorder.tick()
    try {
      const { done, value } = await pages.next()
      if (done === true) {
        // The page before was full, and its answer said that nothing comes behind it.
        if (last !== undefined && rest.from < rest.to) {
          recorder.add({ ...last, id: facts.id + page / 100, seen: [], covers: rest })
        }
        return
      }
      const seen = value.items.map((item, i): SeenRow => {
        const [sort] = decodeKey(value.sortKeys[i] as Uint8Array)
        return { place: { hash, sort: sort as number }, row: toRow(item) }
      })
      const furthest = seen.at(-1)?.place.sort
      // A full page says nothing of what comes behind its last row.
      const full = seen.length >= pageSize && furthest !== undefined
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
      outcomeOf(error)
      return
    }
  }
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

async function write(operation: Operation, id: number, client: Client): Promise<WrittenRow[]> {
  const { changes, places } = changesOf(operation, id)
  const result = await client.write({ kind: 'write', changes, returning: 'all' })
  return places.map((place, i) => writtenRow(place, operation.kind, result.changes[i] as ChangeResult))
}

function changesOf(operation: Operation, id: number): { changes: Change[]; places: readonly Place[] } {
  switch (operation.kind) {
    case 'put': {
      const item = encodeItem({ n: 0, log: `${id}`, pad: 'x'.repeat(operation.large ? LARGE : 0) })
      return { changes: [{ kind: 'put', key: keyOf(operation.at), item }], places: [operation.at] }
    }
    case 'insert': {
      const places = operation.sorts.map((sort) => ({ hash: operation.hash, sort }))
      const item = encodeItem({ n: 0, log: `${id}`, pad: '' })
      const onExisting =
        operation.onExisting === 'append' ? { assignments: appending(id) } : operation.onExisting
      return {
        changes: places.map((place) => ({ kind: 'insert', key: keyOf(place), item, onExisting })),
        places,
      }
    }
    case 'append': {
      const change: Change = { kind: 'update', key: keyOf(operation.at), assignments: appending(id) }
      return {
        changes: [
          operation.if === undefined ? change : { ...change, condition: countIs(operation.if as number) },
        ],
        places: [operation.at],
      }
    }
    default: {
      const { at } = operation as Operation & { kind: 'delete' }
      return { changes: [{ kind: 'delete', key: keyOf(at) }], places: [at] }
    }
  }
}

function appending(id: number): Assignment[] {
  const column = (name: string) => ({ kind: 'column', column: name }) as const
  return [
    {
      column: 'n',
      value: { kind: 'arithmetic', operator: '+', left: column('n'), right: { kind: 'value', value: 1 } },
    },
    {
      column: 'log',
      value: { kind: 'concat', left: column('log'), right: { kind: 'value', value: `,${id}` } },
    },
  ]
}

function countIs(n: number) {
  return {
    kind: 'compare',
    operator: '=',
    left: { kind: 'column', column: 'n' },
    right: { kind: 'value', value: n },
  } as const
}

function writtenRow(place: Place, kind: Operation['kind'], result: ChangeResult): WrittenRow {
  if (!result.made) return { place, because: result.because }
  const row = toRow(result.item as ItemText)
  return kind === 'delete'
    ? { place, made: { row: null, version: result.version }, removed: row }
    : { place, made: { row, version: result.version } }
}

/** A condition on what was seen becomes one on a number; on nothing seen, on a count that no row has. */
function resolve(operation: Operation, memory: ClientMemory): Operation {
  if (operation.kind !== 'append' || operation.if !== 'as seen') return operation
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

function outcomeOf(error: unknown): 'conflict' | 'unknown' | 'refused' {
  if (error instanceof ConstraintError) return 'conflict'
  if (error instanceof OutcomeUnknownError) return 'unknown'
  if (error instanceof UnavailableError || error instanceof OverloadedError) return 'refused'
  throw error
}

function seenRow(place: Place, found: { item: ItemText; version: number } | null): SeenRow {
  return found === null ? { place, row: null } : { place, row: toRow(found.item), version: found.version }
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

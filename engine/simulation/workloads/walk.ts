import type { ScanOptions } from '../../client/scan.js'
import { encodeKey } from '../../keys/key-codec.js'
import { type Place, placeText, type Walk } from './operation.js'
import { placeOfKey, rowAt } from './rows.js'
import { outcomeOf, partId, type Session } from './session.js'

/**
 * Reads all rows there are. Each is seen at a moment of its page; what is not shown was not there at some moment from
 * the first page to the last.
 */
export async function walk(operation: Walk, { id, client, store, roots, recorder }: Session): Promise<void> {
  const { from, to, hashes } = operation
  const segments = Math.min(operation.segments, roots)
  const begun = recorder.tick()
  const shown = new Set<string>()
  let part = 0
  const see = (place: Place, row: ReturnType<typeof rowAt> | null, called: number, answered: number) =>
    recorder.add({
      id: partId(id, ++part),
      client,
      operation: { kind: 'get', at: place },
      called,
      answered,
      outcome: 'done',
      seen: [{ place, row }],
      written: [],
      conflict: false,
    })
  try {
    for (let segment = 0; segment < segments; segment++) {
      let called = recorder.tick()
      for await (const items of pagesOf({ ...operation, segments }, segment, store)) {
        const answered = recorder.tick()
        for (const { key, item } of items) {
          const place = placeOfKey(key)
          const name = placeText(place)
          if (shown.has(name)) throw new Error(`T${id} came to ${name} twice`)
          if (place.sort < from || place.sort >= to)
            throw new Error(`T${id} came to ${name}, which is outside`)
          shown.add(name)
          see(place, rowAt(place, item), called, answered)
        }
        called = recorder.tick()
      }
    }
  } catch (error) {
    outcomeOf(error, operation)
    return
  }
  const ended = recorder.tick()
  for (const hash of hashes) {
    for (let sort = from; sort < to; sort++) {
      if (!shown.has(placeText({ hash, sort }))) see({ hash, sort }, null, begun, ended)
    }
  }
}

async function* pagesOf(
  { segments, pageSize, resumes, from, to }: Walk,
  segment: number,
  store: Session['store'],
) {
  const within = { from: encodeKey([from]), to: encodeKey([to]) }
  const options: ScanOptions = { segment, segments, pageSize, within }
  if (!resumes) {
    for await (const { items } of store.scan(options)) yield items
    return
  }
  for (let cursor: string | undefined; ; ) {
    const next = await store.scan({ ...options, ...(cursor === undefined ? undefined : { cursor }) }).next()
    if (next.done === true) return
    yield next.value.items
    cursor = next.value.cursor
    if (cursor === undefined) return
  }
}

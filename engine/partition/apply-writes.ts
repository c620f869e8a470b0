import type { DraftedWrite } from '../changes/draft.js'
import type { Opened } from './place.js'

/** Writes what a transaction has worked out. To be called in an atomic section, with versions reserved. */
export function applyWrites(
  writes: Iterable<DraftedWrite>,
  { items, versions }: Pick<Opened, 'items' | 'versions'>,
  token: number,
): void {
  for (const { key, item, expires } of writes) {
    if (item === null) {
      items.delete(key)
      versions.tick()
    } else {
      items.put(key, item, versions.tick(), token, { expires })
    }
  }
}

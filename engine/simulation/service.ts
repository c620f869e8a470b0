import type { PartitionName } from '../ports.js'
import type { Anomaly, AnomalyName } from './judge/history.js'
import type { FinalRow } from './judge/to-history.js'
import { type LastClient, WrongAnswerError } from './last-client.js'
import type { Tree } from './tree-audit.js'
import { type Place, placeText } from './workloads/operation.js'
import { keyOf } from './workloads/rows.js'

/** What there is to ask for when all is over. */
export interface Served {
  readonly client: LastClient
  /** All that clients have ever named, each once. */
  readonly places: readonly Place[]
  /** What is there, as storage says. */
  readonly rows: readonly FinalRow[]
  /** Who serves what, as storage says now. */
  readonly tree: () => Tree
}

/** Rows that are looked for one by one, of each partition, and in all. */
const LOOKS_PER_PARTITION = 2
const MAX_LOOKS = 60
/** Between two of them, so that looking makes nothing grow. */
const PAUSE = 1_500
/** How often what was written last may make the tree grow again. */
const MAX_ROUNDS = 5

/**
 * When nothing goes wrong any more, all that was used must serve again: whoever knows nothing of the tree, and whoever
 * knows all of it.
 */
export async function checkService(served: Served): Promise<Anomaly[]> {
  const { client, places, rows, tree } = served
  const missing: Anomaly[] = []
  const attempt = async (what: string, keys: readonly string[], doIt: () => Promise<void>) => {
    try {
      await doIt()
    } catch (error) {
      const name = error instanceof WrongAnswerError ? 'wrong answer' : 'unavailable'
      missing.push(anomaly(name, `when all was well again, ${what} came to: ${textOf(error)}`, keys))
    }
  }
  for (const [hash, some] of Map.groupBy(places, (place) => place.hash)) {
    await attempt(`reading h${hash}`, [`h${hash}`], async () => {
      await client.readAll(hash, 'ascending', rows, false)
      await client.readAll(hash, 'descending', rows, true)
      await client.findAll(some, rows, false)
      await client.findAll(some, rows, true)
    })
  }
  for (const [, [place]] of byOwner(places, tree())) {
    if (place === undefined) continue
    await attempt(`a write to ${placeText(place)}`, [`h${place.hash}`], async () => {
      await client.write(place, false)
      await client.write(place, true)
    })
  }
  await attempt('looking for who has what', [], async () => {
    missing.push(...(await checkHops(served)))
  })
  return missing
}

/** Who has made one request to each partition reaches every owner at once, when nothing grows any more. */
async function checkHops({ client, places, tree }: Served): Promise<Anomaly[]> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await client.rest()
    const before = tree()
    const owners = byOwner(places, before)
    const reach = async (place: Place) => {
      await client.wait(PAUSE)
      return client.reach(place)
    }
    for (const [, [first]] of owners) if (first !== undefined) await reach(first)
    const looks = [...owners].flatMap(([owner, [, ...others]]) =>
      others.slice(-LOOKS_PER_PARTITION).map((place) => ({ owner, place })),
    )
    const far: Anomaly[] = []
    for (const { owner, place } of looks.slice(0, MAX_LOOKS)) {
      const { asked, hops } = await reach(place)
      if (hops === 0 && asked.length === 1 && asked[0] === owner) continue
      const came = `came to ${placeText(place)} of ${owner} over ${asked.join(', ')} with ${hops} hops`
      far.push(anomaly('detour', `a client that had asked every partition ${came}`, [placeText(place)]))
    }
    await client.rest()
    if (JSON.stringify(tree().splits) === JSON.stringify(before.splits)) return far
  }
  return [anomaly('unavailable', 'the tree did not stop growing when nobody wrote any more', [])]
}

/** Who has just started reaches every owner at once by what is published, when nothing grows any more. */
export async function checkPublished({ client, places, tree }: Served): Promise<Anomaly[]> {
  const far: Anomaly[] = []
  for (const [owner, [place]] of [...byOwner(places, tree())].slice(0, MAX_LOOKS)) {
    if (place === undefined) continue
    await client.wait(PAUSE)
    const { asked, hops } = await client.reach(place, 'what is published')
    if (hops === 0 && asked.length === 1 && asked[0] === owner) continue
    const came = `came to ${placeText(place)} of ${owner} over ${asked.join(', ')} with ${hops} hops`
    far.push(anomaly('detour', `a client that knew what is published ${came}`, [placeText(place)]))
  }
  return far
}

function byOwner(places: readonly Place[], { ownerOf }: Tree): Map<PartitionName, Place[]> {
  return Map.groupBy(places, (place) => {
    const { hashKey, sortKey } = keyOf(place)
    return ownerOf(hashKey, sortKey)
  })
}

function anomaly(name: AnomalyName, description: string, keys: readonly string[]): Anomaly {
  return { name, description, transactions: [], keys }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

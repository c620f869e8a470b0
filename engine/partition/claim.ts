import { compareBytes } from '../keys/compare-bytes.js'
import { holdsKey, type Interval, intersect, isEmpty, singleton } from '../keys/interval.js'
import { keyText } from '../keys/key-text.js'
import type { Change, ItemKey, PlannedChange, Seen } from '../operations.js'

/** What is wanted, or held, of one hash key: rows to write, rows and intervals that must stay as they are. */
export interface HashKeyClaim {
  readonly hashKey: Uint8Array
  /** Sort keys by their texts. */
  readonly exclusive: ReadonlyMap<string, Uint8Array>
  readonly shared: ReadonlyMap<string, Uint8Array>
  readonly intervals: readonly Interval[]
}

/** What is wanted, by the texts of the hash keys. */
export type Claim = ReadonlyMap<string, HashKeyClaim>

/** Puts together what is wanted of several hash keys. */
export class ClaimBuilder {
  readonly #claims = new Map<
    string,
    {
      hashKey: Uint8Array
      exclusive: Map<string, Uint8Array>
      shared: Map<string, Uint8Array>
      intervals: Interval[]
    }
  >()

  write({ hashKey, sortKey }: ItemKey): void {
    this.#of(hashKey).exclusive.set(keyText(sortKey), sortKey)
  }

  read({ hashKey, sortKey }: ItemKey): void {
    this.#of(hashKey).shared.set(keyText(sortKey), sortKey)
  }

  examine(hashKey: Uint8Array, interval: Interval): void {
    this.#of(hashKey).intervals.push(interval)
  }

  change(change: Change): void {
    if (change.kind === 'check') this.read(change.key)
    else if (change.kind !== 'alone') this.write(change.key)
    if ('aloneIn' in change && change.aloneIn !== undefined) this.examine(change.key.hashKey, change.aloneIn)
  }

  get claim(): Claim {
    return this.#claims
  }

  #of(hashKey: Uint8Array) {
    const text = keyText(hashKey)
    const known = this.#claims.get(text)
    if (known !== undefined) return known
    const made = { hashKey, exclusive: new Map(), shared: new Map(), intervals: [] as Interval[] }
    this.#claims.set(text, made)
    return made
  }
}

/** What a part of a transaction wants: its changes' rows, and what it has seen. */
export function claimOf(part: { readonly seen: Seen; readonly changes: readonly PlannedChange[] }): Claim {
  const builder = new ClaimBuilder()
  for (const { change } of part.changes) builder.change(change)
  for (const { key } of part.seen.items) builder.read(key)
  for (const { hashKey, interval } of part.seen.intervals) builder.examine(hashKey, interval)
  return builder.claim
}

/** Whether two cannot be held at the same time. */
export function conflict(left: HashKeyClaim, right: HashKeyClaim): boolean {
  return intersects(left.exclusive, right.exclusive) || disturbs(left, right) || disturbs(right, left)
}

/** Whether what one writes is what the other wants to stay. */
export function disturbs(
  { exclusive }: Pick<HashKeyClaim, 'exclusive'>,
  { shared, intervals }: Pick<HashKeyClaim, 'shared' | 'intervals'>,
): boolean {
  if (intersects(exclusive, shared)) return true
  if (intervals.length === 0) return false
  for (const sortKey of exclusive.values()) {
    if (intervals.some((interval) => contains(interval, sortKey))) return true
  }
  return false
}

/** Whether something is claimed that a key is, or lies in. */
export function holdsSortKey({ exclusive, shared, intervals }: HashKeyClaim, sortKey: Uint8Array): boolean {
  const text = keyText(sortKey)
  return exclusive.has(text) || shared.has(text) || intervals.some((interval) => contains(interval, sortKey))
}

function contains({ from, to }: Interval, sortKey: Uint8Array): boolean {
  return compareBytes(from, sortKey) <= 0 && compareBytes(sortKey, to) < 0
}

function intersects(left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>): boolean {
  const [few, many] = left.size <= right.size ? [left, right] : [right, left]
  for (const key of few.keys()) if (many.has(key)) return true
  return false
}

/** The smallest interval that holds all of a claim. */
export function hullOf({ exclusive, shared, intervals }: HashKeyClaim): Interval {
  const [first, ...others] = [
    ...[...exclusive.values(), ...shared.values()].map(singleton),
    ...intervals.filter((interval) => !isEmpty(interval)),
  ]
  const nothing = { from: new Uint8Array(), to: new Uint8Array() }
  return others.reduce(
    (hull, { from, to }) => ({
      from: compareBytes(from, hull.from) < 0 ? from : hull.from,
      to: compareBytes(to, hull.to) > 0 ? to : hull.to,
    }),
    first ?? nothing,
  )
}

/** What of a claim lies in some intervals. */
export function clipClaim(
  { hashKey, exclusive, shared, intervals }: HashKeyClaim,
  within: readonly Interval[],
): HashKeyClaim {
  const inside = (keys: ReadonlyMap<string, Uint8Array>) =>
    new Map([...keys].filter(([, sortKey]) => within.some((interval) => holdsKey(interval, sortKey))))
  return {
    hashKey,
    exclusive: inside(exclusive),
    shared: inside(shared),
    intervals: intervals.flatMap((each) =>
      within.map((interval) => intersect(each, interval)).filter((piece) => !isEmpty(piece)),
    ),
  }
}

/** Whether nothing is claimed. */
export function claimsNothing({ exclusive, shared, intervals }: HashKeyClaim): boolean {
  return exclusive.size + shared.size + intervals.length === 0
}

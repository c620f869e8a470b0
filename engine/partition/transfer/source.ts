import { assert, InvalidRequestError } from '../../errors.js'
import { mark } from '../../mark.js'
import type {
  CopyCursor,
  GrowthEvent,
  HandedOver,
  KeySet,
  MovedRow,
  Outline,
  PartitionCatchUp,
  PartitionCopy,
  PartitionHandOver,
  PartitionResults,
  PartitionSettle,
} from '../../operations.js'
import type { Millis, PartitionName, Storage } from '../../ports.js'
import type { Gone } from '../territory.js'
import { compareCursors, copyPage, cursorOf } from './copy-page.js'
import { mayBelong, movedBytes, type RowPlace, readMovedRow } from './moved-rows.js'
import type { Pace } from './pace.js'
import { type StoredTransfer, TransferStore } from './transfer-store.js'

/** Bytes of one answer, about. */
const MAX_BYTES = 400_000
/** How often a target catches up before writes are slowed down for it. */
const PATIENT_ROUNDS = 10
/** What a write waits then, about, and at most. */
const SLOW_DOWN: Millis = 20
const MOST_SLOW_DOWN: Millis = 500
/** Of changes that are handed over in the section that gives the keys away. */
const MAX_HAND_OVER_BYTES = 1_000_000

/** What the source needs to know of its partition. */
export interface SourcePlace {
  readonly name: PartitionName
  readonly storage: Storage
  readonly pace: Pace
  /** Whether a hash key is served here. */
  keeps(hashKey: Uint8Array): boolean
  /** What goes with a set's keys beside their rows. */
  beside(set: KeySet): Omit<HandedOver, 'rows'>
  /** The tree has grown from here. To be called in the section that decides it. */
  grew(): void
  /** Keys have moved away: nothing of them is served from now on. To be called in the section that decides it. */
  moved(set: KeySet): void
}

interface Member extends StoredTransfer {
  state: StoredTransfer['state']
  /** Up to where rows were copied, as far as this instance knows; an earlier one may have come to the end. */
  served: CopyCursor | 'nothing' | 'everything'
  /** How often the target has caught up since it has copied everything. */
  rounds: number
  /** The numbers of the last change, and of the last one that is stored at the target. */
  last: number
  stored: number
}

/**
 * Gives sets of keys away: lets targets copy them, notes what changes meanwhile, and hands them over. Until then
 * it serves them; from then on it passes on what is asked for them. The mark that it stores then is the one point
 * of decision.
 */
export class Source {
  readonly #place: SourcePlace
  readonly #store: TransferStore
  #members: Member[]

  constructor(place: SourcePlace) {
    this.#place = place
    this.#store = new TransferStore(place.storage)
    this.#members = this.#store.transfers().map((transfer) => ({
      ...transfer,
      served: transfer.state === 'planned' ? 'nothing' : 'everything',
      rounds: 0,
      last: this.#store.last(transfer.id),
      stored: this.#store.first(transfer.id),
    }))
  }

  get members(): readonly StoredTransfer[] {
    return this.#members
  }

  /** Whether something is on its way. */
  get busy(): boolean {
    return this.#members.some(({ state }) => state !== 'ended')
  }

  /** How long writes are to wait because a target does not keep up with them: longer, the longer it does not. */
  get slowDown(): Millis {
    const waits = this.#members.map(({ state, last, stored, rounds }) => {
      if (state !== 'copying') return 0
      const late = Math.max(0, rounds - PATIENT_ROUNDS)
      return late > 0 || last - stored > this.#place.pace.many ? SLOW_DOWN * (1 + late) : 0
    })
    return Math.min(MOST_SLOW_DOWN, Math.max(0, ...waits))
  }

  /** What has moved away. */
  gone(): Gone {
    const children = this.#members.filter(
      ({ set, state }) =>
        set.kind !== 'hashKey' && (state === 'moved' || state === 'settled' || state === 'ended'),
    )
    return { children, promoted: this.#store.promoted() }
  }

  /** How the tree has grown from here. */
  get outline(): Outline {
    const { children, promoted } = this.gone()
    const groups = this.#members.filter(({ set }) => set.kind !== 'hashKey')
    return {
      events: [
        ...growthOf(this.#place.name, groups),
        ...[...promoted.values()].flatMap(({ partition, range }) =>
          range === undefined ||
          this.#members.some(({ target, state }) => target === partition && state === 'moved')
            ? []
            : [{ kind: 'promotion', hashKey: range.hashKey } as const],
        ),
      ],
      below: [
        ...children.map(({ target }) => target),
        ...[...promoted.values()].map(({ partition }) => partition),
      ],
    }
  }

  /** Decides on transfers, which are done together. */
  plan(transfers: readonly Omit<StoredTransfer, 'state'>[]): void {
    assert(!this.busy, 'one group of transfers at a time')
    this.#place.storage.atomic(() => {
      for (const transfer of transfers) this.#store.plan({ ...transfer, state: 'planned' })
    })
    for (const transfer of transfers) {
      this.#members.push({ ...transfer, state: 'planned', served: 'nothing', rounds: 0, last: 0, stored: 0 })
    }
  }

  /** Takes back a plan that its target will not be a part of. */
  cancel(id: number): void {
    const member = this.#find(id)
    assert(member.state === 'planned', 'what has begun is not taken back')
    this.#store.forget(id)
    this.#members = this.#members.filter((other) => other !== member)
  }

  /** To be called in the section that changes a row, for every row. */
  changed(place: RowPlace): void {
    if (this.#members.length === 0) return
    for (const member of this.#members) {
      if (member.state === 'planned' || !mayBelong(place, member.set)) continue
      if (member.state !== 'copying') {
        assert(place.table !== 'items', 'what has moved away is not changed')
        continue
      }
      if (!isServed(member.served, place)) continue
      // The number counts on from what the storage has, which is undone with the rest when a section fails.
      member.last = Math.max(member.last, this.#store.last(member.id)) + 1
      this.#store.log(member.id, member.last, place)
    }
  }

  /** A page of a set, behind a place. Everything up to its end is watched from now on. */
  copy({ transfer, after }: PartitionCopy): PartitionResults['copy'] {
    const member = this.#find(transfer)
    if (member.state === 'planned') {
      this.#store.setState(member.id, 'copying')
      member.state = 'copying'
    }
    if (member.state !== 'copying') throw new InvalidRequestError('what has been handed over is not copied')
    const page = copyPage(this.#place.storage, member.set, after, this.#place.pace.copied, (hashKey) =>
      this.#place.keeps(hashKey),
    )
    if (page.upTo === undefined) member.served = 'everything'
    else if (member.served !== 'everything' && !isServedUpTo(member.served, page.upTo))
      member.served = page.upTo
    return page
  }

  /** What has changed behind a change, and up to it is stored at the target. */
  catchUp({ transfer, behind }: PartitionCatchUp): PartitionResults['catchUp'] {
    const member = this.#find(transfer)
    if (member.state !== 'copying') throw new InvalidRequestError('what has been handed over has no changes')
    member.rounds++
    this.#store.trim(member.id, behind)
    member.stored = Math.max(member.stored, behind)
    const { rows, upTo } = this.#changesOf(member, behind)
    return { rows, upTo, left: this.#store.left(member.id, upTo) }
  }

  /** Gives the keys away, if little is left to give with them. Asked again, it answers the same. */
  handOver({ transfer, behind }: PartitionHandOver): PartitionResults['handOver'] {
    const member = this.#find(transfer)
    const rest = this.#store.left(member.id, behind)
    const { rows, upTo, bytes } = this.#changesOf(member, behind)
    const all = this.#store.left(member.id, upTo) === 0
    if (member.state === 'copying') {
      const much = rest > this.#place.pace.handedOver || (bytes > MAX_HAND_OVER_BYTES && rows.length > 1)
      if (much || !all) {
        MARK: mark('a hand-over is declined')
        return {}
      }
      this.#place.storage.atomic(() => {
        this.#store.setState(member.id, 'moved')
        this.#store.raiseMark()
        if (member.set.kind === 'hashKey') this.#store.promote(member.set.hashKey, member.target)
      })
      member.state = 'moved'
      MARK: mark(MOVES[member.set.kind])
      const handedOver = { rows, ...this.#place.beside(member.set) }
      this.#place.moved(member.set)
      return { handedOver }
    }
    if (member.state !== 'moved')
      throw new InvalidRequestError('what the target serves is not handed over again')
    MARK: mark('a hand-over is answered again')
    assert(all, 'what was handed over was little')
    return { handedOver: { rows, ...this.#place.beside(member.set) } }
  }

  /** The target serves. */
  settle({ transfer }: PartitionSettle): Record<string, never> {
    const member = this.#members.find(({ id }) => id === transfer)
    // Told again, after the end.
    if (member === undefined || member.state === 'settled' || member.state === 'ended') return {}
    assert(member.state === 'moved', 'what is settled was handed over')
    const { kind } = member.set
    const last = this.#members.every(
      (other) =>
        other === member || other.set.kind !== kind || kind === 'hashKey' || other.state === 'settled',
    )
    this.#place.storage.atomic(() => {
      this.#store.setState(member.id, 'settled')
      this.#store.trim(member.id, Number.MAX_SAFE_INTEGER)
      if (last) this.#place.grew()
    })
    member.state = 'settled'
    return {}
  }

  /** What is to be deleted here, as soon as all that was planned together is settled: then nothing is asked of it. */
  get waste(): readonly StoredTransfer[] {
    const left = this.#members.filter(({ state }) => state !== 'ended')
    return left.every(({ state }) => state === 'settled') ? left : []
  }

  /** The waste is deleted. */
  end(): void {
    const ended = this.waste
    this.#place.storage.atomic(() => {
      for (const { id, set } of ended) {
        // A promoted hash key is known as one by its own row, which moves on.
        if (set.kind === 'hashKey') this.#store.forget(id)
        else this.#store.setState(id, 'ended')
      }
    })
    this.#members = this.#members.filter(
      (member) => !(ended.includes(member) && member.set.kind === 'hashKey'),
    )
    for (const member of this.#members) if (ended.includes(member)) member.state = 'ended'
  }

  /**
   * Whether no other instance has brought a transfer further than this one knows. One that was replaced must not
   * answer its targets: what it lets them copy, its successor would not watch.
   */
  isCurrent(): boolean {
    const stored = this.#store.transfers()
    return (
      stored.length === this.#members.length &&
      stored.every(({ id, state }) => this.#members.some((known) => known.id === id && known.state === state))
    )
  }

  /** How often keys have moved away, by the storage. */
  get mark(): number {
    return this.#store.mark
  }

  #changesOf(member: Member, behind: number): { rows: MovedRow[]; upTo: number; bytes: number } {
    const rows: MovedRow[] = []
    let upTo = behind
    let bytes = 0
    const seen = new Set<string>()
    for (const { sequence, place } of this.#store.behind(member.id, behind, this.#place.pace.caughtUp)) {
      if (bytes > MAX_BYTES) break
      upTo = sequence
      const name = nameOf(place)
      // As it is now, once: what it was in between is nobody's business.
      if (seen.has(name)) continue
      seen.add(name)
      const row = readMovedRow(this.#place.storage, place, member.set)
      rows.push(row)
      bytes += movedBytes(row)
    }
    return { rows, upTo, bytes }
  }

  #find(transfer: number): Member {
    const member = this.#members.find(({ id }) => id === transfer)
    if (member !== undefined) return member
    throw new InvalidRequestError('there is no such transfer here')
  }
}

/** What has become of a partition that divides, or has divided: nothing, before all of it has come to its end. */
function growthOf(partition: PartitionName, group: readonly StoredTransfer[]): GrowthEvent[] {
  const [first, second] = group
  if (first === undefined || group.some(({ state }) => state !== 'settled' && state !== 'ended')) return []
  if (first.set.kind === 'child') return [{ kind: 'split', partition }]
  assert(second?.set.kind === 'interval' && group.length === 2, 'a range divides in two')
  const { hashKey, interval } = second.set
  return [{ kind: 'rangeSplit', partition, hashKey, boundary: interval.from }]
}

const MOVES = {
  child: 'a hash partition hands a child its keys',
  hashKey: 'a hash key is promoted',
  interval: 'a range is handed over',
} as const

function isServed(served: Member['served'], place: RowPlace): boolean {
  return isServedUpTo(served, cursorOf(place))
}

function isServedUpTo(served: Member['served'], cursor: CopyCursor): boolean {
  if (served === 'nothing' || served === 'everything') return served === 'everything'
  return compareCursors(cursor, served) <= 0
}

function nameOf(place: RowPlace): string {
  const sortKey = 'sortKey' in place && place.table === 'items' ? place.sortKey.join() : ''
  const id = 'id' in place ? place.id : ''
  const piece = 'piece' in place ? place.piece : ''
  return `${place.table}/${place.hashKey.join()}/${sortKey}/${id}/${piece}`
}

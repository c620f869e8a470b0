import type { Record, SeenRow, Statement } from '../record.js'
import { idsOf, type Operation, type Place, placeText, type Row } from '../workloads/operation.js'
import { foundByAltering } from './altered.js'

/** What of an interval of one hash key was seen: these rows, and no others. */
export interface SeenInterval {
  readonly hash: number
  readonly from: number
  readonly to: number
  readonly rows: readonly SeenRow[]
}

/** What a transaction has seen of others. */
export interface ForeignView {
  readonly rows: readonly SeenRow[]
  readonly intervals: readonly SeenInterval[]
}

/**
 * Takes what a transaction saw apart: what it had written itself, which tells nothing of others but what it
 * stands on, and the rest, which was there before it.
 */
export function foreignView({ id, statements = [] }: Record): ForeignView {
  const rows: SeenRow[] = []
  const intervals: SeenInterval[] = []
  let own = new Set<string>()
  let saved = own
  const see = (seen: SeenRow) => {
    if (!own.has(placeText(seen.place))) rows.push(seen)
    else if (seen.row !== null) rows.push(...baseOf(seen.place, seen.row, id))
  }
  for (const statement of statements) {
    if (statement === 'savepoint') saved = new Set(own)
    else if (statement === 'rollback') own = new Set(saved)
    else {
      if (statement.covers === undefined || isFiltered(statement.operation)) statement.seen.forEach(see)
      else {
        intervals.push(...withoutOwn(statement, own))
        statement.seen.filter(({ place }) => own.has(placeText(place))).forEach(see)
      }
      for (const found of foundByAltering(statement, own, id)) intervals.push(...withoutOwn(found, own))
      seeWrites(statement, own, see, (seen) => rows.push(seen))
      for (const { place, made } of statement.written) if (made !== undefined) own.add(placeText(place))
      // It shows the row that it stands on, if its client was shown it at all.
      for (const { place, made } of statement.written)
        if (made?.row) rows.push(...baseOf(place, made.row, id))
    }
  }
  return { rows, intervals }
}

/** What a row was before an operation left its number in it, as far as its log tells. */
export function baseOf(place: Place, row: Row, id: number): SeenRow[] {
  const ids = idsOf(row)
  const at = ids.indexOf(id)
  return at <= 0 ? [] : [{ place, row: { ...row, log: ids.slice(0, at).join(',') } }]
}

/** The change that a statement made of a place. */
export function changeAt(operation: Operation, place: Place): Operation {
  if (operation.kind !== 'several') return operation
  const change = operation.changes.find((each) =>
    'at' in each
      ? placeText(each.at) === placeText(place)
      : each.hash === place.hash && each.sorts.includes(place.sort),
  )
  return change ?? operation
}

export function isFiltered(operation: Operation): boolean {
  return operation.kind === 'range' && operation.atLeast !== undefined
}

function seeWrites(
  { operation, written }: Statement,
  own: ReadonlySet<string>,
  see: (seen: SeenRow) => void,
  seeForeign: (seen: SeenRow) => void,
): void {
  for (const { place, made, because, removed } of written) {
    if (removed !== undefined) see({ place, row: removed })
    if (own.has(placeText(place))) continue
    const change = changeAt(operation, place)
    // An upsert tells by its row what it met; if it was not shown, it tells nothing.
    const isAlone = made?.row
      ? idsOf(made.row).length === 1
      : change.kind === 'insert' && change.onExisting !== 'append'
    const inserted = change.kind === 'insert' && made !== undefined && isAlone
    const absent = change.kind === 'check' && change.if === 'absent' && because === 'checked'
    if (because === 'absent' || absent || inserted) seeForeign({ place, row: null })
  }
}

/** An interval in the pieces between what the transaction has written in it. */
function withoutOwn({ operation, covers, seen }: Statement, own: ReadonlySet<string>): SeenInterval[] {
  const { hash } = operation as Operation & { kind: 'range' }
  const { from, to } = covers as { from: number; to: number }
  const isOwn = (sort: number) => own.has(placeText({ hash, sort }))
  const pieces: SeenInterval[] = []
  for (let begin = from; begin < to; begin++) {
    if (isOwn(begin)) continue
    let end = begin
    while (end < to && !isOwn(end)) end++
    pieces.push({
      hash,
      from: begin,
      to: end,
      rows: seen.filter(({ place }) => place.sort >= begin && place.sort < end),
    })
    begin = end - 1
  }
  return pieces
}

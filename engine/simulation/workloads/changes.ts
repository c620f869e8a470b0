import type { Assignment, Expression, Projection } from '../../expressions/expression.js'
import type { Interval } from '../../keys/interval.js'
import { encodeKey } from '../../keys/key-codec.js'
import type { Change, Expiring } from '../../operations.js'
import type { Leaving } from '../record.js'
import {
  type ChangeOperation,
  type Ends,
  LARGE,
  type Operation,
  type Place,
  placeText,
  type Row,
  type Several,
  SORTS,
} from './operation.js'
import { keyOf, toItem } from './rows.js'

/** A change, and the row that it is about. */
export interface PlacedChange {
  readonly change: Change
  readonly place: Place
  readonly kind: Operation['kind']
}

/** Where a write has left its number already, as far as it knows: it leaves it in no row twice. */
export type OwnPlaces = ReadonlySet<string>

const NOWHERE: OwnPlaces = new Set()

/**
 * The changes that an operation asks the store for.
 *
 * @param id the number that they leave in the rows.
 */
export function changesOf(
  operation: ChangeOperation | Several,
  id: number,
  own: OwnPlaces = NOWHERE,
): PlacedChange[] {
  switch (operation.kind) {
    case 'several':
      return operation.changes.flatMap((change) => changesOf(change, id, own))
    case 'put': {
      const { at: place, over, large, amount = 0, ends } = operation
      const row =
        over === undefined
          ? { n: 0, log: `${id}`, pad: large ? LARGE : 0, amount, ...newEnd(ends) }
          : putOver(over, id, amount, own.has(placeText(place)))
      const change: Change = {
        kind: 'put',
        key: keyOf(place),
        item: toItem(place, row),
        ...conditionOf(operation.if),
        ...expiring(ends),
      }
      return [{ change, place, kind: 'put' }]
    }
    case 'insert':
      return operation.sorts.map((sort) => {
        const place = { hash: operation.hash, sort }
        const { large, amount = 0, onExisting, ends } = operation
        const proposed = { kind: 'column', column: 'log', of: 'proposed' } as const
        const log = own.has(placeText(place)) ? undefined : proposed
        const change: Change = {
          kind: 'insert',
          key: keyOf(place),
          item: toItem(place, { n: 0, log: `${id}`, pad: large ? LARGE : 0, amount, ...newEnd(ends) }),
          onExisting:
            onExisting === 'append'
              ? { assignments: appending(log, operation), ...conditionOf(operation.if), ...expiring(ends) }
              : onExisting,
          ...expiring(ends),
        }
        return { change, place, kind: 'insert' }
      })
    case 'append': {
      const { at: place, twice } = operation
      const log = own.has(placeText(place)) ? undefined : ({ kind: 'value', value: `${id}` } as const)
      const change: Change = {
        kind: 'update',
        key: keyOf(place),
        assignments: appending(log, operation),
        ...conditionOf(operation.if),
        ...aloneOf(operation.alone),
        ...expiring(operation.ends),
      }
      const again: Change = {
        kind: 'update',
        key: keyOf(place),
        assignments: [COUNT_ON],
        ...expiring(operation.ends),
      }
      return (twice === true ? [change, again] : [change]).map((change) => ({
        change,
        place,
        kind: 'append',
      }))
    }
    case 'check': {
      const { at: place, if: wanted } = operation
      const condition: Expression =
        wanted === 'absent' ? { kind: 'not', operand: { kind: 'exists' } } : countIs('=', wanted)
      return [{ change: { kind: 'check', key: keyOf(place), condition }, place, kind: 'check' }]
    }
    case 'delete': {
      const { at: place, if: wanted, alone } = operation
      const change: Change = {
        kind: 'delete',
        key: keyOf(place),
        ...conditionOf(wanted),
        ...aloneOf(alone),
      }
      return [{ change, place, kind: 'delete' }]
    }
    default:
      return operation satisfies never
  }
}

/** What changes leave, if all of them are made: of several of one row, the last counts. */
export function leavesOf(placed: readonly PlacedChange[]): Leaving[] {
  const left = placed.flatMap(({ place, kind }) =>
    kind === 'check' ? [] : [{ place, deletes: kind === 'delete' }],
  )
  return [...new Map(left.map((each) => [placeText(each.place), each])).values()]
}

/** What a client makes of a row that it has read. */
export function putOver(over: Row, id: number, amount: number, marked: boolean): Row {
  return { ...over, n: over.n + 1, log: marked ? over.log : `${over.log},${id}`, amount }
}

/** What a statement wants to be told of the rows that it writes. */
export function returningOf(operation: ChangeOperation | Several): Projection | undefined {
  const isQuiet = (change: ChangeOperation) => 'quiet' in change && change.quiet === true
  if (operation.kind === 'several' ? operation.changes.some(isQuiet) : isQuiet(operation)) return undefined
  return operation.kind === 'put' && operation.loud === true ? LOUD : 'all'
}

/** Only rows that have seen so many appends. */
export function filterOf(atLeast: number | undefined): { filter?: Expression } {
  return atLeast === undefined ? {} : { filter: countIs('>=', atLeast) }
}

const column = (name: string) => ({ kind: 'column', column: name }) as const
const concat = (left: Expression, right: Expression): Expression => ({ kind: 'concat', left, right })
const plus = (name: string, value: number): Assignment => ({
  column: name,
  value: { kind: 'arithmetic', operator: '+', left: column(name), right: { kind: 'value', value } },
})

const COUNT_ON = plus('n', 1)

/** A large row and its padding so often that a partition keeps no such answer beside another: see `loud`. */
const LOUD: Projection = [
  { kind: 'all' },
  { kind: 'as', name: 'echo', value: repeated(column('pad'), Math.floor(3_985_000 / LARGE)) },
]

function repeated(operand: Expression, times: number): Expression {
  if (times === 1) return operand
  return concat(repeated(operand, Math.floor(times / 2)), repeated(operand, Math.ceil(times / 2)))
}

/** What an append assigns. @param log what it adds to the row's log, if anything. */
export function appending(
  log: Expression | undefined,
  { grow, amount, ends }: { readonly grow?: boolean; readonly amount?: number; readonly ends?: Ends },
): Assignment[] {
  return [
    COUNT_ON,
    ...(log === undefined
      ? []
      : [{ column: 'log', value: concat(column('log'), concat({ kind: 'value', value: ',' }, log)) }]),
    ...(grow ? [{ column: 'pad', value: concat(column('pad'), column('pad')) }] : []),
    ...(amount === undefined ? [] : [plus('amount', amount)]),
    ...(ends === undefined || ends === 'kept'
      ? []
      : [
          { column: 'ends', value: { kind: 'value', value: ends === null ? null : new Date(ends) } } as const,
        ]),
  ]
}

/** Who knows that rows end says so with every change, as a table's declaration does. */
function expiring(ends: Ends | undefined): Expiring {
  return ends === undefined ? {} : { expiresAt: 'ends' }
}

function newEnd(ends: Ends | undefined): { readonly ends?: number } {
  return typeof ends === 'number' ? { ends } : {}
}

function conditionOf(n: number | 'as seen' | undefined): { condition?: Expression } {
  return n === undefined ? {} : { condition: countIs('=', n as number) }
}

function aloneOf(alone: boolean | undefined): { aloneIn?: Interval } {
  return alone === true ? { aloneIn: { from: encodeKey([0]), to: encodeKey([SORTS]) } } : {}
}

function countIs(operator: '=' | '>=', n: number): Expression {
  return { kind: 'compare', operator, left: column('n'), right: { kind: 'value', value: n } }
}

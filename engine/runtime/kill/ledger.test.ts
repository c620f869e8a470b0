import { describe, expect, it } from 'vitest'
import { Ledger } from './ledger.js'
import type { LogRow } from './log-row.js'

/** A ledger in which `a` was acknowledged in two rows, `u` is unknown and `r` was refused. */
function ledger(): Ledger {
  const made = new Ledger()
  made.send('a', ['h/1', 'h/2'])
  made.send('u', ['h/1'])
  made.send('r', ['h/1'])
  made.settle('a', 'acknowledged')
  made.settle('u', 'unknown')
  made.settle('r', 'refused')
  return made
}

const row = (name: string, ...ids: string[]): LogRow => ({
  name,
  log: ids.map((id) => `${id} `).join(''),
  count: ids.length,
})

describe('an audit', () => {
  it.each([
    ['nothing when the unknown is there', [row('h/1', 'a', 'u'), row('h/2', 'a')], []],
    ['nothing when it is not', [row('h/1', 'a'), row('h/2', 'a')], []],
    ['an acknowledged write that is missing', [], [{ kind: 'lost', id: 'a' }]],
    ['a write in half of its rows', [row('h/1', 'a')], [{ kind: 'torn', id: 'a' }]],
    [
      'a write made twice',
      [row('h/1', 'a', 'a'), row('h/2', 'a')],
      [{ kind: 'doubled', row: 'h/1', id: 'a' }],
    ],
    [
      'an unknown write made twice',
      [row('h/1', 'a', 'u', 'u'), row('h/2', 'a')],
      [{ kind: 'doubled', row: 'h/1', id: 'u' }],
    ],
    [
      'an id that nobody sent',
      [row('h/1', 'a', 'x'), row('h/2', 'a')],
      [{ kind: 'invented', row: 'h/1', id: 'x' }],
    ],
    [
      'an id in a row that it was not for',
      [row('h/1', 'a'), row('h/2', 'a', 'u')],
      [{ kind: 'invented', row: 'h/2', id: 'u' }],
    ],
    ['a refused write', [row('h/1', 'a', 'r'), row('h/2', 'a')], [{ kind: 'refuted', id: 'r' }]],
    [
      'a row that has grown by half',
      [{ ...row('h/1', 'a'), size: 20, padding: 10 }, row('h/2', 'a')],
      [{ kind: 'miscounted', row: 'h/1' }],
    ],
    [
      'a count that is not the log',
      [{ ...row('h/1', 'a'), count: 2 }, row('h/2', 'a')],
      [{ kind: 'miscounted', row: 'h/1' }],
    ],
  ])('finds %s', (_, rows, findings) => {
    expect(ledger().audit(rows)).toEqual(findings)
  })

  it('finds an unknown write that comes after it was not there, and one that goes after it was', () => {
    const [without, having] = [
      [row('h/1', 'a'), row('h/2', 'a')],
      [row('h/1', 'a', 'u'), row('h/2', 'a')],
    ]
    const late = ledger()
    expect(late.audit(without)).toEqual([])
    expect(late.audit(having)).toEqual([{ kind: 'refuted', id: 'u' }])
    const early = ledger()
    expect(early.audit(having)).toEqual([])
    expect(early.audit(without)).toEqual([
      { kind: 'unread', row: 'h/1' },
      { kind: 'lost', id: 'u' },
    ])
  })

  it('finds a write that was sent again and made twice', () => {
    const again = ledger()
    again.sendAgain('u')
    again.settle('u', 'acknowledged')
    expect(again.audit([row('h/1', 'a', 'u', 'u'), row('h/2', 'a')])).toEqual([
      { kind: 'doubled', row: 'h/1', id: 'u' },
    ])
    expect(again.totals).toMatchObject({ unknown: 1, sentAgain: 1, acknowledged: 2 })
  })

  it('finds what was read and is gone, acknowledged or not', () => {
    const read = ledger()
    expect(read.read([row('h/1', 'a', 'u')])).toEqual([])
    expect(read.audit([row('h/1', 'a'), row('h/2', 'a')])).toEqual([{ kind: 'unread', row: 'h/1' }])
    expect(read.read([row('h/1', 'u')])).toEqual([{ kind: 'unread', row: 'h/1' }])
  })

  it('finds what a read has missed, and what it has read twice', () => {
    const read = ledger()
    const must = [...read.acknowledgedRows]
    expect(must).toEqual(['h/1', 'h/2'])
    expect(read.complete([row('h/2', 'a'), row('h/1', 'a'), row('h/3')], must)).toEqual([])
    expect(read.complete([row('h/2', 'a'), row('h/2', 'a')], must)).toEqual([
      { kind: 'missing', row: 'h/1' },
      { kind: 'repeated', row: 'h/2' },
    ])
  })

  it('takes a read that was overtaken by a later one', () => {
    const read = ledger()
    expect(read.read([row('h/1', 'a', 'u')])).toEqual([])
    expect(read.read([row('h/1', 'a')])).toEqual([])
  })
})

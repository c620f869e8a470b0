import { describe, expect, it } from 'vitest'
import type { Aggregation, PartialGroup } from '../aggregates/aggregation.js'
import { Groups } from '../aggregates/groups.js'
import { column } from '../expressions/build.js'
import { tuplesUnder } from '../keys/interval.js'
import { encodeKey } from '../keys/key-codec.js'
import { type PartitionOperation, type PartitionResults, REQUEST_VERSION } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { DEFAULT_SETTINGS } from '../settings.js'
import { sqliteStorage } from '../simulation/sqlite-storage.js'
import { encodeItem } from '../values/item-text.js'
import { DEFAULT_PAGES, type PageLimits } from './page-limits.js'
import { Partition } from './partition.js'

const hashKey = encodeKey(['h'])
const ROWS = 12

/** A partition with some rows, whose pages are short. */
function partition(pages: Partial<PageLimits>) {
  const ports = {
    name: 'main/h/0' as PartitionName,
    storage: sqliteStorage(),
    clock: { now: () => 1_700_000_000_000, sleep: () => new Promise<void>(() => {}) },
    random: { fraction: () => 0.5, token: () => 1 },
    alarm: { set: () => {}, clear: () => {} },
    peers: { call: () => Promise.reject(new Error('nobody is there')) },
  }
  const started = new Partition(ports, { ...DEFAULT_SETTINGS, pages: { ...DEFAULT_PAGES, ...pages } })
  const ask = <O extends PartitionOperation>(operation: O) => {
    const settings = { roots: 1, fanout: 4 }
    const answer = started.execute({ version: REQUEST_VERSION, settings, operation })
    if (answer instanceof Promise || !answer.ok) throw new Error('it is to be answered at once')
    return answer.result as PartitionResults[O['kind']]
  }
  const changes = Array.from({ length: ROWS }, (_, n) => {
    const key = { hashKey, sortKey: encodeKey([n]) }
    return { kind: 'put', key, item: encodeItem({ n, odd: n % 2 === 1 }) } as const
  })
  ask({ kind: 'write', changes, token: 1, born: 1_700_000_000_000, resent: false })
  return ask
}

/** All pages of everything. */
function pagesOf(pages: Partial<PageLimits>, aggregation?: Aggregation): PartitionResults['query'][] {
  const ask = partition(pages)
  const answers: PartitionResults['query'][] = []
  for (let interval = tuplesUnder(new Uint8Array()); ; ) {
    const asked = aggregation === undefined ? {} : { aggregation }
    const page = ask({
      ...{ kind: 'query', hashKey, interval, direction: 'ascending', withKeys: false },
      ...asked,
    } as const)
    answers.push(page)
    if (page.rest === undefined) return answers
    interval = page.rest
  }
}

const COUNT = { name: 'rows', function: 'count' } as const
const SUM = { name: 'sum', function: 'sum', operand: column('n') } as const
const byN = [{ name: 'n', value: column('n') }]
const byOdd = [{ name: 'odd', value: column('odd') }]

describe('a page ends', () => {
  it('when it has looked at so many items', () => {
    expect(pagesOf({ items: 5 }).map(({ items }) => items.length)).toEqual([5, 5, 2])
  })

  it.each<[string, Partial<PageLimits>, Aggregation, number]>([
    ['when it has summed up so many items', { items: 5 }, { groups: [], aggregates: [SUM] }, 3],
    ['when it has counted so many', { items: 1, counted: 4 }, { groups: [], aggregates: [COUNT] }, 4],
    [
      'when its groups hold so many values',
      { values: 8, lookEvery: 1 },
      { groups: byN, aggregates: [COUNT] },
      4,
    ],
    ['not for few groups', { values: 8, lookEvery: 1 }, { groups: byOdd, aggregates: [COUNT] }, 1],
  ])('%s, and its groups come to the same', (_, pages, aggregation, count) => {
    const merged = (parts: readonly (readonly PartialGroup[] | undefined)[]) => {
      const groups = new Groups(aggregation)
      for (const part of parts) groups.merge(part ?? [])
      return groups.rows()
    }
    const answers = pagesOf(pages, aggregation)
    expect(answers.length).toBe(count)
    expect(merged(answers.map(({ groups }) => groups))).toEqual(
      merged(pagesOf({}, aggregation).map(({ groups }) => groups)),
    )
  })
})

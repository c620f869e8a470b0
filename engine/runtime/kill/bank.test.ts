import { describe, expect, it } from 'vitest'
import { Bank } from './bank.js'
import type { LogRow } from './log-row.js'

/** Accounts `a` and `b` of 10 coins each, and a transfer `t` of 3 coins from `a` to `b`. */
function bank(): Bank {
  const made = new Bank(['a', 'b'], 10)
  made.send({ id: 't', from: 'a', to: 'b', book: 'x', coins: 3, how: 'block' })
  return made
}

const account = (name: string, coins: number, ...ids: string[]): LogRow => ({
  name: `${name}/account`,
  coins,
  log: ids.map((id) => `${id} `).join(''),
  count: ids.length,
})

describe('a look at all accounts', () => {
  it.each([
    ['nothing before the transfer', [account('a', 10), account('b', 10)], []],
    ['nothing after it', [account('a', 7, 't'), account('b', 13, 't')], []],
    ['half of it', [account('a', 7, 't'), account('b', 10)], [{ kind: 'unbalanced' }]],
    [
      'coins that came without it',
      [account('a', 7, 't'), account('b', 13)],
      [{ kind: 'mispaid', row: 'b/account' }],
    ],
    [
      'an update that was lost',
      [account('a', 7, 't'), account('b', 10, 't')],
      [{ kind: 'mispaid', row: 'b/account' }, { kind: 'unbalanced' }],
    ],
    ['an account that is gone', [account('a', 10)], [{ kind: 'unbalanced' }]],
  ])('finds %s', (_, rows, findings) => {
    expect(bank().check(rows)).toEqual(findings)
  })
})

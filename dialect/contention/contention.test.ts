import { afterAll, expect, it } from 'vitest'
import { KillableServer } from '../../engine/runtime/kill/server.js'
import { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { ContentionAnswer, ContentionRequest } from './worker.js'

const CLIENTS = 64
const ACCOUNTS = Array.from({ length: 10 }, (_, i) => `account-${i}`)
const EACH_HAS = 1_000
const TOTAL = ACCOUNTS.length * EACH_HAS
/** What `retryTransaction` runs a work at most, if it is not told otherwise. */
const MAX_ATTEMPTS = 30

const kysely = process.env.KYSELY_PACKAGE ?? 'kysely'
/** The engine is the same with every Kysely, and so is its contention. */
const TRANSFERS = kysely === 'kysely' ? 5_000 : 300

/** How often the works of one kind were run until they were committed. */
class Attempts {
  works = 0
  worst = 0
  #sum = 0

  add({ attempts, error }: ContentionAnswer): void {
    expect(error).toBeUndefined()
    this.works++
    this.#sum += attempts
    this.worst = Math.max(this.worst, attempts)
  }

  toString(): string {
    return `${this.works}, attempts: mean ${(this.#sum / this.works).toFixed(2)}, worst ${this.worst}`
  }
}

// A real server with real connections: within one process, calls are so fast that no two transactions meet.
const server = new KillableServer()
afterAll(() => server.stop())

const ask = async (request: ContentionRequest): Promise<ContentionAnswer> => {
  const response = await server.post('/', request)
  return (await response.json()) as ContentionAnswer
}

it(`${CLIENTS} clients make ${TRANSFERS} transfers over ${ACCOUNTS.length} accounts, and the total is right whenever somebody looks`, async () => {
  await server.start(new URL('./worker.ts', import.meta.url), { kysely })
  expect(await ask({ kind: 'open', ids: ACCOUNTS, balance: EACH_HAS })).toEqual({ attempts: 1 })
  const transfers = new Attempts()
  const readers = { sum: new Attempts(), 'sum at once': new Attempts() }
  let left = TRANSFERS
  const transfer = async (client: number) => {
    const random = new SeededRandom(client)
    while (left-- > 0) {
      const [from, to] = random.some(ACCOUNTS, 2, 2) as [string, string]
      const kind = random.chance(0.25) ? 'move unseen' : 'move'
      transfers.add(await ask({ kind, from, to, amount: 1 + random.below(20) }))
    }
  }
  const look = async (kind: 'sum' | 'sum at once') => {
    while (left > 0) {
      const answer = await ask({ kind, ids: ACCOUNTS })
      readers[kind].add(answer)
      expect(answer.total).toBe(TOTAL)
    }
  }
  await Promise.all([
    ...Array.from({ length: CLIENTS }, (_, client) => transfer(client)),
    look('sum'),
    look('sum at once'),
  ])
  expect(await ask({ kind: 'sum at once', ids: ACCOUNTS })).toMatchObject({ total: TOTAL })

  console.log(`contention: transfers: ${transfers}`)
  for (const [kind, attempts] of Object.entries(readers)) console.log(`contention: ${kind}: ${attempts}`)
  expect(transfers.works).toBe(TRANSFERS)
  for (const { works, worst } of [transfers, ...Object.values(readers)]) {
    expect(works).toBeGreaterThan(0)
    expect(worst).toBeLessThanOrEqual(MAX_ATTEMPTS)
  }
})

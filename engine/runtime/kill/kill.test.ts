import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../simulation/seeded-random.js'
import { runAndKill } from './run.js'

const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 1_000_000))
const random = new SeededRandom(seed)

/** Milliseconds for a run that takes less than a minute on a machine that has nothing else to do. */
const PATIENCE = 240_000

const aboveZero = expect.toSatisfy((count: number) => count > 0)

describe(`a server that is killed while it is written to, seed ${seed}`, () => {
  it(
    'keeps what it acknowledged and what was read, makes nothing twice or by half, and leaves nothing locked',
    async ({ signal }) => {
      const report = await runAndKill({ entry: './worker.ts', kills: 20, random, signal })
      console.log(`kills: seed ${seed}, ${JSON.stringify({ ...report, findings: report.findings.length })}`)
      expect(report.findings).toEqual([])
      expect(report.kills).toBeGreaterThanOrEqual(20)
      // A run whose kills hit nothing would prove nothing.
      expect(report.totals.unknown).toBeGreaterThan(20)
      expect(report.totals.acknowledged).toBeGreaterThan(report.totals.unknown)
      expect(report.locks.goneAlone).toBeGreaterThan(0)
      expect(report.transfers).toEqual({
        planned: expect.any(Number),
        settled: expect.any(Number),
        copying: aboveZero,
        catching: aboveZero,
        moved: aboveZero,
        serving: aboveZero,
        goneAlone: aboveZero,
      })
      expect(report.splits.hash).toBeGreaterThanOrEqual(8)
      expect(report.splits.promotion).toBeGreaterThanOrEqual(1)
      expect(report.splits.range).toBeGreaterThanOrEqual(4)
    },
    PATIENCE,
  )
})

describe('a server that acknowledges writes before it makes them', () => {
  it('cannot be told from a sound one as long as nobody kills it', async ({ signal }) => {
    const report = await runAndKill({ entry: './hasty-worker.ts', kills: 0, random, signal })
    expect(report.findings).toEqual([])
    expect(report.totals.unknown).toBe(0)
  })

  it('is found out by a kill: acknowledged writes are missing, and nothing else is wrong', async ({
    signal,
  }) => {
    // It ends with the first kill that shows anything.
    const report = await runAndKill({ entry: './hasty-worker.ts', kills: 40, random, signal })
    console.log(
      `hasty: seed ${seed}, kill ${report.kills} lost ${report.findings.length} acknowledged writes`,
    )
    const kinds = report.findings.map(({ kind }) => kind)
    expect(kinds).not.toEqual([])
    // A scan misses the row of an insert that the ledger misses too.
    expect(kinds.filter((kind) => kind !== 'lost' && kind !== 'missing')).toEqual([])
  }, 240_000)
})

describe('a partition that gives keys away before it has stored that it did', () => {
  it(
    'is found out',
    async ({ signal }) => {
      // Left alone, what has come apart would be found to have no end: that is not what this is about.
      const aloneFrom = Number.POSITIVE_INFINITY
      const entry = './hasty-source-worker.ts'
      const report = await runAndKill({ entry, kills: 30, random, aloneFrom, signal })
      const kinds = [...new Set(report.findings.map(({ kind }) => kind))]
      console.log(`hasty source: seed ${seed}, kill ${report.kills}: ${kinds.join(', ')}`)
      // Two serve the same, a read misses what the other one has, or a lock stays where nobody looks for it.
      expect(kinds).not.toEqual([])
    },
    PATIENCE,
  )
})

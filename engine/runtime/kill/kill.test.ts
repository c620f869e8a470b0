import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../simulation/seeded-random.js'
import { runAndKill } from './run.js'

const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 1_000_000))
const random = new SeededRandom(seed)

describe(`a server that is killed while it is written to, seed ${seed}`, () => {
  it('keeps what it acknowledged and what was read, makes nothing twice or by half, and leaves nothing locked', async ({
    signal,
  }) => {
    const report = await runAndKill({ entry: './worker.ts', kills: 20, random, signal })
    console.log(`kills: seed ${seed}, ${JSON.stringify({ ...report, findings: report.findings.length })}`)
    expect(report.findings).toEqual([])
    expect(report.kills).toBeGreaterThanOrEqual(20)
    // A run whose kills hit nothing would prove nothing.
    expect(report.totals.unknown).toBeGreaterThan(20)
    expect(report.totals.acknowledged).toBeGreaterThan(report.totals.unknown)
    expect(report.locks.goneAlone).toBeGreaterThan(0)
  })
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
    const report = await runAndKill({ entry: './hasty-worker.ts', kills: 5, random, signal })
    console.log(
      `hasty: seed ${seed}, kill ${report.kills} lost ${report.findings.length} acknowledged writes`,
    )
    expect(new Set(report.findings.map(({ kind }) => kind))).toEqual(new Set(['lost']))
  })
})

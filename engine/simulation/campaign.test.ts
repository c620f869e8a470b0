import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { runCampaign, unmarked, workloadOf } from './campaign.js'
import { FAULT_PROFILES } from './faults.js'
import { planRun } from './plan.js'
import { run } from './run.js'
import { shrink } from './shrink.js'
import { describeFailure } from './timeline.js'
import { WORKLOADS } from './workloads/workloads.js'

/** More are a command of their own: `npm run simulate`. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 120)
const FROM = Number(process.env.SIMULATION_FROM ?? Math.floor(Math.random() * 1_000_000))

describe('the code of today', () => {
  it.each(['none', 'light', 'heavy', 'forgetful'] as const)(
    'keeps its promises in a world with faults: %s',
    async (faults) => {
      const seeds = faults === 'heavy' ? SEEDS : SEEDS / 4
      const report = await runCampaign({
        from: FROM,
        seeds,
        workloads: WORKLOADS,
        profile: FAULT_PROFILES[faults],
      })
      console.log(
        `simulation: seeds ${FROM} to ${FROM + seeds - 1}, faults ${faults}, ${report.operations} operations, ` +
          `at most ${report.worst.conflicts} conflicts before a transaction ended (seed ${report.worst.seed})`,
      )
      const { failure } = report
      expect(failure && describeFailure(failure, failure.workload, faults)).toBeUndefined()
      expect(report.runs).toBe(seeds)
      expect(report.undecided).toBeLessThan(seeds / 20)
      if (faults === 'none') expect(report.faults.size).toBe(0)
    },
    600_000,
  )

  it('takes every rare path in the first 300 seeds', async () => {
    const report = await runCampaign({
      from: 1,
      seeds: 300,
      workloads: WORKLOADS,
      profile: FAULT_PROFILES.heavy,
    })
    expect(report.failure).toBeUndefined()
    expect(unmarked(report)).toEqual([])
  }, 600_000)
})

describe('a seed', () => {
  const digestOf = async (seed: number) =>
    (await run(planRun(seed, workloadOf(seed), FAULT_PROFILES.heavy))).digest

  it('gives the same run again, to the byte', async () => {
    const seeds = [1, 2, 3, 4, 5]
    const [first, again] = [await Promise.all(seeds.map(digestOf)), await Promise.all(seeds.map(digestOf))]
    expect(first).toEqual(again)
    expect(new Set(first).size).toBe(seeds.length)
  })

  it('gives the same run in another process', async () => {
    const simulate = fileURLToPath(new URL('./simulate.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [
      simulate,
      '--seed',
      '9',
      '--faults',
      'heavy',
    ])
    expect(stdout).toContain(`trace ${await digestOf(9)}`)
  })
})

describe('a failure', () => {
  it('is made small, and told so that a person can read it', async () => {
    // A client that is told of a row which nobody made.
    const plan = planRun(5, workloadOf(5), FAULT_PROFILES.heavy)
    const failing: typeof run = async (plan) => {
      const report = await run(plan)
      const put = report.records.find(
        ({ operation, outcome }) => operation.kind === 'put' && outcome === 'done',
      )
      const anomalies =
        put === undefined
          ? []
          : [
              {
                name: 'lost write',
                description: 'as planted',
                transactions: [put.id],
                keys: ['h0/0'],
              } as const,
            ]
      return { ...report, anomalies }
    }
    const whole = await failing(plan)
    const small = await shrink(whole, failing)
    expect(whole.operations).toBeGreaterThan(20)
    expect(small.operations).toBe(1)
    expect(small.plan.clients.length).toBe(1)
    expect(small.plan.profile).toMatchObject({ crashEvery: 0, dropRequest: 0, skew: 0 })
    const text = describeFailure(small, 'contention', 'heavy')
    expect(text).toContain('seed 5, workload contention, faults heavy: lost write\n  as planted')
    expect(text).toMatch(/client \d +T\d+: put h\d\/\d/)
    expect(text).toMatch(/main\/h\/\d +runs write \(put\)/)
    expect(text.split('\n').length).toBeLessThan(20)
  })
})

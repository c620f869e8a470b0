import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FAULT_PROFILES } from '../faults.js'
import { WORKLOADS } from '../workloads/workloads.js'
import { PLANTED_BUGS } from './bank.js'
import { plant } from './plant.js'

const folder = mkdtempSync(join(tmpdir(), 'fokos-planted-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Found within a few seeds. All of them take the better part of an hour: `npm run test:judge`. */
const QUICK: readonly string[] = [
  'a retry has no token',
  'a condition is checked against a stale row',
  'an insert overwrites what is there',
  'a version repeats after a delete and a new insert',
  'large values stay when their item is deleted',
  'a replaced instance answers from memory',
  'what a promotion has left behind is never deleted',
  'the row at a boundary goes to neither side',
]
const ALL = process.env.PLANTED_BUGS === 'all'

describe('the judge', () => {
  it.each(PLANTED_BUGS.map((bug, i) => ({ ...bug, i })).filter(({ name }) => ALL || QUICK.includes(name)))(
    'finds that $name',
    async ({ i, ...bug }) => {
      const { runCampaign } = await plant(bug, join(folder, `${i}.mjs`))
      const { runs, failure } = await runCampaign({
        from: 1,
        seeds: 300,
        workloads: WORKLOADS.filter(({ name }) => bug.workload === undefined || bug.workload === name),
        asItCame: true,
        profile: FAULT_PROFILES[bug.faults ?? 'heavy'],
      })
      const [first] = failure?.anomalies ?? []
      console.log(
        `${bug.name}: seed ${runs}, ${failure?.workload}, ${failure?.operations} operations: ${first?.name}`,
      )
      expect(bug.shows).toContain(first?.name)
    },
    600_000,
  )
})

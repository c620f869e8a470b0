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

/** Whether each is looked for from the first seed on: `npm run test:judge`. */
const FROM_THE_FIRST = process.env.FROM_THE_FIRST_SEED === '1'

describe('the judge', () => {
  it.each(PLANTED_BUGS.map((bug, i) => ({ ...bug, i })))(
    'finds that $name',
    async ({ i, ...bug }) => {
      const from = FROM_THE_FIRST ? 1 : (bug.seed ?? 1)
      const { runCampaign } = await plant(bug, join(folder, `${i}.mjs`))
      const { runs, failure } = await runCampaign({
        from,
        seeds: 300,
        workloads: WORKLOADS.filter(({ name }) => bug.workload === undefined || bug.workload === name),
        asItCame: true,
        publishes: bug.publishes ?? false,
        expires: bug.expires ?? false,
        profile: FAULT_PROFILES[bug.faults ?? 'heavy'],
      })
      const [first] = failure?.anomalies ?? []
      console.log(
        `${bug.name}: seed ${from + runs - 1}, ${failure?.workload}, ${failure?.operations} operations: ${first?.name}`,
      )
      expect(bug.shows).toContain(first?.name)
    },
    600_000,
  )
})

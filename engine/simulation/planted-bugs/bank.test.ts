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

describe('the judge', () => {
  it.each(PLANTED_BUGS.map((bug, i) => ({ ...bug, i })))(
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

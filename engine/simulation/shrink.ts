import { FAULT_KINDS } from './faults.js'
import type { ClientPlan, RunPlan } from './plan.js'
import type { RunReport } from './run.js'

/** How a plan is tried. */
export type TryPlan = (plan: RunPlan) => Promise<RunReport>

/** Runs that shrinking takes at most. */
const MAX_RUNS = 400

/**
 * Makes a failing run small: leaves out faults, growth, clients and operations, in ever smaller pieces, as long as the
 * same anomaly comes up (A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
 * 2002). Every part of a world draws from a stream of its own, so what is left goes on nearly as before.
 *
 * @returns the smallest run that still fails, which is the given one when nothing could be left out.
 */
export async function shrink(report: RunReport, tryPlan: TryPlan): Promise<RunReport> {
  const name = report.anomalies[0]?.name
  let best = report
  let runs = 0
  const better = async (plan: RunPlan): Promise<boolean> => {
    if (runs >= MAX_RUNS) return false
    runs++
    const tried = await tryPlan(plan)
    const same = tried.anomalies.some((anomaly) => anomaly.name === name)
    if (same) best = tried
    return same
  }
  for (let progress = true; progress && runs < MAX_RUNS; ) {
    progress = false
    for (const { without } of FAULT_KINDS) {
      const needed = Object.entries(without).some(
        ([fault, value]) => best.plan.profile[fault as never] !== value,
      )
      if (needed && (await better({ ...best.plan, profile: { ...best.plan.profile, ...without } })))
        progress = true
    }
    if (best.plan.growth !== undefined && (await better({ ...best.plan, growth: undefined }))) progress = true
    for (const { client } of best.plan.clients) {
      const clients = best.plan.clients.filter((other) => other.client !== client)
      if (clients.length > 0 && (await better({ ...best.plan, clients }))) progress = true
    }
    if (await shrinkOperations(() => best.plan, better)) progress = true
  }
  return best
}

/** Leaves out runs of operations: first half of all, then quarters, down to single ones. */
async function shrinkOperations(
  plan: () => RunPlan,
  better: (plan: RunPlan) => Promise<boolean>,
): Promise<boolean> {
  let progress = false
  for (let size = Math.ceil(countOf(plan()) / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < countOf(plan()); ) {
      if (await better({ ...plan(), clients: leaveOut(plan().clients, from, size) })) progress = true
      else from += size
    }
  }
  return progress
}

function countOf({ clients }: RunPlan): number {
  return clients.reduce((sum, { operations }) => sum + operations.length, 0)
}

/** Without `size` operations from the `from`th on, counted through all clients. */
function leaveOut(clients: readonly ClientPlan[], from: number, size: number): ClientPlan[] {
  let place = 0
  return clients.map(({ client, operations }) => ({
    client,
    operations: operations.filter(() => {
      const here = place++
      return here < from || here >= from + size
    }),
  }))
}

import { MARKS, type Mark, observeMarks } from '../mark.js'
import type { FaultProfile } from './faults.js'
import { planRun } from './plan.js'
import { type RunReport, run } from './run.js'
import { shrink } from './shrink.js'
import { addSplits, NO_SPLITS, type Splits } from './tree-audit.js'
import { WORKLOADS, type Workload } from './workloads/workloads.js'

export interface CampaignOptions {
  /** The first seed, and how many there are. */
  readonly from: number
  readonly seeds: number
  /** Each seed runs one of these, in turn. */
  readonly workloads: readonly Workload[]
  readonly profile: FaultProfile
  /** Whether the topology is published: by the seed, if nothing is said. */
  readonly publishes?: boolean
  /** Whether rows end by themselves: by the seed, if nothing is said. */
  readonly expires?: boolean
  /** Gives back a failure as it came, instead of making it small first. */
  readonly asItCame?: boolean
  /** Called after every run. */
  readonly onRun?: (progress: CampaignReport) => void
}

export interface CampaignReport {
  readonly runs: number
  readonly operations: number
  readonly faults: ReadonlyMap<string, number>
  readonly marks: ReadonlyMap<Mark, number>
  /** How often trees have grown. */
  readonly splits: Splits
  /** Hash keys for which no order was found nor excluded. */
  readonly undecided: number
  /** How often a transaction met a conflict before it came to its end, at worst, and in which run. */
  readonly worst: { readonly conflicts: number; readonly seed: number }
  /** The first run that failed, made small; the campaign ends with it. */
  readonly failure?: RunReport & { readonly workload: string }
}

/** The workload that a seed runs: always the same one, so that a seed alone says what happens. */
export function workloadOf(seed: number, workloads: readonly Workload[] = WORKLOADS): Workload {
  return workloads[seed % workloads.length] as Workload
}

/** Runs seed after seed, until one fails. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { from, seeds, workloads, profile, publishes, expires, asItCame = false, onRun } = options
  const faults = new Map<string, number>()
  const marks = new Map<Mark, number>()
  let report: CampaignReport = {
    runs: 0,
    operations: 0,
    faults,
    marks,
    splits: NO_SPLITS,
    undecided: 0,
    worst: { conflicts: 0, seed: from },
  }
  observeMarks((mark) => marks.set(mark, (marks.get(mark) ?? 0) + 1))
  try {
    for (let seed = from; seed < from + seeds; seed++) {
      const workload = workloadOf(seed, workloads)
      const came = await run(planRun(seed, workload, profile, publishes, expires))
      for (const [fault, count] of came.trace.faults) faults.set(fault, (faults.get(fault) ?? 0) + count)
      report = {
        ...report,
        runs: report.runs + 1,
        operations: report.operations + came.operations,
        splits: addSplits(report.splits, came.splits),
        undecided: report.undecided + came.undecided,
        worst: came.conflicts > report.worst.conflicts ? { conflicts: came.conflicts, seed } : report.worst,
      }
      onRun?.(report)
      if (came.anomalies.length === 0) continue
      const failure = asItCame ? came : await shrink(came, run)
      return { ...report, failure: { ...failure, workload: workload.name } }
    }
    return report
  } finally {
    observeMarks(undefined)
  }
}

/** The rare paths that a campaign never took. */
export function unmarked({ marks }: CampaignReport): Mark[] {
  return MARKS.filter((mark) => !marks.has(mark))
}

/** Splits of each kind that a standard campaign sees at least: hundreds of them. */
const ENOUGH_SPLITS = 200

/** Whether trees have grown in every way, often enough. */
export function hasGrown({ splits }: CampaignReport): boolean {
  return Object.values(splits).every((count: number) => count >= ENOUGH_SPLITS)
}

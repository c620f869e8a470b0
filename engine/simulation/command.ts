import { parseArgs } from 'node:util'
import { hasGrown, runCampaign, unmarked, workloadOf } from './campaign.js'
import { FAULT_PROFILES } from './faults.js'
import { planRun } from './plan.js'
import { run } from './run.js'
import { shrink } from './shrink.js'
import { describeFailure } from './timeline.js'
import { formatLine } from './trace.js'
import { WORKLOADS, type Workload } from './workloads/workloads.js'

const USAGE = `npm run simulate -- [options]

  --seeds 500        how many seeds
  --from 1           the first of them
  --workload all     ${['all', ...WORKLOADS.map(({ name }) => name)].join(', ')}
  --faults heavy     ${Object.keys(FAULT_PROFILES).join(', ')}
  --seed 123         one seed alone: prints the hash of its trace
  --trace            with --seed: prints everything that happened
`

const values = argumentsOf(process.argv.slice(2))

/** Exits when they are none: 1 means that a seed failed, and nothing else. */
function argumentsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        seeds: { type: 'string', default: '500' },
        from: { type: 'string', default: '1' },
        workload: { type: 'string', default: 'all' },
        faults: { type: 'string', default: 'heavy' },
        seed: { type: 'string' },
        trace: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    console.log(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exit(2)
  }
}

/** Runs what the command line asks for. @returns the exit code. */
async function main(): Promise<number> {
  const workloads = chosenWorkloads(values.workload)
  const [seeds, from, seed] = [values.seeds, values.from, values.seed ?? '0'].map(Number)
  if (
    values.help ||
    !Object.hasOwn(FAULT_PROFILES, values.faults) ||
    workloads === undefined ||
    ![seeds, from, seed].every(Number.isSafeInteger) ||
    (seeds as number) < 1
  ) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  return values.seed === undefined
    ? await many(from as number, seeds as number, workloads)
    : await one(seed as number, workloadOf(seed as number, workloads))
}

function chosenWorkloads(name: string): readonly Workload[] | undefined {
  if (name === 'all') return WORKLOADS
  const chosen = WORKLOADS.filter((workload) => workload.name === name)
  return chosen.length === 0 ? undefined : chosen
}

async function one(seed: number, workload: Workload): Promise<number> {
  const profile = FAULT_PROFILES[values.faults as keyof typeof FAULT_PROFILES]
  const report = await run(planRun(seed, workload, profile))
  if (values.trace) for (const line of report.trace.lines) console.log(formatLine(line))
  console.log(
    `seed ${seed}, workload ${workload.name}, faults ${values.faults}: ${report.operations} operations`,
  )
  console.log(`trace ${report.digest}`)
  if (report.anomalies.length === 0) return 0
  console.log(`\n${describeFailure(await shrink(report, run), workload.name, values.faults)}`)
  return 1
}

async function many(from: number, seeds: number, workloads: readonly Workload[]): Promise<number> {
  const profile = FAULT_PROFILES[values.faults as keyof typeof FAULT_PROFILES]
  const begun = performance.now()
  const seconds = () => (performance.now() - begun) / 1_000
  const sum = (counts: ReadonlyMap<string, number>) =>
    [...counts.values()].reduce((all, count) => all + count, 0)
  const progress = (report: Awaited<ReturnType<typeof runCampaign>>) =>
    `${report.runs} of ${seeds} runs, ${report.operations} operations, ${sum(report.faults)} faults, ` +
    `${(report.runs / seconds()).toFixed(1)} seeds/s, ${Math.round(report.operations / seconds())} operations/s`
  let shown = 0
  const report = await runCampaign({
    from,
    seeds,
    workloads,
    profile,
    onRun(report) {
      if (seconds() - shown < (process.stdout.isTTY ? 0.2 : 5)) return
      shown = seconds()
      process.stdout.write(process.stdout.isTTY ? `\r${progress(report)}` : `${progress(report)}\n`)
    },
  })
  console.log(`${process.stdout.isTTY ? '\r' : ''}${progress(report)}`)
  for (const [fault, count] of [...report.faults].sort())
    console.log(`  ${String(count).padStart(8)}  ${fault}`)
  console.log(
    `at most ${report.worst.conflicts} conflicts before a transaction ended (seed ${report.worst.seed})`,
  )
  const { hash, promotion, range } = report.splits
  console.log(`${hash} hash splits, ${promotion} promotions, ${range} range splits`)
  if (report.failure !== undefined) {
    console.log(`\n${describeFailure(report.failure, report.failure.workload, values.faults)}`)
    console.log(
      `\nagain: npm run simulate -- --seed ${report.failure.plan.seed} --faults ${values.faults} --workload ${values.workload} --trace`,
    )
    return 1
  }
  console.log('rare paths:')
  for (const [mark, count] of [...report.marks].sort()) console.log(`  ${String(count).padStart(8)}  ${mark}`)
  for (const mark of unmarked(report)) console.log(`     never  ${mark}`)
  if (report.undecided > 0)
    console.log(`${report.undecided} hash keys had too many orders to try all of them`)
  // Few seeds, one workload or few faults need not reach everything.
  const standard = seeds >= 500 && values.workload === 'all' && values.faults === 'heavy'
  return standard && (unmarked(report).length > 0 || !hasGrown(report)) ? 1 : 0
}

process.exitCode = await main()

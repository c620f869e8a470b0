import { parseArgs } from 'node:util'
import type { HeatReport, HeatWindow } from './heat-load.js'
import type { HopsReport } from './hops.js'
import { medianOf, type Spread } from './latencies.js'
import type { LoadReport } from './measured-load.js'
import { Measurements } from './measurements.js'
import { planMeasurements } from './plan.js'
import type { RangeReport } from './range-growth.js'
import { storeInMemory } from './store-in-memory.js'
import type { Measurement, Reports } from './worker.js'

const USAGE = `npm run measure:growth -- [options]

  --quick         a tenth of the sizes
  --runs 3        how often the load over many hash keys is measured
  --only spread   spread, range or heat alone
`

const MB = 1_000_000

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string', default: '3' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  console.log(`files are in ${storeInMemory()}`)
  const measured = new Set([values.only ?? 'all'])
  const wants = (name: string) => measured.has('all') || measured.has(name)
  let sound = true
  const check = (report: { refused: Record<string, number>; findings: readonly string[] }) => {
    for (const [what, times] of Object.entries(report.refused)) print(`REFUSED ${times} times`, what)
    for (const finding of report.findings) print('WRONG', finding)
    sound &&= Object.keys(report.refused).length === 0 && report.findings.length === 0
  }
  const plan = planMeasurements(values.quick ? 'quick' : 'full')
  const measure = <M extends Measurement>(measurement: M) => measureAlone(plan.warmUp, measurement)
  if (wants('spread')) {
    const pauses: { readonly still: number; readonly splitting: number }[] = []
    for (let run = 1; run <= Number(values.runs); run++) {
      const still = await measure(plan.still)
      title(`${plan.still.bytes / MB} MB over many hash keys, and nothing splits, for comparison: run ${run}`)
      printLoad(still)
      check(still)
      const spread = plan.spread(run)
      const report = await measure(spread)
      title(
        `${spread.bytes / MB} MB over many hash keys, split at ${spread.database.bytes / MB} MB: run ${run}`,
      )
      printLoad(report)
      check(report)
      pauses.push({ still: still.probes.pauses.max, splitting: report.probes.pauses.max })
    }
    title('worst pause of any key, median of the runs')
    const [splitting, still] = [pauses.map((each) => each.splitting), pauses.map((each) => each.still)]
    print('', `${medianOf(splitting).toFixed(0)} ms; ${medianOf(still).toFixed(0)} ms where nothing splits`)
  }
  if (wants('range')) {
    for (const range of plan.ranges) {
      const report = await measure(range)
      title(
        `one hash key of ${range.bytes / MB} MB, ${range.order}, split at ${range.database.bytes / MB} MB`,
      )
      printRange(report)
      check(report)
    }
  }
  if (wants('heat')) {
    const report = await measure(plan.heat)
    title(`${plan.heat.clients} clients want a tenth of one hash key`)
    printHeat(report)
    check({ ...report, findings: report.tree.findings })
  }
  return sound ? 0 : 1
}

/** In a server of its own: what others have left in its memory costs pauses when that is collected. */
async function measureAlone<M extends Measurement>(
  warmUp: Measurement,
  measurement: M,
): Promise<Reports[M['kind']]> {
  const measurements = new Measurements()
  await measurements.start()
  try {
    await measurements.run(warmUp, showProgress)
    return await measurements.run(measurement, showProgress)
  } finally {
    await measurements.stop()
  }
}

function printRange(report: RangeReport): void {
  printLoad(report)
  const { forward, reverse, rows } = report.queries
  print('queries', `${forward} forward, ${reverse} in reverse, ${rows} rows: each held against the reference`)
  print('pages', spreadText(report.pages))
  print('writes', spreadText(report.writes))
}

function printLoad(report: LoadReport): void {
  const { seconds, tree, probes, thread } = report
  const refused = Object.values(report.refused).reduce((sum, times) => sum + times, 0)
  print(
    'rows',
    `${report.rows}, in ${seconds.loading.toFixed(0)} s, at rest ${seconds.resting.toFixed(1)} s later`,
  )
  print('requests', `${report.requests}, of which ${refused} were refused`)
  print('probed keys', `each request: ${spreadText(probes.requests)}`)
  print('pause of a key', `${spreadText(probes.pauses)}, of ${probes.pauses.count} keys: longest less usual`)
  print(
    'hand-overs',
    `${spreadText(report.handOvers)}, ${report.handOvers.count} of them: nobody serves the keys`,
  )
  print('timers are late', spreadText(thread))
  const longest = Object.entries(report.longest).sort(([, left], [, right]) => right - left)
  print('longest sections', longest.map(([kind, took]) => `${kind} ${took.toFixed(0)}`).join(', '))
  print(
    'partitions',
    `${tree.owners} serve ${tree.items} items in ${mb(tree.bytes)}, the largest ${mb(tree.largest)}`,
  )
  print(
    'given back',
    `${tree.emptied} that have split take ${mb(tree.bytesEmptied)}, the largest ${mb(tree.largestEmptied)}`,
  )
  print('hops', hopsText(report.hops))
}

function printHeat({ windows, tree, requests, refused }: HeatReport): void {
  console.log(`
  A local workerd runs all partitions in one thread, so that dividing them makes nothing faster by itself. Where it
  counts each partition has a thread of its own. So each call here has its partition for itself for some time, as if it
  were work, while other partitions go on; what is measured is how many partitions the clients keep busy.
`)
  for (const { until, answersPerSecond, latency, partitions, busiest } of windows) {
    print(
      `${until.toFixed(0)} s`,
      `${answersPerSecond.toFixed(0)} answers a second, ${spreadText(latency)}, ` +
        `${partitions} partitions, the busiest with ${busiest.toFixed(0)} calls a second`,
    )
  }
  const tenth = Math.max(1, Math.floor(windows.length / 8))
  const [before, after] = [windows.slice(0, tenth), windows.slice(-tenth)].map(throughput) as [number, number]
  print(
    'requests',
    `${requests}, of which ${Object.keys(refused).length === 0 ? 0 : JSON.stringify(refused)} were refused`,
  )
  print('partitions', `${tree.owners} serve`)
  print(
    'throughput',
    `${before.toFixed(0)} a second at first, ${after.toFixed(0)} at last: ${(after / before).toFixed(1)} times`,
  )
}

function throughput(windows: readonly HeatWindow[]): number {
  return medianOf(windows.map(({ answersPerSecond }) => answersPerSecond))
}

function hopsText({ owners, first, later }: HopsReport): string {
  const counts = (hops: readonly number[]) =>
    hops.flatMap((count, n) => (count === 0 ? [] : [`${count} with ${n}`])).join(', ')
  return `first request to each of ${owners} partitions: ${counts(first)}; after that: ${counts(later)}`
}

function spreadText({ p50, p99, max }: Spread): string {
  return `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, max ${max.toFixed(0)} ms`
}

function mb(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`
}

function title(text: string): void {
  console.log(`\n${text}`)
}

function print(name: string, text: string): void {
  console.log(`  ${name.padEnd(17)} ${text}`)
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  ${text}\r`)
}

process.exitCode = await main()

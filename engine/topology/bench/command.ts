import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { GROWTHS } from './grown-tree.js'
import { type CaseReport, type ClientHops, measureCase, type Thoroughness } from './measure-case.js'
import { missedTargets } from './targets.js'

const USAGE = `npm run bench:topology -- [options]

  --partitions 1000,100000,1000000   hash partitions, of which trees are built
  --promoted 0,1000,1000000          promoted hash keys beside them
  --quick                            less thorough
  --json FILE                        writes what was measured there, too
`

/** As settings have it by themselves. */
const SHAPE = { roots: 16, fanout: 4 }

const FULL: Thoroughness = { repetitions: 9, round: 200, requests: 100_000, others: 200_000 }
const QUICK: Thoroughness = { repetitions: 3, round: 20, requests: 2_000, others: 20_000 }

function main(): number {
  const { values } = parseArgs({
    options: {
      partitions: { type: 'string', default: '1000,100000,1000000' },
      promoted: { type: 'string', default: '0,1000,1000000' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  console.log(
    `${cpus().length} cores of ${cpus()[0]?.model}, Node ${process.version}, V8 ${process.versions.v8}`,
  )
  console.log(`trees of ${SHAPE.roots} roots with a fan-out of ${SHAPE.fanout}; durations are medians\n`)
  const reports: CaseReport[] = []
  for (const partitions of numbersOf(values.partitions)) {
    for (const growth of GROWTHS) {
      for (const promoted of numbersOf(values.promoted)) {
        const built = { growth, partitions, promoted }
        reports.push(measureCase(built, SHAPE, values.quick ? QUICK : FULL))
      }
    }
  }
  printTable('hash partitions', reports, {
    tree: treeText,
    depth: ({ depth }) => String(depth),
    published: ({ encodedBytes }) => numberText(encodedBytes),
    'in a client': ({ clientBytes }) => numberText(clientBytes),
    measured: ({ measuredBytes }) => (measuredBytes === undefined ? '?' : numberText(measuredBytes)),
    built: ({ buildMillis }) => millisText(buildMillis),
    'one more split': ({ splitMillis }) => millisText(splitMillis),
    read: ({ decodeMillis }) => millisText(decodeMillis),
    'look-ups a second': ({ lookupsPerSecond }) => numberText(lookupsPerSecond),
  })
  printTable('promoted hash keys', reports, {
    tree: treeText,
    published: ({ filterBytes }) => numberText(filterBytes),
    built: ({ filterBuildMillis }) => millisText(filterBuildMillis),
    read: ({ filterDecodeMillis }) => millisText(filterDecodeMillis),
    'false positives': ({ falsePositiveRate }) => `${(100 * falsePositiveRate).toFixed(2)} %`,
  })
  printTable(
    'partitions that a request comes to (mean, most), if these know their children / what is published',
    reports,
    {
      tree: treeText,
      'a client that knows all': ({ hops }) => hopsText(hops.current),
      'half of it': ({ hops }) => hopsText(hops.half),
      nothing: ({ hops }) => hopsText(hops.none),
    },
  )
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, null, 2)}\n`)
  const missed = reports.flatMap((report) =>
    missedTargets(report).map((what) => `MISSED by ${treeText(report)}: ${what}`),
  )
  for (const line of missed) console.log(line)
  return missed.length === 0 ? 0 : 1
}

function numbersOf(list: string): number[] {
  return list.split(',').map(Number)
}

function treeText({ partitions, shape, promoted }: CaseReport): string {
  return `${numberText(partitions)} ${shape}, ${numberText(promoted)} promoted`
}

/** A number with its thousands apart. */
function numberText(number: number): string {
  return Math.round(number).toLocaleString('en')
}

function millisText(millis: number): string {
  return `${millis.toFixed(millis < 1 ? 3 : 1)} ms`
}

function hopsText({ children, snapshot }: ClientHops): string {
  return [children, snapshot].map(({ mean, most }) => `${mean.toFixed(2)}, ${most}`).join(' / ')
}

/** Columns by their titles: the first to the left, numbers to the right. */
function printTable(
  title: string,
  reports: readonly CaseReport[],
  columns: Readonly<Record<string, (report: CaseReport) => string>>,
): void {
  const rows = [
    Object.keys(columns),
    ...reports.map((each) => Object.values(columns).map((text) => text(each))),
  ]
  const widths = Object.keys(columns).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  console.log(title)
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    )
    console.log(`  ${cells.join('  ')}`)
  }
  console.log()
}

process.exitCode = main()

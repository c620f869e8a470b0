import { placesOf } from './judge/places.js'
import type { RunReport } from './run.js'
import { formatLine, type TraceLine } from './trace.js'
import { placeText } from './workloads/operation.js'

/** How the tree grows where it happened. */
const GROWTH = /^runs (adopt|handOver|settle)/

/** Lines that a timeline has at most: more than that nobody reads. */
const MAX_LINES = 80

/**
 * What a person wants to see of a failed run: the seed, the anomaly by its name, and what happened to the
 * operations that show it, with the faults around them.
 */
export function describeFailure(report: RunReport, workload: string, faults: string): string {
  const { anomalies, plan, operations, trace } = report
  const [first] = anomalies
  if (first === undefined) return `seed ${plan.seed}: nothing is wrong`
  const lines = linesAbout(report)
  const shown = lines.slice(-MAX_LINES)
  return [
    `seed ${plan.seed}, workload ${workload}, faults ${faults}: ${first.name}`,
    `  ${first.description}`,
    ...anomalies.slice(1, 4).map(({ name, description }) => `  also ${name}: ${description}`),
    `  ${operations} operations of ${plan.clients.length} clients, ${[...trace.faults.values()].reduce((a, b) => a + b, 0)} faults`,
    '',
    ...(shown.length < lines.length ? [`  (${lines.length - shown.length} earlier lines left out)`] : []),
    ...shown.map(formatLine),
  ].join('\n')
}

/** The lines of the operations that touch the anomaly's keys, and the faults between the first and the last of them. */
function linesAbout({ anomalies, records, trace }: RunReport): TraceLine[] {
  const { keys = [], transactions = [] } = anomalies[0] ?? {}
  const involved = new Set(transactions.map(Math.floor))
  for (const { id, operation } of records) {
    const touches = placesOf(operation).some(
      (place) => keys.includes(placeText(place)) || keys.includes(`h${place.hash}`),
    )
    if (touches) involved.add(Math.floor(id))
  }
  const about = (line: TraceLine) =>
    involved.size === 0 || (line.operation !== undefined && involved.has(line.operation))
  const places = new Set(trace.lines.filter(about).map(({ place }) => place))
  const first = trace.lines.findIndex(about)
  const last = trace.lines.findLastIndex(about)
  return trace.lines.filter(
    (line, i) =>
      about(line) ||
      (line.operation === undefined &&
        (line.fault || GROWTH.test(line.text)) &&
        places.has(line.place) &&
        i > first &&
        i < last),
  )
}

import { settleAbsences } from './absences.js'
import { CYCLE_KINDS, describeCycle } from './classify.js'
import { findComponents, findShortestCycle } from './cycles.js'
import { DependencyGraph } from './dependency-graph.js'
import type { Anomaly, History } from './history.js'
import { happened, inOrderOfCalls } from './moments.js'
import { traceObservations, type UnsureAbsence } from './observations.js'
import { VersionOrder } from './version-order.js'

/**
 * Decides whether there is an order of all transactions, true to real time, in which each of them could have
 * done in one moment what it did. Returns what makes that impossible: what a transaction alone shows to be
 * wrong, and then one cycle for each set of transactions that depend on each other in a circle.
 *
 * Nothing that it reports is legal. It may miss what only several absences together would show, of which each can
 * have been one of several: before the first write, or after one of several deletes.
 */
export function checkSerializability(history: History): Anomaly[] {
  const transactions = inOrderOfCalls(history)
  const versions = new VersionOrder(transactions)
  const graph = new DependencyGraph(transactions)
  for (const key of versions.keys)
    for (const by of versions.of(key).installed)
      if (by.previous !== undefined) graph.add({ kind: 'ww', from: by.previous.writer, to: by.writer, by })
  const unsure: UnsureAbsence[] = []
  const observed = transactions
    .filter(happened)
    .flatMap((reader) => traceObservations(reader, versions, graph, unsure))
  settleAbsences(unsure, graph)
  return [...once([...versions.anomalies, ...observed]), ...findCycles(graph)]
}

/** One anomaly for each component, in the order of the components' first transactions. */
function findCycles(graph: DependencyGraph): Anomaly[] {
  const whole = findComponents(graph.edges)
  const found = new Map<number | undefined, Anomaly | undefined>()
  for (const { first, firstIs, further, last, name } of CYCLE_KINDS) {
    if (found.size === whole.cyclic.length) break
    const firstEdges = graph.only(first, firstIs)
    const furtherEdges = graph.only(further)
    // A cycle of some kinds of edges lies in one component of these edges, which is often much smaller.
    const parts = findComponents(graph.only([...new Set([...first, ...further])]))
    for (const members of parts.cyclic) {
      const [member = 0] = members
      if (found.has(whole.of[member])) continue
      const path = findShortestCycle({
        starts: members.filter((node) => graph.isTransaction(node)),
        inside: (node) => parts.of[node] === parts.of[member],
        firstEdges,
        furtherEdges,
        mayBeLast: ({ kind }) => last.includes(kind),
      })
      if (path === undefined) continue
      const cycle = graph.dependencies(path)
      const named = name(cycle)
      found.set(whole.of[member], named && describeCycle(named, cycle))
    }
  }
  return whole.cyclic
    .map(([member = 0]) => found.get(whole.of[member]))
    .filter((anomaly) => anomaly !== undefined)
}

/** The same fault may have been seen twice by one transaction: in a range, and by itself. */
function once(anomalies: readonly Anomaly[]): Anomaly[] {
  return [...new Map(anomalies.map((anomaly) => [anomaly.description, anomaly])).values()]
}

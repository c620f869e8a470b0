/** An edge of a graph whose nodes are numbers from 0. */
export interface Edge {
  readonly from: number
  readonly to: number
  /** What it adds to the length of a path. Edges of length 0 form no cycle on their own. */
  readonly length: 0 | 1
}

/** The edges of a graph, by the node that they leave. */
export type Edges<E extends Edge = Edge> = readonly (readonly E[])[]

/** The strongly connected components of a graph. */
export interface Components {
  /** The number of each node's component. */
  readonly of: Int32Array
  /** Those that hold a cycle, each with its nodes in order; ordered by their first. */
  readonly cyclic: readonly (readonly number[])[]
}

/** R. Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972; without recursion, which has a limit. */
export function findComponents(edges: Edges): Components {
  const UNSEEN = -1
  const seenAs = new Int32Array(edges.length).fill(UNSEEN)
  const lowest = new Int32Array(edges.length)
  const of = new Int32Array(edges.length).fill(UNSEEN)
  const nextEdge = new Int32Array(edges.length)
  const open: number[] = []
  const cyclic: number[][] = []
  let seen = 0
  let components = 0

  const close = (root: number) => {
    const members = open.splice(open.lastIndexOf(root))
    for (const member of members) of[member] = components
    components++
    if (members.length > 1) cyclic.push(members.sort((left, right) => left - right))
  }
  const lower = (node: number, to: number) => {
    lowest[node] = Math.min(lowest[node] as number, to)
  }

  for (let root = 0; root < edges.length; root++) {
    if (seenAs[root] !== UNSEEN) continue
    const path = [root]
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      if (seenAs[node] === UNSEEN) {
        seenAs[node] = lowest[node] = seen++
        open.push(node)
      }
      const edge = edges[node]?.[(nextEdge[node] as number)++]
      if (edge === undefined) {
        path.pop()
        const parent = path.at(-1)
        if (parent !== undefined) lower(parent, lowest[node] as number)
        if (lowest[node] === seenAs[node]) close(node)
      } else if (seenAs[edge.to] === UNSEEN) path.push(edge.to)
      else if (of[edge.to] === UNSEEN) lower(node, seenAs[edge.to] as number)
    }
  }
  return { of, cyclic: cyclic.sort(([left = 0], [right = 0]) => left - right) }
}

/** What a cycle is looked for in. */
export interface CycleSearch<E extends Edge> {
  /** Where a cycle may start. */
  readonly starts: readonly number[]
  /** Whether a cycle can pass a node at all: what cannot is not looked into. */
  readonly inside: (node: number) => boolean
  readonly firstEdges: Edges<E>
  readonly furtherEdges: Edges<E>
  readonly mayBeLast: (edge: E) => boolean
}

/** No cycle is shorter: nothing depends on itself. */
const SHORTEST = 2

/** A cycle that no other is shorter than, as its edges; of several, the one of the first start. */
export function findShortestCycle<E extends Edge>(search: CycleSearch<E>): readonly E[] | undefined {
  const { starts, inside, firstEdges, furtherEdges, mayBeLast } = search
  const distances = new Float64Array(furtherEdges.length)
  const cameBy: (E | undefined)[] = []
  let shortest: readonly E[] | undefined
  let bound = Number.POSITIVE_INFINITY

  for (const start of starts) {
    distances.fill(Number.POSITIVE_INFINITY)
    // Nodes by their distance. A node that was reached again on a shorter way is left where it was.
    const reached: number[][] = []
    let last: E | undefined
    const follow = (edge: E, distance: number) => {
      if (distance >= bound || !inside(edge.to)) return
      if (edge.to === start) {
        if (!mayBeLast(edge)) return
        last = edge
        bound = distance
      } else if (distance < (distances[edge.to] as number)) {
        distances[edge.to] = distance
        cameBy[edge.to] = edge
        reached[distance] ??= []
        reached[distance].push(edge.to)
      }
    }
    for (const edge of firstEdges[start] ?? []) follow(edge, edge.length)
    for (let distance = 0; distance < Math.min(reached.length, bound); distance++) {
      for (const node of reached[distance] ?? []) {
        if (distances[node] !== distance) continue
        for (const edge of furtherEdges[node] ?? []) follow(edge, distance + edge.length)
      }
    }
    if (last !== undefined) shortest = pathTo(last, start, cameBy)
    if (bound <= SHORTEST) break
  }
  return shortest
}

function pathTo<E extends Edge>(last: E, start: number, cameBy: readonly (E | undefined)[]): E[] {
  const path = [last]
  for (let edge = last; edge.from !== start; path.push(edge)) edge = cameBy[edge.from] as E
  return path.reverse()
}

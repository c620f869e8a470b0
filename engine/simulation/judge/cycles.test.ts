import { describe, expect, it } from 'vitest'
import { type Edge, type Edges, findComponents, findShortestCycle } from './cycles.js'

/** Edges as `from>to`, or `from-to` for those of length 0. */
function graph(nodes: number, text: string): Edges {
  const edges = text.split(' ').map((edge): Edge => {
    const [, from, kind, to] = /^(\d+)([->])(\d+)$/.exec(edge) ?? expect.fail(edge)
    return { from: Number(from), to: Number(to), length: kind === '-' ? 0 : 1 }
  })
  return Array.from({ length: nodes }, (_, node) => edges.filter(({ from }) => from === node))
}

function shortest(edges: Edges, mayBeLast: (edge: Edge) => boolean = () => true) {
  const starts = edges.map((_, node) => node)
  const found = findShortestCycle({
    starts,
    inside: () => true,
    firstEdges: edges,
    furtherEdges: edges,
    mayBeLast,
  })
  return found?.map(({ from }) => from)
}

describe('components', () => {
  it('that hold a cycle are told in order, each with its nodes in order', () => {
    expect(findComponents(graph(8, '6>5 5>7 7>6 4>6 3>1 1>3 1>4 0>1 2>4')).cyclic).toEqual([
      [1, 3],
      [5, 6, 7],
    ])
  })

  it('are whole, however their cycles are entangled', () => {
    expect(findComponents(graph(6, '0>1 1>2 2>0 2>3 3>4 4>1 4>5')).cyclic).toEqual([[0, 1, 2, 3, 4]])
  })

  it('without a cycle are not told', () => {
    expect(findComponents(graph(4, '0>1 0>2 1>3 2>3')).cyclic).toEqual([])
  })
})

describe('the shortest cycle', () => {
  it('is found wherever it starts', () => {
    expect(shortest(graph(6, '0>1 1>2 2>0 2>3 3>4 4>5 5>4'))).toEqual([4, 5])
  })

  it('does not count edges of length 0', () => {
    expect(shortest(graph(4, '0>1 0>2 1>3 2-3 3>0'))).toEqual([0, 2, 3])
  })

  it('ends as it may', () => {
    expect(shortest(graph(4, '0>1 1>0 1>2 2>0'), ({ from }) => from === 2)).toEqual([0, 1, 2])
  })

  it('is none where there is none', () => {
    expect(shortest(graph(3, '0>1 1>2 0>2'))).toBeUndefined()
  })
})

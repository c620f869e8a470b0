/** What the demo shows of a partition, which says more of itself. */
export interface Described {
  readonly partition: string
  readonly state: 'unused' | 'arriving' | 'serving'
  readonly bytes: number
  readonly items: number
  readonly requestsPerSecond: number
  readonly children: readonly { readonly partition: string }[]
  readonly promoted: readonly { readonly partition: string }[]
  readonly moving: readonly { readonly target: string; readonly state: string }[]
}

/** The tree as lines of text, each partition below the one that it was split from. */
export function treeLines(tree: readonly Described[]): string[] {
  const byName = new Map(tree.map((described) => [described.partition, described]))
  const below = new Set(tree.flatMap((described) => childrenOf(described)))
  const shown = new Set<string>()
  const lines = (name: string, depth: number): string[] => {
    const described = byName.get(name)
    if (described === undefined || shown.has(name)) return []
    shown.add(name)
    return [line(described, depth), ...childrenOf(described).flatMap((child) => lines(child, depth + 1))]
  }
  return tree.filter(({ partition }) => !below.has(partition)).flatMap(({ partition }) => lines(partition, 0))
}

/** Equal for trees of one shape, with the same splits under way. */
export function shapeOf(tree: readonly Described[]): string {
  return JSON.stringify(tree.map(({ partition, state, moving }) => [partition, state, moving]))
}

/** Whether nothing is on its way. */
export function isQuiet(tree: readonly Described[]): boolean {
  return tree.every(({ state, moving }) => state !== 'arriving' && moving.length === 0)
}

function childrenOf({ children, promoted, moving }: Described): string[] {
  // Who has split has given its children what it knew of promoted hash keys.
  const served = (children.length > 0 ? children : promoted).map(({ partition }) => partition)
  return [...new Set([...served, ...moving.map(({ target }) => target)])]
}

function line({ partition, bytes, items, requestsPerSecond, moving }: Described, depth: number): string {
  const name = `${'  '.repeat(depth)}${partition}`.padEnd(42)
  const size = `${Math.round(bytes / 1_000)} KB`.padStart(8)
  const rows = `${items} rows`.padStart(11)
  const load = `${Math.round(requestsPerSecond)}/s`.padStart(7)
  const states = [...new Set(moving.map(({ state }) => state))]
  return `${name}${size}${rows}${load}${states.length === 0 ? '' : `  splitting: ${states.join(', ')}`}`
}

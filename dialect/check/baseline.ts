import type { Pattern } from './findings.js'

/** What is different from what was committed. */
export interface PatternChange {
  readonly kind: 'added' | 'changed' | 'gone'
  readonly file: string
  readonly function: string
  readonly before: readonly string[]
  readonly now: readonly string[]
}

/**
 * Compares patterns with a committed list, function by function. A function that has lost some and gained others has
 * changed.
 */
export function compareWithBaseline(patterns: readonly Pattern[], baseline: string): PatternChange[] {
  const now = byFunction(patterns)
  const before = byFunction(readPatterns(baseline))
  return [...new Set([...before.keys(), ...now.keys()])].sort().flatMap((place): PatternChange[] => {
    const gone = [...(before.get(place) ?? [])].filter((pattern) => !now.get(place)?.has(pattern))
    const added = [...(now.get(place) ?? [])].filter((pattern) => !before.get(place)?.has(pattern))
    if (gone.length === 0 && added.length === 0) return []
    const [file = '', name = ''] = place.split('\n')
    const kind = gone.length === 0 ? 'added' : added.length === 0 ? 'gone' : 'changed'
    return [{ kind, file, function: name, before: gone, now: added }]
  })
}

function byFunction(patterns: readonly Pattern[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { file, function: name, pattern } of patterns) {
    const place = `${file}\n${name}`
    found.set(place, (found.get(place) ?? new Set()).add(pattern))
  }
  return found
}

/** The reverse of `patternsText`. */
export function readPatterns(text: string): Pattern[] {
  const patterns: Pattern[] = []
  let file = ''
  let name = ''
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('    ')) patterns.push({ file, function: name, pattern: line.trim() })
    else if (line.startsWith('  ')) name = line.trim()
    else if (line !== '') file = line
  }
  return patterns
}

/** The differences as a text. */
export function changesText(changes: readonly PatternChange[]): string {
  return changes
    .map(({ kind, file, function: name, before, now }) =>
      [
        `${file} ${name}: access pattern ${kind}`,
        ...before.map((pattern) => `  - ${pattern}`),
        ...now.map((pattern) => `  + ${pattern}`),
      ].join('\n'),
    )
    .join('\n')
}

import { LimitError } from '../errors.js'

/** A longer pattern could keep a partition busy for seconds, and it serves nobody else meanwhile. */
const MAX_PATTERN = 1_000

/**
 * SQL's `like`: `%` stands for any text, `_` for any one character (code point), everything else, a backslash
 * too, for itself, in its case.
 *
 * @throws {LimitError} for a pattern of more than 1,000 characters.
 */
export function matchesLike(text: string, pattern: string): boolean {
  if (pattern.length > MAX_PATTERN) {
    throw new LimitError(
      `a pattern of like has ${pattern.length} characters, and at most ${MAX_PATTERN} are allowed: compare with ` +
        'a shorter one',
      { size: pattern.length, limit: MAX_PATTERN },
    )
  }
  const [start, ...rest] = pattern.split('%') as [string, ...string[]]
  const end = rest.pop()
  let at = lengthAt(text, start, 0)
  if (at === undefined) return false
  if (end === undefined) return at === text.length
  // What stands between two % is taken where it comes first: that leaves the most for what follows.
  for (const part of rest) {
    at = endOfFirst(text, part, at)
    if (at === undefined) return false
  }
  return endsWith(text, end, at)
}

/** Where the first match of a pattern without `%` ends that begins at or after `from`. */
function endOfFirst(text: string, part: string, from: number): number | undefined {
  if (!part.includes('_')) {
    const found = text.indexOf(part, from)
    return found === -1 ? undefined : found + part.length
  }
  for (let at = from; at <= text.length; at += characterAt(text, at)) {
    const end = lengthAt(text, part, at)
    if (end !== undefined) return end
  }
  return undefined
}

/** Whether a pattern without `%` matches the end of a text, and begins no earlier than `from`. */
function endsWith(text: string, part: string, from: number): boolean {
  let at = text.length
  for (const wanted of [...part].reverse()) {
    if (at <= 0) return false
    at -= wanted === '_' ? characterBefore(text, at) : wanted.length
    if (wanted !== '_' && !text.startsWith(wanted, at)) return false
  }
  return at >= from
}

/** Where a match of a pattern without `%` ends that begins exactly at `from`. */
function lengthAt(text: string, part: string, from: number): number | undefined {
  if (!part.includes('_')) return text.startsWith(part, from) ? from + part.length : undefined
  let at = from
  for (const wanted of part) {
    if (at >= text.length) return undefined
    if (wanted === '_') at += characterAt(text, at)
    else if (text.startsWith(wanted, at)) at += wanted.length
    else return undefined
  }
  return at
}

/** How many units of the text the character at a place takes; one behind the end. */
function characterAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}

function characterBefore(text: string, at: number): number {
  return at >= 2 && characterAt(text, at - 2) === 2 ? 2 : 1
}

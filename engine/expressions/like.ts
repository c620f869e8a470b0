/**
 * SQL's `like`: `%` stands for any text, `_` for any one character (code point), everything else, a backslash
 * too, for itself, in its case. Runs in the product of the two lengths at most, whatever the pattern.
 */
export function matchesLike(text: string, pattern: string): boolean {
  const characters = [...text]
  const wanted = [...pattern]
  let at = 0
  let want = 0
  // Where the last % stood, and how much of the text it has swallowed so far.
  let wildcard = -1
  let swallowed = 0
  while (at < characters.length) {
    if (want < wanted.length && wanted[want] === '%') {
      wildcard = want++
      swallowed = at
    } else if (want < wanted.length && (wanted[want] === '_' || wanted[want] === characters[at])) {
      want++
      at++
    } else if (wildcard !== -1) {
      want = wildcard + 1
      at = ++swallowed
    } else {
      return false
    }
  }
  while (wanted[want] === '%') want++
  return want === wanted.length
}

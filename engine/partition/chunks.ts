/** Characters of a chunk at most: a row has at most 2 MB, and a character at most 3 bytes in UTF-8. */
const CHUNK_CHARACTERS = 500_000

/** Cuts a text into pieces that each fit into a row. None ends within a surrogate pair, whose halves are no text. */
export function chunksOf(text: string): string[] {
  const chunks: string[] = []
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + CHUNK_CHARACTERS)
    if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to--
    chunks.push(text.slice(from, to))
    from = to
  }
  return chunks
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

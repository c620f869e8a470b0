/** Rows that have arrived as a whole page, as lines of JSON. */
export interface ExportedPage {
  readonly rows: readonly string[]
  /** To go on behind it. Nothing when there is no more. */
  readonly cursor: string | undefined
}

/**
 * Takes an export apart where it says that a page ends. What comes behind the last end, when the connection is lost,
 * is left out: whoever goes on from the last cursor gets it again.
 */
export async function* wholePages(text: AsyncIterable<string>): AsyncGenerator<ExportedPage> {
  let rows: string[] = []
  for await (const line of linesOf(text)) {
    const end = JSON.parse(line) as { cursor?: string; done?: boolean }
    if (end.cursor === undefined && end.done === undefined) {
      rows.push(line)
      continue
    }
    yield { rows, cursor: end.cursor }
    rows = []
  }
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

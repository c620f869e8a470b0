// Exports a table to a file of JSON lines, in four parts at the same time, from a local workerd. One of the parts
// loses its connection, and goes on from where it was. `npm run example:export` runs it; what it writes stays in
// .wrangler/export.
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startServer } from '../local-server.ts'
import { wholePages } from './whole-pages.ts'

const STATE = '.wrangler/export'
const FILE = `${STATE}/measurements.ndjson`
const DEVICES = Array.from({ length: 200 }, (_, i) => `device-${i + 1}`)
const MINUTES = 120
const SEGMENTS = 4
/** Small, so that there is something to see. */
const PAGES = { pages: 10, pageSize: 200 }

const server = await startServer('examples/export/wrangler.toml', STATE)
try {
  await load()
  await exportTable()
  await checkFile()
} finally {
  await server.stop()
}

async function load(): Promise<void> {
  console.log(`${DEVICES.length} devices measure ${MINUTES} times each …`)
  for (let begun = 0; begun < DEVICES.length; begun += 20) {
    await server.post('/measure', { devices: DEVICES.slice(begun, begun + 20), count: MINUTES })
  }
}

async function exportTable(): Promise<void> {
  console.log(`Exporting the table in ${SEGMENTS} parts at once …`)
  const file = createWriteStream(fileURLToPath(new URL(`../../${FILE}`, import.meta.url)))
  await Promise.all(Array.from({ length: SEGMENTS }, (_, segment) => download(segment, file)))
  await new Promise((resolve) => file.end(resolve))
  console.log(`There are ${await server.get<number>('/partitions')} partitions that have rows`)
}

/** Writes one part of the table, in as many requests as that takes. */
async function download(segment: number, file: NodeJS.WritableStream): Promise<void> {
  let cursor: string | undefined
  let rows = 0
  for (let requests = 1; ; requests++) {
    const query = new URLSearchParams({ segment: `${segment}`, segments: `${SEGMENTS}` })
    for (const [name, value] of Object.entries(PAGES)) query.set(name, `${value}`)
    if (cursor !== undefined) query.set('cursor', cursor)
    const connection = new AbortController()
    try {
      for await (const page of pagesOf(`/export?${query}`, connection.signal)) {
        for (const row of page.rows) file.write(`${row}\n`)
        rows += page.rows.length
        cursor = page.cursor
        if (cursor === undefined) {
          console.log(`  part ${segment}: ${rows} rows in ${requests} requests`)
          return
        }
        if (segment === 1 && requests === 2) connection.abort()
      }
    } catch (error) {
      if (!connection.signal.aborted) throw error
      console.log(`  part ${segment}: the connection is lost behind row ${rows}; going on from the cursor`)
    }
  }
}

async function* pagesOf(path: string, signal: AbortSignal) {
  const response = await fetch(server.url + path, { signal })
  if (!response.ok || response.body === null) throw new Error(`${path}: ${await response.text()}`)
  yield* wholePages(response.body.pipeThrough(new TextDecoderStream()))
}

/** @throws when a row is missing, or is there twice. */
async function checkFile(): Promise<void> {
  const text = await readFile(fileURLToPath(new URL(`../../${FILE}`, import.meta.url)), 'utf8')
  const lines = text.trim().split('\n')
  const keys = new Set(
    lines.map((line) => {
      const { device, at } = JSON.parse(line) as { device: string; at: string }
      return `${device} ${at}`
    }),
  )
  const wanted = DEVICES.length * MINUTES
  if (lines.length !== wanted || keys.size !== wanted) {
    throw new Error(`${lines.length} lines of ${keys.size} rows, and ${wanted} rows there are`)
  }
  console.log(`${FILE} has all ${wanted} rows, each once`)
}

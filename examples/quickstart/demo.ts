// Loads 20,000 flights into many Durable Objects of a local workerd, then shows what can be asked of them.
// `npm run demo` runs it; what it loads stays in .wrangler/state, where `npm run dev` finds it too.
// `npm run demo -- --grow` shows how partitions split instead: examples/growth.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startServer } from '../local-server.ts'

const SOURCE = 'vega-datasets/flights-20k'
const BATCH = 2_500

type Server = Awaited<ReturnType<typeof startServer>>

interface Flight {
  origin: string
  departs_at: string
  destination: string
  sequence: number
  delay: number
  distance: number
  seats: number
}

if (process.argv.includes('--grow')) await import('../growth/demo.ts')
else await demonstrate()

async function demonstrate(): Promise<void> {
  const server = await startServer('wrangler.toml', '.wrangler/state')
  try {
    await loadOnce(server)
    await showTour(server)
  } finally {
    await server.stop()
  }
}

async function loadOnce(server: Server): Promise<void> {
  const [loaded] = await server.get<{ rows: number; finished_at: string }[]>(`/loads?source=${SOURCE}`)
  if (loaded !== undefined) {
    console.log(`The ${number(loaded.rows)} rows that were loaded before are still there: nothing to load.`)
    console.log('(To begin anew, delete the folder .wrangler/state.)')
    return
  }
  const [flights, airports] = [await readFlights(), await readAirports()]
  console.log(
    `Loading ${number(flights.length)} flights and ${number(airports.length)} airports through Kysely …`,
  )
  const startedAt = performance.now()
  const total = flights.length + airports.length
  let done = 0
  const load = async (path: string, rows: readonly unknown[]) => {
    for (let begun = 0; begun < rows.length; begun += BATCH) {
      const batch = rows.slice(begun, begun + BATCH)
      await server.post(path, batch)
      done += batch.length
      showProgress(done, total, startedAt)
    }
  }
  await load('/flights', flights)
  await load('/airports', airports)
  process.stdout.write('\n')

  const origins = [...new Set(flights.map(({ origin }) => origin))]
  const count = await server.post<number>('/count', origins)
  if (count !== flights.length) throw new Error(`${count} flights are there, not ${flights.length}`)
  console.log(`Counted again, airport by airport: all ${number(count)} flights are there.`)
  await server.post('/loads', { source: SOURCE, rows: total })
}

async function showTour(server: Server): Promise<void> {
  const stops = await server.get<{ title: string; query: string; result: string }[]>('/tour')
  for (const { title, query, result } of stops) {
    console.log(`\n■ ${title}`)
    console.log(indent(query, '  › '))
    console.log(indent(result === '' ? '(no rows)' : result, '    '))
  }
  console.log(
    '\nDone. `npm run dev` serves the same data on http://127.0.0.1:8787; the README has two curl calls.',
  )
}

/** The flights, each with the number that tells it from others of the same minute to the same place. */
async function readFlights(): Promise<Flight[]> {
  const rows = JSON.parse(await readData('flights-20k.json')) as {
    date: string
    origin: string
    destination: string
    delay: number
    distance: number
  }[]
  const seen = new Map<string, number>()
  return rows.map(({ date, origin, destination, delay, distance }) => {
    const name = `${origin} ${date} ${destination}`
    const sequence = seen.get(name) ?? 0
    seen.set(name, sequence + 1)
    const departs_at = `${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`
    return { origin, departs_at, destination, sequence, delay, distance, seats: 100 + (distance % 80) }
  })
}

async function readAirports() {
  const [, ...lines] = (await readData('airports.csv')).trim().split('\n')
  return lines.map((line) => {
    // Fields with a comma in them are quoted; no field has a quote in it.
    const [iata, name, city, state] = [...line.matchAll(/"([^"]*)"|([^,]+)|(?<=,)(?=,)/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    )
    return { iata, name, city, state, bookings: 0 }
  })
}

function readData(file: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets'))), 'utf8')
}

function showProgress(done: number, total: number, startedAt: number): void {
  const filled = Math.round((done / total) * 30)
  const rate = done / ((performance.now() - startedAt) / 1_000)
  const bar = '█'.repeat(filled) + '░'.repeat(30 - filled)
  const line = `${bar} ${number(done)} of ${number(total)} rows, ${number(Math.round(rate))} rows/s`
  // Only a terminal can write over a line.
  process.stdout.write(process.stdout.isTTY ? `\r${line}` : `${line}\n`)
}

function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => by + line)
    .join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en')
}

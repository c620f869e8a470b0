// Loads rows into partitions that split at 200,000 bytes, and prints the tree as it grows, while it reads and writes all
// the while. At the end it says how long anybody had to wait, and whether anything was refused or lost.
// `npm run demo -- --grow` runs it. It begins anew each time; what it writes is in .wrangler/growth.
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startServer } from '../local-server.ts'
import type { Probed } from './probe.js'
import { type Described, isQuiet, shapeOf, treeLines } from './show-tree.ts'

const STATE = '.wrangler/growth'
const DEVICES = Array.from({ length: 40 }, (_, i) => `device-${i + 1}`)
/** Has more readings than all others of its partition together, so it gets range partitions of its own. */
const BUSY = 'the-busy-one'
const PROBED = [...DEVICES.slice(0, 9), BUSY]
const TEXT = 'What a device has to say. '.repeat(20)
const ROUNDS = 35
const BUSY_ROWS = 32
/** For comparison. */
const ROUNDS_AT_REST = 50

await rm(fileURLToPath(new URL(`../../${STATE}`, import.meta.url)), { recursive: true, force: true })
const server = await startServer('examples/growth/wrangler.toml', STATE)
const startedAt = performance.now()
let loaded = 0
let loading = true
let resting = false
const probes: Probed[] = []
const probesAtRest: Probed[] = []
try {
  console.log(
    `${DEVICES.length} devices write ${ROUNDS} readings each, and ${BUSY} writes ${ROUNDS * BUSY_ROWS};`,
  )
  console.log(`meanwhile ${PROBED.length} of them are read, and written to, again and again.`)
  const watching = Promise.all([probeAll(), watchTree()])
  await load()
  loading = false
  await watching
  await report()
} finally {
  await server.stop()
}

async function load(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const one = (device: string, number: number) => ({ device, number, text: `${number}: ${TEXT}` })
    const readings = [
      ...DEVICES.map((device) => one(device, round)),
      ...Array.from({ length: BUSY_ROWS }, (_, i) => one(BUSY, round * BUSY_ROWS + i)),
    ]
    await server.post('/readings', readings)
    loaded += readings.length
  }
}

/** Reads and writes while rows are loaded, and after that until the tree is at rest. */
async function probeAll(): Promise<void> {
  while (loading || !resting) {
    probes.push(...(await server.post<Probed[]>('/probe', PROBED)))
    await pause(20)
  }
  for (let i = 0; i < ROUNDS_AT_REST; i++) {
    probesAtRest.push(...(await server.post<Probed[]>('/probe', PROBED)))
    await pause(20)
  }
}

/** Prints the tree whenever it has another shape. */
async function watchTree(): Promise<void> {
  let shown = ''
  for (let quiet = 0; quiet < 3; ) {
    const tree = await server.get<Described[]>('/tree')
    if (shapeOf(tree) !== shown) printTree(tree)
    shown = shapeOf(tree)
    quiet = isQuiet(tree) && !loading ? quiet + 1 : 0
    if (quiet === 3) printTree(tree)
    await pause(1_000)
  }
  resting = true
}

function printTree(tree: readonly Described[]): void {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`\n■ After ${seconds} seconds and ${loaded.toLocaleString('en')} rows`)
  for (const line of treeLines(tree)) console.log(`  ${line}`)
}

/** @throws when a row or a write is missing. */
async function report(): Promise<void> {
  const refused = probes.filter(({ error }) => error !== undefined)
  const worst = PROBED.map((device) => longest(probes.filter((probed) => probed.device === device))).sort(
    (left, right) => right.millis - left.millis,
  )
  console.log(`\n■ ${probes.length.toLocaleString('en')} reads and writes while it was loaded and grew`)
  console.log(`  ${refused.length} were refused`)
  for (const error of new Set(refused.map((probed) => probed.error))) console.log(`    ${error}`)
  console.log(`  they took ${spread(probes)}`)
  console.log(`  and at rest, for comparison, ${spread(probesAtRest)}`)
  console.log('  the longest wait, key by key, whatever it was for: a split, the loading, this machine')
  for (const { device, what, millis } of worst) {
    console.log(`    ${device.padEnd(14)} ${Math.round(millis)} ms for a ${what}`)
  }

  const count = await server.get<number>('/count')
  if (count !== loaded) throw new Error(`${count} rows are there, and ${loaded} were written`)
  console.log(`  a full scan counts ${count.toLocaleString('en')} rows: all that were written`)
  const counters = await server.post<{ device: string; count: number }[]>('/counters', PROBED)
  for (const { device, count } of counters) {
    const written = [...probes, ...probesAtRest].filter(
      (probed) => probed.device === device && probed.what === 'write' && probed.error === undefined,
    )
    const unsure = refused.filter((probed) => probed.device === device && probed.what === 'write')
    if (count < written.length || count > written.length + unsure.length) {
      throw new Error(`${device} counts ${count}, not ${written.length}`)
    }
  }
  console.log('  every counter has counted every write that was acknowledged, once')
}

/** How long calls took, in words. */
function spread(probed: readonly Probed[]): string {
  const sorted = probed.map(({ millis }) => millis).sort((left, right) => left - right)
  const at = (share: number) => `${Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)} ms`
  return `${at(0.5)} in the middle, ${at(0.99)} but for one in a hundred, ${at(1)} at most`
}

function longest(probed: readonly Probed[]): Probed {
  return probed.reduce((worst, each) => (each.millis > worst.millis ? each : worst))
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}

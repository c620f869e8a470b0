// Compares what TypeScript does to check 1,600 statements, with Kysely's own types and with this dialect's.
// `npm run measure:types` prints the figures, and fails when ours take more than 1.2 times the instantiations.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FOLDER = `${ROOT}.wrangler/measure-types/`
const STATEMENTS = 1_600
const MOST = 1.2

const ROW = `{
  origin: string; departs_at: Date; destination: string; seats: number; delay: number | null; note?: string
}`

/** Statements of four kinds, each a little different from the others. */
function statements(): string {
  const lines: string[] = []
  for (let i = 0; i < STATEMENTS / 4; i++) {
    const key = `.where('origin', '=', 'A${i}').where('departs_at', '=', new Date(${i})).where('destination', '=', 'B')`
    lines.push(
      `export const s${i} = () => db.selectFrom('flights').select(['seats', 'delay as d${i}']).where('origin', '=', 'A${i}').where('departs_at', '>=', new Date(${i})).where((eb) => eb.or([eb('delay', '>', ${i}), eb('delay', 'is', null)])).orderBy('departs_at').limit(${i + 1}).execute()`,
      `export const i${i} = () => db.insertInto('flights').values({ origin: 'A', departs_at: new Date(), destination: 'B', seats: ${i}, delay: null }).onConflict((oc) => oc.columns(['origin', 'departs_at', 'destination']).doUpdateSet((eb) => ({ seats: eb.ref('excluded.seats') }))).returningAll().executeTakeFirst()`,
      `export const u${i} = () => db.updateTable('flights').set((eb) => ({ seats: eb('seats', '+', ${i}) }))${key}.returning(['seats', 'note']).execute()`,
      `export const d${i} = () => db.deleteFrom('flights')${key}.where('seats', '<', ${i}).executeTakeFirstOrThrow()`,
    )
  }
  return lines.join('\n')
}

const STOCK = `
import { type ColumnType, Kysely } from 'kysely'
type Key<T> = ColumnType<T, T, never>
interface Database { flights: Omit<${ROW}, 'origin' | 'departs_at' | 'destination'> & { origin: Key<string>; departs_at: Key<Date>; destination: Key<string> } }
const db = new Kysely<Database>({ dialect: null as never })
${statements()}
`

const OURS = `
import { Kysely } from 'kysely'
import { defineDatabase, type InferDatabase, table } from '../../dist/index.js'
const database = defineDatabase({
  tables: { flights: table<${ROW}>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }) },
})
const db = new Kysely<InferDatabase<typeof database>>({ dialect: null as never })
${statements()}
`

const stock = measure('stock', STOCK)
const ours = measure('ours', OURS)
const ratio = ours.instantiations / stock.instantiations
console.log(`${STATEMENTS} statements        Kysely's types      with this dialect's`)
for (const figure of ['types', 'instantiations', 'memoryKilobytes', 'checkSeconds'] as const) {
  console.log(figure.padEnd(24) + String(stock[figure]).padStart(14) + String(ours[figure]).padStart(24))
}
console.log(`instantiations: ${ratio.toFixed(3)} times Kysely's (at most ${MOST})`)
process.exitCode = ratio <= MOST ? 0 : 1

function measure(name: string, source: string) {
  mkdirSync(FOLDER, { recursive: true })
  const file = `${FOLDER}${name}.ts`
  writeFileSync(file, source)
  const options = [
    ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--extendedDiagnostics'],
    ...['--target', 'es2022', '--lib', 'es2024,dom,dom.asynciterable', '--types', 'node'],
    ...['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]
  const output = execFileSync(
    process.execPath,
    [`${ROOT}node_modules/typescript/bin/tsc`, ...options, file],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  )
  rmSync(file)
  const figure = (label: string) => Number(new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(output)?.[1])
  return {
    types: figure('Types'),
    instantiations: figure('Instantiations'),
    memoryKilobytes: figure('Memory used'),
    checkSeconds: figure('Check time'),
  }
}

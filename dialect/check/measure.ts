// Measures how long `kysely-fokos check` takes for 1,600 statements, a quarter of them in branches and helpers.
// `npm run build && npm run measure:check` prints the figures, and fails when it takes more than ten seconds.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = `${ROOT}.wrangler/measure-check/`
const STATEMENTS = 1_600
/** Statements in a file, as projects have them. */
const IN_A_FILE = 40
const MOST_SECONDS = 10

const DATABASE = `
import { defineDatabase, type InferDatabase, table } from '../../dist/index.js'
export const database = defineDatabase({
  tables: {
    flights: table<{
      origin: string; departs_at: Date; destination: string; seats: number; delay: number | null; note?: string
    }>()({ hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
  },
})
export type Database = InferDatabase<typeof database>
`

const HEAD = `
import { type Kysely, sql } from 'kysely'
import type { Database } from './database.js'
const ofOrigin = (db: Kysely<Database>, origin: string) => db.selectFrom('flights').selectAll().where('origin', '=', origin)
`

/** Four statements of different kinds, one of them refused, and each a little different from all others. */
function statements(i: number): string {
  const key = `.where('origin', '=', origin).where('departs_at', '=', at).where('destination', '=', 'B${i}')`
  return `
export async function select${i}(db: Kysely<Database>, origin: string, at: Date, late: boolean, sorted: boolean) {
  let query = ofOrigin(db, origin).where('departs_at', '>=', at).limit(${i + 1})
  if (late) query = query.where((eb) => eb.or([eb('delay', '>', ${i}), eb('delay', 'is', null)]))
  return query.$if(sorted, (qb) => qb.orderBy('departs_at')).execute()
}
export const insert${i} = (db: Kysely<Database>, origin: string, at: Date) =>
  db.insertInto('flights').values({ origin, departs_at: at, destination: 'B', seats: ${i}, delay: null })
    .onConflict((oc) => oc.columns(['origin', 'departs_at', 'destination']).doUpdateSet((eb) => ({ seats: eb.ref('excluded.seats') })))
    .returningAll().executeTakeFirst()
export const update${i} = (db: Kysely<Database>, origin: string, at: Date) =>
  db.transaction().execute((trx) =>
    trx.updateTable('flights').set((eb) => ({ seats: eb('seats', '+', ${i}) }))${key}.returning(['seats', 'note']).execute())
export const raw${i} = (db: Kysely<Database>, origin: string) =>
  ofOrigin(db, origin).where(sql<boolean>\`seats > \${${i}}\`).execute()
`
}

rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER, { recursive: true })
writeFileSync(
  `${FOLDER}tsconfig.json`,
  JSON.stringify({
    compilerOptions: {
      ...{ target: 'es2022', lib: ['es2024', 'dom'], module: 'esnext', moduleResolution: 'bundler' },
      ...{ strict: true, skipLibCheck: true, noEmit: true, types: [] },
    },
    include: ['.'],
  }),
)
writeFileSync(`${FOLDER}database.ts`, DATABASE)
for (let file = 0; file < STATEMENTS / IN_A_FILE; file++) {
  const groups = Array.from({ length: IN_A_FILE / 4 }, (_, i) => statements((file * IN_A_FILE) / 4 + i))
  writeFileSync(`${FOLDER}queries-${file}.ts`, HEAD + groups.join(''))
}

const begun = performance.now()
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [`${ROOT}dist/cli.js`, 'check', '--format', 'json'],
  { cwd: FOLDER, encoding: 'utf8', maxBuffer: 1e9 },
)
const seconds = (performance.now() - begun) / 1_000
rmSync(FOLDER, { recursive: true, force: true })
if (status !== 1) throw new Error(`the check should have found something: ${stderr}`)
const { queries, refused, notFollowed } = JSON.parse(stdout) as {
  queries: number
  refused: unknown[]
  notFollowed: unknown[]
}
console.log(
  `${queries} queries, ${refused.length} refused, ${notFollowed.length} not followed: ${seconds.toFixed(1)} s (at most ${MOST_SECONDS})`,
)
const isRight = queries === STATEMENTS && refused.length === STATEMENTS / 4 && notFollowed.length === 0
process.exitCode = isRight && seconds <= MOST_SECONDS ? 0 : 1

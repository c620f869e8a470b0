import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Outcome, runCommand } from './command.js'
import type { Findings } from './findings.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What the queries of tests may take for granted. */
const PRELUDE = `
import { CamelCasePlugin, CompiledQuery, type ExpressionBuilder, Kysely, type SelectQueryBuilder, sql, type Transaction } from 'kysely'
import { FokosDialect as ReadyMade, retryTransaction, scanEveryPartition } from 'kysely-fokos'
import { type Database, database } from './database.js'
`

const DATABASE = `
import { defineDatabase, type InferDatabase, table } from 'kysely-fokos'
export const database = defineDatabase({
  tables: {
    flights: table<{ origin: string; departs_at: Date; destination: string; seats: number; delay: number | null }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination'],
    }),
    travellers: table<{ id: string; name: string; miles: number }>()({ hashKey: 'id' }),
  },
})
export type Database = InferDatabase<typeof database>
`

/** A project in a folder of its own, that is there until it is removed. */
export interface TestProject {
  readonly folder: string
  write(name: string, text: string): void
  run(...args: readonly string[]): Outcome
  remove(): void
}

/** Makes a project of some files. Those beside `database.ts` may use what {@link PRELUDE} imports. */
export function makeProject(files: { readonly [name: string]: string }): TestProject {
  mkdirSync(`${ROOT}.wrangler`, { recursive: true })
  const folder = mkdtempSync(`${ROOT}.wrangler/check-`)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(`${folder}/${name}`), { recursive: true })
    writeFileSync(`${folder}/${name}`, text)
  }
  const paths = {
    kysely: ['../../node_modules/kysely'],
    'kysely-fokos': ['../../dialect/index.ts'],
    'kysely-fokos/engine': ['../../engine/index.ts'],
  }
  const compilerOptions = {
    ...{ target: 'es2022', lib: ['es2024', 'dom'], module: 'esnext', moduleResolution: 'bundler' },
    ...{ strict: true, skipLibCheck: true, types: [], paths },
  }
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }))
  write('src/database.ts', DATABASE)
  for (const [name, text] of Object.entries(files)) write(`src/${name}`, PRELUDE + text)
  return {
    folder,
    write,
    run: (...args) => runCommand(args, folder, '1.2.3'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Checks a single file, and says what was found in it. */
export function checkText(text: string): Findings {
  const project = makeProject({ 'queries.ts': text })
  try {
    const { output, errors } = project.run('check', '--format', 'json')
    if (errors !== '') throw new Error(errors)
    return JSON.parse(output) as Findings
  } finally {
    project.remove()
  }
}

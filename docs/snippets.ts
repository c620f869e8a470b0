import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** A piece of TypeScript in a page of the docs. */
export interface Snippet {
  readonly file: string
  readonly line: number
  readonly code: string
  /** Must be refused when it runs: "```ts refused", or "```ts before" where the types cannot see it. */
  readonly refused: boolean
  /** Must not type-check: "```ts refused". */
  readonly mistyped: boolean
  /** Has imports or exports, so it is a module of its own. Others see the prelude, and can be run. */
  readonly isModule: boolean
}

/** All of README and docs, in order. */
export function readSnippets(): Snippet[] {
  const pages = [
    'README.md',
    ...readdirSync(`${ROOT}docs`)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ]
  return pages.flatMap((file) => {
    const text = readFileSync(ROOT + file, 'utf8')
    return [...text.matchAll(/^```ts( refused| before)?\n([\s\S]*?)^```$/gm)].map((match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length,
      code: match[2] as string,
      refused: match[1] !== undefined,
      mistyped: match[1] === ' refused',
      isModule: /^(import|export) /m.test(match[2] as string),
    }))
  })
}

/** What snippets that are no modules may use. The database is that of "Getting started". */
export const PRELUDE = `
import { CamelCasePlugin, type ColumnType, type Generated, Kysely, sql } from 'kysely'
import * as z from 'zod'
import { ConstraintError, defineDatabase, type Explanation, type FokosCompiledQuery, type HashKey, type InferDatabase, retryTransaction, type SortKey, scanEveryPartition, table, ulid, uuid, ValidationError } from 'kysely-fokos'
import { calculate, column, compare, ConditionFailedError, exists, not, openStore, value } from 'kysely-fokos/engine'
const database = defineDatabase({
  tables: {
    flights: table<{ origin: string; departs_at: Date; destination: string; seats: number; delay: number | null }>()({
      hashKey: 'origin',
      sortKey: ['departs_at', 'destination'],
    }),
    travellers: table<{ id: string; name: string; miles: number }>()({ hashKey: 'id' }),
  },
})
const { FokosDialect } = database
type Database = InferDatabase<typeof database>
export async function run(db: Kysely<Database>, env: { FOKOS_PARTITION: object; FOKOS_TOPOLOGY: object }): Promise<void> {
`

/** Takes what of the prelude a snippet may leave unused. */
const USED = `
export { CamelCasePlugin, ConstraintError, database, Kysely, retryTransaction, scanEveryPartition, sql, ulid, uuid, ValidationError, z }
export { calculate, column, compare, ConditionFailedError, exists, not, openStore, value }
export type { ColumnType, Explanation, FokosCompiledQuery, Generated, HashKey, SortKey }
`

/** The snippet as a module that exports `run`. */
export function moduleOf({ code }: Snippet): string {
  return `${PRELUDE}${code}\n}${USED}`
}

/** A module that lists the snippets that can be run, each with what runs it. */
export function runnableSnippets(): { list: string; modules: readonly string[] } {
  const runnable = readSnippets().filter(({ isModule }) => !isModule)
  const imports = runnable.map((_, i) => `import { run as run${i} } from 'virtual:snippet-${i}.ts'`)
  const entries = runnable.map(
    ({ file, line, refused }, i) => `{ ...${JSON.stringify({ file, line, refused })}, run: run${i} }`,
  )
  return {
    list: `${imports.join('\n')}\nexport const snippets = [${entries.join(', ')}]`,
    modules: runnable.map(moduleOf),
  }
}

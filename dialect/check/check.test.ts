import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from './command.js'
import type { Findings } from './findings.js'
import { MORE_COMBINATIONS } from './not-followed.js'
import { checkText, makeProject, type TestProject } from './test-project.js'

const SAMPLE = fileURLToPath(new URL('./sample', import.meta.url))

/** The lines of a text that say in a comment under which code they are refused. */
function marked(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, i) => [...line.matchAll(/\/\/ refused: (\w+)/g)].map(([, code]) => `${i + 1} ${code}`))
}

describe('the check of the sample', () => {
  const { output, exitCode } = runCommand(['check', '--format', 'json'], SAMPLE, '1.2.3')
  const { refused, notFollowed, queries } = JSON.parse(output) as Findings

  it('finds sixty queries and more, and follows all of them', () => {
    expect(queries).toBeGreaterThanOrEqual(60)
    expect(notFollowed).toEqual([])
    expect(exitCode).toBe(1)
  })

  it.each(readdirSync(SAMPLE).filter((name) => name.endsWith('.ts')))(
    'reports each line of %s that is marked, and no other',
    (name) => {
      const found = refused.filter(({ file }) => file === name).map(({ line, code }) => `${line} ${code}`)
      expect(found).toEqual(marked(readFileSync(`${SAMPLE}/${name}`, 'utf8')))
    },
  )

  it('has thirty marked lines at least', () => {
    expect(refused.length).toBeGreaterThanOrEqual(30)
  })
})

/** Queries in functions, each with the codes that its lines are marked with. */
describe('the check', () => {
  const text = `
export async function branches(db: Kysely<Database>, a: boolean, b: boolean, kind: 'x' | 'y') {
  const base = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
  // A condition that was met before turns out as before.
  let query = db.selectFrom('flights').selectAll().where((eb) => eb('seats', '>', 1))
  if (a) query = query.where('origin', '=', 'SFO')
  if (!a) query = query.where('origin', '=', 'OAK')
  await query.execute()
  if (a) return
  const rest = kind === 'x' ? base : base.where(sql<boolean>\`x\`) // refused: raw_sql
  if (kind === 'x') await rest.execute()
  if (kind === 'y') await rest.execute()
  const list = []
  if (b) list.push('destination')
  for (const column of list) await base.orderBy(db.dynamic.ref(column)).execute() // refused: order_by_gap
  await base.$if(a && b, (qb) => qb.orderBy(db.dynamic.ref('seats'))).execute()
  await base.$if(b, (qb) => qb.orderBy(db.dynamic.ref('seats'))).execute() // refused: order_by_non_key
}

export async function bounds(db: Kysely<Database>, from: Date, to: Date, origins: string[]) {
  await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').where('departs_at', '<', to).where('departs_at', '>=', from).execute()
  await db.selectFrom('flights').selectAll().where('origin', 'in', origins).orderBy('departs_at').orderBy(db.dynamic.ref('origin')).execute() // refused: order_by_gap
}

export async function cast(db: Kysely<any>) {
  await db.selectFrom('anything').selectAll().execute()
}
export async function hidden(db: Kysely<Database>) {
  await cast(db)
  await (db as any).deleteFrom('flights').where('departs_at', '>', new Date()).execute() // refused: missing_hash_key
}

interface Other { person: { id: number } }
export async function foreign(db: Kysely<Other>) {
  await db.selectFrom('person').selectAll().execute()
  await sql\`select 1\`.execute(db)
  await db.transaction().execute((trx) => trx.deleteFrom('person').execute())
}
export async function readyMade(env: object) {
  const db = new Kysely<any>({ dialect: new ReadyMade(env) })
  await db.selectFrom('notes').selectAll().where('hash_key', '=', 'a').execute()
  await db.selectFrom('notes').selectAll().where('id', '=', 'a').execute() // refused: missing_hash_key
}

export const asItStands = (db: Kysely<Database>) => db.selectFrom('flights').selectAll().where('destination', 'ilike', 'a') // refused: operator
export const perhapsMore = (db: Kysely<Database>) => db.selectFrom('flights').selectAll()

export async function allowed(db: Kysely<Database>) {
  // kysely-fokos-allow ddl: the test of a refusal
  await db.schema.dropTable('flights').execute()
  await db.schema.dropTable('flights').execute() // kysely-fokos-allow raw_sql // refused: ddl
}

export async function unknownNames(db: Kysely<Database>, name: string) {
  await db.selectFrom('flights').selectAll().where('origin', '=', 'SFO').orderBy(db.dynamic.ref(name)).execute() // lost
}
export async function fromOutside(query: SelectQueryBuilder<Database, 'flights', object>, make: () => SelectQueryBuilder<Database, 'flights', object>) {
  await query.execute() // lost
  await make().execute() // lost
}
export function unreachable(db: Kysely<Database>) {
  throw new Error('not yet')
  return db.selectFrom('flights').selectAll().where((eb) => eb('seats', '=', 1)).execute() // lost
}

declare const many: boolean[]
export async function combinations(db: Kysely<Database>, n: number[]) {
  let query = db.selectFrom('flights').selectAll().where('origin', '=', 'SFO')
${Array.from({ length: 12 }, (_, i) => `  if (n[${i}] === ${i}) query = query.where('seats', '>', ${i}) // maybe lost`).join('\n')}
  await query.execute() // maybe lost
}
`
  const findings = checkText(text)
  // What tests may take for granted stands before their text.
  const offset = findings.refused[0] === undefined ? 0 : lineOffset(findings, text)

  it('reports the lines that are marked, and no others', () => {
    expect(findings.refused.map(({ line, code }) => `${line - offset} ${code}`)).toEqual([
      // Found where the Kysely is handed over from, and reported where the query is.
      ...marked(text).slice(0, 4),
      expect.stringContaining('unknown_table'),
      ...marked(text).slice(4),
    ])
  })

  it('lists what it could not follow, with the place and why', () => {
    const lines = text.split('\n')
    const expected = lines.flatMap((line, i) => (/\/\/ lost$/.test(line) ? [i + 1] : []))
    const found = findings.notFollowed.map(({ line }) => line - offset)
    expect([...new Set(found)].filter((line) => !/maybe lost/.test(lines[line - 1] ?? ''))).toEqual(expected)
  })

  it('says where there are more combinations of branches than it tries', () => {
    expect(findings.notFollowed.map(({ why }) => why)).toContain(MORE_COMBINATIONS)
  })

  it('counts what comments allow', () => {
    expect(findings.ignored).toBe(1)
  })
})

function lineOffset({ refused }: Findings, text: string): number {
  const first = Number(marked(text)[0]?.split(' ')[0])
  return (refused[0]?.line ?? 0) - first
}

describe('the access patterns', () => {
  const query = (value: string, more = '') => `
export async function list(db: Kysely<Database>, late: boolean) {
  const query = db.selectFrom('flights').selectAll().where('origin', '=', '${value}')${more}
  await query.$if(late, (qb) => qb.orderBy('departs_at', 'desc').limit(3)).execute()
}
export const find = (db: Kysely<Database>, id: string) => db.selectFrom('travellers').selectAll().where('id', '=', id).execute()
`
  let project: TestProject
  beforeAll(() => {
    project = makeProject({ 'queries.ts': query('SFO') })
  })
  afterAll(() => project.remove())
  const rewrite = (text: string) =>
    project.write(
      'src/queries.ts',
      `import type { Kysely } from 'kysely'\nimport type { Database } from './database.js'\n${text}`,
    )

  it('are listed by file and function, without values and lines', () => {
    expect(project.run('check', '--explain').output).toBe(
      `src/queries.ts
  find
    get travellers by id
  list
    query flights by origin
    query flights by origin; order by departs_at desc, destination desc; limit`,
    )
  })

  it('stay the same when lines move and values change, and differ when rows are reached in another way', () => {
    expect(project.run('check', '--baseline', 'patterns.txt').exitCode).toBe(2)
    expect(project.run('check', '--baseline', 'patterns.txt', '--update-baseline').exitCode).toBe(0)
    rewrite(`\n\n${query('OAK')}`)
    expect(project.run('check', '--baseline', 'patterns.txt')).toMatchObject({ exitCode: 0, errors: '' })
    rewrite(query('OAK', `.where('seats', '>', 3)`))
    const changed = project.run('check', '--baseline', 'patterns.txt')
    expect(changed.exitCode).toBe(1)
    expect(changed.output).toContain('src/queries.ts list: access pattern changed')
    expect(changed.output).toContain('  - query flights by origin\n')
    expect(changed.output).toContain('  + query flights by origin; filtered\n')
    rewrite(query('SFO').replace(/export const find.*/, ''))
    expect(project.run('check', '--baseline', 'patterns.txt').output).toContain(
      'src/queries.ts find: access pattern gone',
    )
    rewrite(
      `${query('SFO')}export const put = (db: Kysely<Database>) => db.replaceInto('travellers').values({ id: 'a', name: 'A', miles: 1 }).execute()`,
    )
    const added = project.run('check', '--baseline', 'patterns.txt')
    expect(added).toMatchObject({ exitCode: 1 })
    expect(added.output).toContain('src/queries.ts put: access pattern added\n  + put into travellers')
  })
})

describe('the command', () => {
  let project: TestProject
  beforeAll(() => {
    project = makeProject({
      'a.ts': `export const a = (db: Kysely<Database>) => db.schema.dropTable('x').execute()`,
      'b.ts': `export const b = (db: Kysely<{ t: { id: number } }>) => db.selectFrom('t').selectAll().execute()`,
    })
  })
  afterAll(() => project.remove())

  it('prints file, line, column, code, message and fix, and a count', () => {
    const { exitCode, output } = project.run('check')
    expect(exitCode).toBe(1)
    expect(output).toBe(
      'src/a.ts:5:54 ddl there is no schema to create or change: declare tables with defineDatabase\n1 query, 1 refused, 0 not followed',
    )
  })

  it('reports on the paths that it is given, and checks that they are there', () => {
    expect(project.run('check', 'src/b.ts').exitCode).toBe(0)
    expect(project.run('check', 'src/a.ts').exitCode).toBe(1)
    expect(project.run('check', 'src/c.ts')).toMatchObject({ exitCode: 2, output: '' })
    expect(project.run('check', '--project', 'src/none.json').errors).toContain('name one with --project')
  })

  it('writes SARIF 2.1.0', () => {
    const { output, exitCode } = project.run('check', '--format', 'sarif')
    expect(exitCode).toBe(1)
    const report = JSON.parse(output)
    expect(report).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'kysely-fokos', version: '1.2.3', rules: [{ id: 'ddl' }] } },
          results: [
            {
              ruleId: 'ddl',
              ruleIndex: 0,
              level: 'error',
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: 'src/a.ts' },
                    region: { startLine: 5, startColumn: 54 },
                  },
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('takes an unknown Kysely for one of ours, if it is told so', () => {
    project.write(
      'src/c.ts',
      `import type { Kysely } from 'kysely'
export const c = (db: Kysely<{ t: { id: number } }>) => db.selectFrom('t').selectAll().execute()`,
    )
    expect(project.run('check', 'src/c.ts').exitCode).toBe(0)
    expect(project.run('check', 'src/c.ts', '--undeclared').output).toContain('missing_hash_key')
  })

  it('fails for what is not followed, if it is told so', () => {
    project.write(
      'src/d.ts',
      `import type { SelectQueryBuilder } from 'kysely'
import type { Database } from './database.js'
export const d = (query: SelectQueryBuilder<Database, 'flights', object>) => query.execute()`,
    )
    expect(project.run('check', 'src/d.ts').exitCode).toBe(0)
    expect(project.run('check', 'src/d.ts', '--strict').exitCode).toBe(1)
  })

  it.each([
    [['--help'], 0],
    [['--version'], 0],
    [[], 2],
    [['plan'], 2],
    [['check', '--colour'], 2],
    [['check', '--format', 'xml'], 2],
    [['check', '--update-baseline'], 2],
  ])('ends as it should: %j', (args, exitCode) => {
    expect(project.run(...args).exitCode).toBe(exitCode)
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { db } from '../dialect/compiler/test-database.js'
import * as dialect from '../dialect/index.js'
import { moduleOf, PRELUDE, readSnippets, type Snippet } from './snippets.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(root + file, 'utf8')
const snippets = readSnippets()

/** Type-checks texts as if they were files in one folder, and says what is wrong with each. */
function check(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const checked = {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: { ...options.paths, kysely: [`./node_modules/${process.env.KYSELY_PACKAGE ?? 'kysely'}`] },
  }
  const host = ts.createCompilerHost(checked)
  const { getSourceFile, fileExists, readFile } = host
  host.directoryExists = (name) => name.includes('/.page-') || ts.sys.directoryExists(name)
  host.fileExists = (name) => files.has(name) || fileExists(name)
  host.readFile = (name) => files.get(name) ?? readFile(name)
  host.getSourceFile = (name, target, ...rest) => {
    const text = files.get(name)
    return text === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, text, target)
  }
  const program = ts.createProgram([...files.keys()], checked, host)
  return new Map(
    [...files.keys()].map((name) => [
      name,
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(name))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    ]),
  )
}

describe('the snippets of the docs', () => {
  // A page's modules stand side by side: database.js is the one that was declared last.
  const files = new Map<string, string>()
  const names = new Map<Snippet, string>()
  let folder = 0
  for (const snippet of snippets) {
    const declares = snippet.isModule && snippet.code.includes('defineDatabase({')
    if (declares) folder++
    const name = `${root}docs/.page-${folder}/${declares ? 'database' : `snippet-${names.size}`}.ts`
    names.set(snippet, name)
    files.set(name, snippet.isModule ? snippet.code : moduleOf(snippet))
  }
  // A page whose modules take the database for granted gets that of the prelude.
  const declared = PRELUDE.slice(0, PRELUDE.indexOf('export async function'))
  for (let i = 0; i <= folder; i++) {
    const name = `${root}docs/.page-${i}/database.ts`
    if (!files.has(name)) files.set(name, `${declared}\nexport { database, FokosDialect, type Database }`)
  }
  const wrong = check(files)

  it('are many', () => {
    expect(snippets.length).toBeGreaterThan(20)
  })

  it.each(snippets.map((snippet) => ({ ...snippet, snippet })))(
    'type-check, or do not where they say so: $file line $line',
    ({ snippet }) => {
      const messages = wrong.get(names.get(snippet) as string) ?? []
      if (snippet.mistyped) expect(messages.join('\n')).toContain('fokos: ')
      else expect(messages).toEqual([])
    },
  )
})

describe('the docs', () => {
  const headings = new Set(
    [...read('docs/errors.md').matchAll(/^### (.*)$/gm)].map((match) => match[1] as string),
  )

  it.each(Object.keys(dialect).filter((name) => name.endsWith('Error') && name !== 'FokosError'))(
    'explain the error %s',
    (name) => {
      expect(headings).toContain(name)
    },
  )

  const methods = [
    db,
    db.selectFrom('flights'),
    db.insertInto('flights'),
    db.updateTable('flights'),
    db.deleteFrom('flights'),
  ].flatMap((builder) => {
    const names: string[] = []
    for (let at = builder; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      names.push(...Object.getOwnPropertyNames(at))
    }
    return names.filter((name) => !['constructor', 'expressionType', 'isSelectQueryBuilder'].includes(name))
  })

  it.each([...new Set(methods)])('say what becomes of Kysely’s %s', (method) => {
    expect(read('docs/queries.md')).toContain(`\`${method}\``)
  })

  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...new Set(snippets.map(({ file }) => file)),
    'docs/architecture.md',
    'docs/limits.md',
    'docs/decisions/README.md',
  ]
  const links = [...new Set(pages)].flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map((match) => ({
      page,
      link: match[1] as string,
    })),
  )

  it.each(links)('have what $page links to: $link', ({ page, link }) => {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? root + page : resolve(dirname(root + page), path)
    expect(existsSync(target)).toBe(true)
    if (anchor === undefined) return
    const anchors = [...readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm)].map((match) =>
      (match[1] as string)
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    )
    expect(anchors).toContain(anchor)
  })
})

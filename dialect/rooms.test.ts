import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

const files = ['dialect', 'engine'].flatMap((folder) =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => ({ name: `${folder}/${name}`, text: readFileSync(`${root}${folder}/${name}`, 'utf8') })),
)

/** Source files for which a pattern stands in the code, comments left out. */
function filesWith(pattern: RegExp, where: (name: string) => boolean): string[] {
  return files
    .filter(({ name }) => where(name))
    .filter(({ text }) => pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')))
    .map(({ name }) => name)
}

const isIn =
  (...rooms: readonly string[]) =>
  (name: string) =>
    rooms.some((room) => name.startsWith(room))

/** What only tests use, in rooms that are published. */
const TEST_SUPPORT = [
  'dialect/check/measure.ts',
  'dialect/check/test-project.ts',
  'dialect/compiler/test-database.ts',
  'engine/client/test-network.ts',
  'dialect/driver/scripted-client.ts',
  'engine/partition/transfer/test-world.ts',
  'engine/topology/test-snapshots.ts',
  'engine/topology/keeper/test-tree.ts',
  'engine/topology/keeper/test-world.ts',
]

/** What only tests use. */
const isTest = isIn(
  'engine/simulation/',
  'engine/topology/bench/',
  'engine/runtime/growth/',
  'engine/runtime/kill/',
  'engine/runtime/work-of.ts',
  'dialect/check/sample/',
  'dialect/contention/',
  'dialect/differential/',
  'dialect/growing/',
  'dialect/validating/',
  'dialect/schema/type-tests/',
  ...TEST_SUPPORT,
)

/** What runs in Node, as a command: no Worker has it. */
const isTool = isIn('dialect/check/')

/** What a room imports, by room or package; true where only types are. */
type Imports = ReadonlyMap<string, boolean>

/** The tables of docs/architecture.md: the rooms, each with what it may import. */
function readRooms(): ReadonlyMap<string, Imports> {
  const rows = readFileSync(`${root}docs/architecture.md`, 'utf8').matchAll(
    /^\| *`([^`]+)` *\|.*\|([^|]*)\|$/gm,
  )
  return new Map(
    [...rows]
      .filter(([, name = '']) => /^(dialect|engine)/.test(name))
      .map(([, name = '', cell = '']) => {
        const imports = [...cell.matchAll(/(types of )?`([^`]+)`/g)]
        return [name, new Map(imports.map(([, types, room = '']) => [room, types !== undefined]))]
      }),
  )
}

const rooms = readRooms()

/** A file of its own, or the nearest folder that is one. The two halves are rooms of what lies in them directly. */
function roomOf(file: string): string | undefined {
  const path = file.replace(/\.ts$/, '')
  if (rooms.has(path)) return path
  for (let folder = posix.dirname(path); folder.includes('/'); folder = posix.dirname(folder)) {
    if (rooms.has(folder)) return folder
  }
  const half = posix.dirname(path)
  return rooms.has(half) ? half : undefined
}

/** What a file imports or exports from elsewhere, and whether nothing but types. */
function importsOf({ name, text }: { name: string; text: string }): { from: string; types: boolean }[] {
  const found: { from: string; types: boolean }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, onlyTypes(node.importClause))
    else if (ts.isExportDeclaration(node))
      add(node.moduleSpecifier, node.isTypeOnly || allTypes(node.exportClause))
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  const add = (specifier: ts.Node | undefined, types: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return
    const from = specifier.text
    found.push({ from: from.startsWith('.') ? posix.join(posix.dirname(name), from) : from, types })
  }
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.ESNext))
  return found
}

function onlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  return clause.isTypeOnly || (clause.name === undefined && allTypes(clause.namedBindings))
}

function allTypes(names: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  return (
    names !== undefined &&
    'elements' in names &&
    names.elements.every((name) => 'isTypeOnly' in name && name.isTypeOnly)
  )
}

/** The imports of a room's files from outside of it. */
function outsideImports(room: string): { file: string; of: string; types: boolean }[] {
  return files
    .filter(({ name }) => roomOf(name) === room && !TEST_SUPPORT.includes(name))
    .flatMap((file) =>
      importsOf(file).map(({ from, types }) => {
        const isOurs = /^(dialect|engine)\//.test(from)
        const of = isOurs ? (roomOf(from.replace(/\.js$/, '.ts')) ?? 'no room') : from
        return { file: file.name, of, types }
      }),
    )
    .filter(({ of }) => of !== room)
}

describe('the rooms', () => {
  it('are not empty', () => {
    expect(files.length).toBeGreaterThan(50)
  })

  it('are all in the tables of docs/architecture.md', () => {
    expect(rooms.size).toBeGreaterThan(15)
    expect(files.filter(({ name }) => roomOf(name) === undefined).map(({ name }) => name)).toEqual([])
    const used = new Set(files.map(({ name }) => roomOf(name)))
    expect([...rooms.keys()].filter((room) => !used.has(room))).toEqual([])
  })

  it.each([...rooms.keys()])('import what their row says and nothing else: %s', (room) => {
    const allowed = rooms.get(room) as Imports
    // A room of tests may use any package.
    const counts = ({ of }: { of: string }) => !isTest(`${room}/`) || rooms.has(of) || of === 'no room'
    const imports = outsideImports(room).filter(counts)
    const excess = imports.filter(({ of, types }) => !allowed.has(of) || (allowed.get(of) === true && !types))
    expect(excess).toEqual([])
    if (isTest(`${room}/`)) return
    // And the row says no more than the code needs.
    const needed = [...allowed.keys()].filter((of) => imports.some((used) => used.of === of))
    expect(needed).toEqual([...allowed.keys()])
    const loose = [...allowed].filter(
      ([of, types]) => !types && imports.every((used) => used.of !== of || used.types),
    )
    expect(loose).toEqual([])
  })

  it('leave cloudflare:workers to the runtime', () => {
    const outside = (name: string) => !isIn('engine/runtime/')(name)
    expect(filesWith(/from 'cloudflare:|import\('cloudflare:/, outside)).toEqual([])
  })

  it('keep it out of what the dialect needs of the runtime, so that it loads in Node', () => {
    const published = (name: string) => isIn('dialect/')(name) && !isTest(name)
    const needed = ['bindings', 'identifiers', 'known-tree', 'worker-ports', 'workers-kv']
    const others = new RegExp(`from '.*runtime/(?!(${needed.join('|')})\\.js)`)
    expect(filesWith(others, published)).toEqual([])
    const isNeeded = (name: string) => needed.some((file) => name === `engine/runtime/${file}.ts`)
    expect(filesWith(/cloudflare:|durable-object/, isNeeded)).toEqual([])
  })

  it('keep Kysely out of the engine', () => {
    expect(filesWith(/from 'kysely|import\('kysely/, isIn('engine/'))).toEqual([])
  })

  it('keep the dialect out of the engine', () => {
    expect(filesWith(/from '(\.\.\/)+dialect/, isIn('engine/'))).toEqual([])
  })

  it('reach the world through ports alone', () => {
    const world =
      /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval)\b|\bcrypto\.|new Date\(\)|await fetch\(/
    expect(filesWith(world, (name) => !isTest(name) && !isIn('engine/runtime/')(name))).toEqual([])
  })

  it('use nothing of Node', () => {
    expect(filesWith(/from 'node:/, (name) => !isTest(name) && !isTool(name))).toEqual([])
  })

  it('keep what only tests use out of what is published', () => {
    const tests =
      /from '.*((simulation|bench|growth|kill|differential|type-tests)\/|test-database|test-network|test-snapshots|test-tree|test-world|scripted-client)/
    expect(filesWith(tests, (name) => !isTest(name))).toEqual([])
  })
})

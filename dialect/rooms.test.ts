import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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

/** What only tests use. */
const isTest = isIn(
  'engine/simulation/',
  'engine/runtime/kill/',
  'dialect/differential/',
  'dialect/schema/type-tests/',
)

describe('the rooms', () => {
  it('are not empty', () => {
    expect(files.length).toBeGreaterThan(50)
  })

  it('leave cloudflare:workers to the runtime', () => {
    const outside = (name: string) => !isIn('engine/runtime/')(name)
    expect(filesWith(/from 'cloudflare:|import\('cloudflare:/, outside)).toEqual([])
  })

  it('keep it out of what the dialect needs of the runtime, so that it loads in Node', () => {
    expect(filesWith(/from '.*runtime\/(?!worker-ports)/, isIn('dialect/'))).toEqual([])
    expect(filesWith(/cloudflare:/, (name) => name === 'engine/runtime/worker-ports.ts')).toEqual([])
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
    expect(filesWith(/from 'node:/, (name) => !isTest(name))).toEqual([])
  })

  it('keep what only tests use out of what is published', () => {
    const tests = /from '.*(simulation|kill|differential|type-tests)\//
    expect(filesWith(tests, (name) => !isTest(name))).toEqual([])
  })
})

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = fileURLToPath(new URL('./type-tests/', import.meta.url))

/** Type-checks as a user's project would, libraries included, with the version of Kysely under test. */
function check(...files: readonly string[]) {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const kysely = process.env.KYSELY_PACKAGE ?? 'kysely'
  const program = ts.createProgram(
    files.map((file) => folder + file),
    {
      ...options,
      noErrorTruncation: true,
      // The tests of types are full of what nobody reads.
      noUnusedLocals: false,
      // Kysely's own declarations must still be sound with what is added to them here.
      skipLibCheck: false,
      types: ['node'],
      paths: { ...options.paths, kysely: [`./node_modules/${kysely}`] },
    },
  )
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => ({
    line: diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? -1,
    file: diagnostic.file?.fileName.slice(folder.length) ?? '',
    text: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n').replaceAll('\\"', '"'),
  }))
}

describe('the types', () => {
  it('accept every query that runs', () => {
    expect(check('allowed.ts')).toEqual([])
  })

  const source = readFileSync(`${folder}refused.ts`, 'utf8').split('\n')
  const marks = source.flatMap((text, line) => {
    const mark = /^\s*\/\/ refused: (.*)$/.exec(text)
    return mark === null
      ? []
      : [{ line: line + 1, wanted: mark[1] as string, code: source[line + 1]?.trim() }]
  })
  const errors = check('refused.ts')

  it.each(marks)('refuse $code: $wanted', ({ line, wanted }) => {
    const texts = errors.filter((error) => error.line === line).map(({ text }) => text)
    expect(texts.join('\n')).toContain(wanted)
  })

  it('refuse nothing else', () => {
    const marked = new Set(marks.map(({ line }) => line))
    expect(errors.filter(({ line }) => !marked.has(line))).toEqual([])
  })
})

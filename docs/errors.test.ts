import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Findings } from '../dialect/check/findings.js'
import { makeProject } from '../dialect/check/test-project.js'
import { REFUSALS, type RefusalCode } from '../dialect/compiler/refusals.js'
import { moduleOf, readSnippets, type Snippet } from './snippets.js'

const page = readFileSync(fileURLToPath(new URL('errors.md', import.meta.url)), 'utf8')
const codes = Object.keys(REFUSALS) as RefusalCode[]

/** What the page says of a code. */
function sectionOf(code: RefusalCode): string {
  const [, section = ''] = page.split(`\n### ${code}\n`)
  return section.split(/\n##/)[0] ?? ''
}

/** The snippets of a section: the first is refused, the last is what to write instead. */
function snippetsOf(code: RefusalCode): { readonly before?: Snippet; readonly after?: Snippet } {
  const from = page.split(`\n### ${code}\n`)[0]?.split('\n').length ?? 0
  const to = from + sectionOf(code).split('\n').length
  const own = readSnippets().filter(
    ({ file, line }) => file === 'docs/errors.md' && line > from && line <= to + 1,
  )
  const before = own.find(({ refused }) => refused)
  const after = own.find(({ refused }) => !refused)
  return { ...(before && { before }), ...(after && { after }) }
}

describe('the page of errors', () => {
  it('has a section for each refusal, in order, and for nothing else', () => {
    const headings = [...(page.split('## Refused queries')[1]?.matchAll(/^### (.*)$/gm) ?? [])]
    expect(headings.map(([, code]) => code)).toEqual(codes)
  })

  it.each(codes)('has the text of %s', (code) => {
    expect(sectionOf(code)).toContain(`\n> ${REFUSALS[code].reason}: ${REFUSALS[code].fix}\n`)
  })

  const project = makeProject({})
  for (const code of codes) {
    const { before, after } = snippetsOf(code)
    if (before !== undefined) project.write(`src/${code}/before.ts`, moduleOf(before))
    if (after !== undefined) project.write(`src/${code}/after.ts`, moduleOf(after))
  }
  const { output, errors } = project.run('check', '--format', 'json')
  const patterns = JSON.parse(
    project.run('check', '--explain', '--format', 'json').output,
  ) as Findings['patterns']
  project.remove()
  const findings = JSON.parse(output) as Findings

  it('has snippets that the check can follow', () => {
    expect(errors).toBe('')
    expect(findings.notFollowed).toEqual([])
  })

  it.each(codes)('shows what %s refuses, and with no other code', (code) => {
    const found = findings.refused.filter(({ file }) => file === `src/${code}/before.ts`)
    expect([...new Set(found.map((one) => one.code))]).toEqual([code])
  })

  it.each(codes)('shows what to write instead of %s', (code) => {
    expect(findings.refused.filter(({ file }) => file === `src/${code}/after.ts`)).toEqual([])
    expect(patterns.filter(({ file }) => file === `src/${code}/after.ts`)).not.toEqual([])
  })
})

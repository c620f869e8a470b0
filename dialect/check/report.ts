import type { Finding, Findings, NotFollowed, Pattern, Place } from './findings.js'

/** Where the package is, for who reads a report elsewhere. */
const HOME = 'https://www.npmjs.com/package/kysely-fokos'

/** How a report is written. */
export type Format = 'text' | 'json' | 'sarif'

/** The findings as a text for people, or for a machine. */
export function reportAs(format: Format, findings: Findings, version: string): string {
  switch (format) {
    case 'text':
      return textReport(findings)
    case 'json':
      return JSON.stringify(findings, undefined, 2)
    case 'sarif':
      return JSON.stringify(sarifReport(findings, version), undefined, 2)
    default:
      return format satisfies never
  }
}

function textReport({ refused, notFollowed, queries, ignored }: Findings): string {
  const lines = refused.map(({ code, message, executed, ...place }) => {
    const elsewhere = executed.length === 0 ? '' : ` (executed at ${executed.map(placeText).join(', ')})`
    return `${placeText(place)} ${code} ${message}${elsewhere}`
  })
  const lost = notFollowed.map(
    ({ why, since, ...place }) =>
      `${placeText(place)} not followed: ${why}${since === undefined ? '' : ` (${placeText(since)})`}`,
  )
  const counts = [
    counted(queries, 'query', 'queries'),
    `${refused.length} refused`,
    ...(ignored === 0 ? [] : [`${ignored} allowed by comments`]),
    `${notFollowed.length} not followed`,
  ]
  return [...lines, ...lost, counts.join(', ')].join('\n')
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}

function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

/** Patterns as they are committed: a line for each, under its function. */
export function patternsText(patterns: readonly Pattern[]): string {
  const lines: string[] = []
  let before: Pattern | undefined
  for (const pattern of patterns) {
    if (pattern.file !== before?.file) lines.push(...(before === undefined ? [] : ['']), pattern.file)
    if (pattern.file !== before?.file || pattern.function !== before.function)
      lines.push(`  ${pattern.function}`)
    lines.push(`    ${pattern.pattern}`)
    before = pattern
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** A report for GitHub and others: the Static Analysis Results Interchange Format, version 2.1.0. */
function sarifReport({ refused, notFollowed }: Findings, version: string): unknown {
  const codes = [...new Set(refused.map(({ code }) => code))]
  const rules = [
    ...codes.map((id) => ({
      id,
      shortDescription: { text: `A query that is refused: ${id}` },
      help: { text: `kysely-fokos/docs/errors.md#${id}` },
      defaultConfiguration: { level: 'error' },
    })),
    ...(notFollowed.length === 0
      ? []
      : [
          {
            id: NOT_FOLLOWED,
            shortDescription: { text: 'A query that could not be followed, and is not checked' },
            help: { text: 'kysely-fokos/docs/check.md#what-it-does-not-follow' },
            defaultConfiguration: { level: 'note' },
          },
        ]),
  ]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'kysely-fokos', version, informationUri: HOME, rules } },
        columnKind: 'utf16CodeUnits',
        results: [
          ...refused.map((finding) => refusedResult(finding, codes.indexOf(finding.code))),
          ...notFollowed.map((one) => notFollowedResult(one, codes.length)),
        ],
      },
    ],
  }
}

const NOT_FOLLOWED = 'not_followed'

function refusedResult(finding: Finding, ruleIndex: number): unknown {
  return {
    ruleId: finding.code,
    ruleIndex,
    level: 'error',
    message: { text: finding.message },
    locations: [location(finding)],
    ...(finding.executed.length === 0
      ? undefined
      : {
          relatedLocations: finding.executed.map((place) => ({
            ...location(place),
            message: { text: 'executed here' },
          })),
        }),
  }
}

function notFollowedResult({ why, since, ...place }: NotFollowed, ruleIndex: number): unknown {
  return {
    ruleId: NOT_FOLLOWED,
    ruleIndex,
    level: 'note',
    message: { text: `This query is not checked: ${why}` },
    locations: [location(place)],
    ...(since === undefined
      ? undefined
      : { relatedLocations: [{ ...location(since), message: { text: 'followed up to here' } }] }),
  }
}

function location({ file, line, column }: Place): { readonly physicalLocation: unknown } {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodeURI(file) },
      region: { startLine: line, startColumn: column },
    },
  }
}

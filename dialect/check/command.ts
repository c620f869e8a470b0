import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { changesText, compareWithBaseline } from './baseline.js'
import { CannotCheckError } from './cannot-check-error.js'
import { findIn } from './findings.js'
import { openProject } from './open-project.js'
import { type Format, patternsText, reportAs } from './report.js'

/** What the command prints, and how it ends: 0 if all is well, 1 for refusals and differences, 2 if it could not run. */
export interface Outcome {
  readonly exitCode: 0 | 1 | 2
  readonly output: string
  readonly errors: string
}

const HELP = `kysely-fokos check [paths] [options]

Plans every query of a TypeScript project, and says which are refused.

  paths                    files or folders to report on; default: the whole project
  --project, -p FILE       the project's tsconfig.json; default: the nearest above the first path
  --format text|json|sarif how to report; default: text
  --explain                list the operations that the queries become, instead
  --baseline FILE          also fail when that list differs from the one in FILE
  --update-baseline        write the list to the FILE of --baseline, instead of comparing
  --undeclared             take every Kysely whose database is not known for one of the ready-made FokosDialect
  --strict                 also fail when a query could not be followed
  --help, -h
  --version, -v

Exits with 0 if nothing is refused, 1 if something is, 2 if it could not run.
A comment "// kysely-fokos-allow CODE" before a statement, or in its line, allows one refusal.`

const FORMATS: readonly Format[] = ['text', 'json', 'sarif']

/** Runs the command. It reads files and writes none but a baseline. */
export function runCommand(args: readonly string[], here: string, version: string): Outcome {
  try {
    return run(args, here, version)
  } catch (error) {
    if (error instanceof CannotCheckError || isOfArguments(error)) {
      return { exitCode: 2, output: '', errors: `kysely-fokos: ${(error as Error).message}` }
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return {
      exitCode: 2,
      output: '',
      errors: `kysely-fokos: the check has failed, please report this: ${text}`,
    }
  }
}

function isOfArguments(error: unknown): boolean {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}

function run(args: readonly string[], here: string, version: string): Outcome {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      project: { type: 'string', short: 'p' },
      format: { type: 'string', default: 'text' },
      explain: { type: 'boolean', default: false },
      baseline: { type: 'string' },
      'update-baseline': { type: 'boolean', default: false },
      undeclared: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', short: 'v', default: false },
    },
  })
  if (values.help) return { exitCode: 0, output: HELP, errors: '' }
  if (values.version) return { exitCode: 0, output: version, errors: '' }
  const [command, ...paths] = positionals
  if (command !== 'check') {
    throw new CannotCheckError(
      `${command === undefined ? 'say what to do' : `there is no command ${command}`}\n\n${HELP}`,
    )
  }
  const format = values.format as Format
  if (!FORMATS.includes(format))
    throw new CannotCheckError(`there is no format ${format}, but ${FORMATS.join(', ')}`)
  const update = values['update-baseline']
  if (update && values.baseline === undefined)
    throw new CannotCheckError('name the file to update with --baseline')
  const baseline = values.baseline === undefined ? undefined : resolve(here, values.baseline)

  const wanted = paths.map((path) => existing(resolve(here, path)))
  const [first = here] = wanted
  const from = statSync(first).isDirectory() ? first : dirname(first)
  const { program, folder } = openProject(
    from,
    values.project === undefined ? undefined : resolve(here, values.project),
  )
  const reports = (file: string) => {
    const path = resolve(file)
    return wanted.length === 0 || wanted.some((one) => path === one || path.startsWith(one + sep))
  }
  if (!program.getRootFileNames().some(reports)) {
    throw new CannotCheckError(`none of the project's files is in ${paths.join(', ')}`)
  }
  const findings = findIn(program, { takeUndeclared: values.undeclared, reports, here, folder })
  const failed = findings.refused.length > 0 || (values.strict && findings.notFollowed.length > 0)

  const list = patternsText(findings.patterns)
  if (baseline !== undefined && update) writeFileSync(baseline, list)
  const changes =
    baseline === undefined || update ? [] : compareWithBaseline(findings.patterns, readBaseline(baseline))
  const differs =
    changes.length === 0
      ? ''
      : `${changesText(changes)}\n${changes.length} access pattern changes: review them, then run with --update-baseline`
  const report = reportAs(format, findings, version)
  const exitCode = failed || changes.length > 0 ? 1 : 0
  if (values.explain) {
    const output = format === 'json' ? JSON.stringify(findings.patterns, undefined, 2) : list.trimEnd()
    return { exitCode, output, errors: joined(reportAs('text', findings, version), differs) }
  }
  // What a machine reads is nothing but the report.
  return format === 'text'
    ? { exitCode, output: joined(report, differs), errors: '' }
    : { exitCode, output: report, errors: differs }
}

function joined(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n')
}

function existing(path: string): string {
  if (!existsSync(path)) throw new CannotCheckError(`there is no ${path}`)
  return path
}

function readBaseline(file: string): string {
  if (!existsSync(file)) {
    throw new CannotCheckError(`there is no ${file}: write it with --update-baseline, and commit it`)
  }
  return readFileSync(file, 'utf8')
}

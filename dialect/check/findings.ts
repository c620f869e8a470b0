import { relative, sep } from 'node:path'
import type { Node, Program } from 'typescript'
import { followProgram } from './follow-program.js'
import type { Queries } from './queries.js'
import { ts } from './typescript.js'

/** A place in a source file. Lines and columns count from 1. */
export interface Place {
  /** With slashes, as the one who asked would name it. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A query that is refused. */
export interface Finding extends Place {
  readonly code: string
  readonly message: string
  readonly reason: string
  readonly fix: string
  /** Where it is executed, if that is elsewhere. */
  readonly executed: readonly Place[]
}

/** A query that could not be followed. */
export interface NotFollowed extends Place {
  readonly why: string
  /** Where following ended, if that is elsewhere. */
  readonly since: Place | undefined
}

/** What queries of one function become. */
export interface Pattern {
  readonly file: string
  readonly function: string
  readonly pattern: string
}

/** All that the check has to say of a program. */
export interface Findings {
  readonly refused: readonly Finding[]
  readonly notFollowed: readonly NotFollowed[]
  /** Sorted, and each once. */
  readonly patterns: readonly Pattern[]
  /** The places at which queries are executed. */
  readonly queries: number
  /** Refusals that a comment allows. */
  readonly ignored: number
}

/** Which files are reported, and how they are named. */
export interface FindingsOptions {
  readonly takeUndeclared: boolean
  /** Whether a file is reported on. */
  reports(file: string): boolean
  /** What the names of files in findings are relative to. */
  readonly here: string
  /** What those in patterns are relative to. */
  readonly folder: string
}

/** Checks a program. */
export function findIn(program: Program, options: FindingsOptions): Findings {
  const queries = followProgram(program, options)
  const reported = (node: Node) => options.reports(node.getSourceFile().fileName)
  const place = (node: Node) => placeOf(node, options.here)
  const refused = [...queries.refused.values()].filter(({ at }) => reported(at))
  const shown = refused.filter(({ at, code }) => !isAllowed(at, code))
  return {
    refused: shown
      .map(({ at, code, message, reason, fix, executed }) => ({
        ...place(at),
        code,
        message,
        reason,
        fix,
        executed: [...executed].filter((site) => !isWithin(at, site)).map(place),
      }))
      .sort(byPlace),
    notFollowed: notFollowed(queries, reported, place),
    patterns: patternsOf(queries, reported, options.folder),
    queries: [...queries.sites].filter(reported).length,
    ignored: refused.length - shown.length,
  }
}

function notFollowed(
  queries: Queries,
  reported: (node: Node) => boolean,
  place: (node: Node) => Place,
): NotFollowed[] {
  return [...queries.lost]
    .filter(([site]) => reported(site))
    .flatMap(([site, reasons]) =>
      [...reasons].map(([why, at]) => ({ ...place(site), why, since: at === site ? undefined : place(at) })),
    )
    .sort(byPlace)
}

function patternsOf(queries: Queries, reported: (node: Node) => boolean, folder: string): Pattern[] {
  const patterns = new Map<string, Pattern>()
  for (const [site, texts] of queries.patterns) {
    if (!reported(site)) continue
    for (const pattern of texts) {
      const found = { file: fileName(site, folder), function: functionName(site), pattern }
      patterns.set(`${found.file}\n${found.function}\n${pattern}`, found)
    }
  }
  return [...patterns.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pattern]) => pattern)
}

function placeOf(node: Node, folder: string): Place {
  const file = node.getSourceFile()
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart())
  return { file: fileName(node, folder), line: line + 1, column: character + 1 }
}

function fileName(node: Node, folder: string): string {
  return relative(folder, node.getSourceFile().fileName).split(sep).join('/')
}

function isWithin(node: Node, outer: Node): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) if (at === outer) return true
  return false
}

/** The names of what stands around a place: they change less often than its line. */
function functionName(site: Node): string {
  const names: string[] = []
  for (let at: Node | undefined = site.parent; at !== undefined; at = at.parent) {
    const name = ownName(at)
    if (name !== undefined) names.unshift(name)
  }
  return names.length === 0 ? '(module)' : names.join('.')
}

function ownName(node: Node): string | undefined {
  if (ts.isExportAssignment(node)) return 'default'
  if (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isAccessor(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isPropertyDeclaration(node)
  ) {
    const name = node.name
    if (name === undefined) return 'default'
    return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : name.getText()
  }
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name)) return undefined
  // Variables of a function that hold results say nothing of where it is.
  const { initializer } = node
  const holds =
    initializer !== undefined && (ts.isFunctionLike(initializer) || ts.isObjectLiteralExpression(initializer))
  return holds ? node.name.text : undefined
}

/** Whether a comment before the statement, or in its line, allows this refusal. */
function isAllowed(node: Node, code: string): boolean {
  const file = node.getSourceFile()
  const lines = file.text.split('\n')
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line
  let statement: Node = node
  while (statement.parent !== undefined && !ts.isStatement(statement)) statement = statement.parent
  const own = lineOf(node.getStart())
  const candidates = [lines[own], lines[own - 1], lines[lineOf(statement.getStart()) - 1]]
  return candidates.some((line = '') => {
    const allowed = /\/[/*] *kysely-fokos-allow +([\w, ]+)/.exec(line)?.[1]
    return allowed?.split(/[ ,]+/).includes(code) === true
  })
}

function byPlace(a: Place, b: Place): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}

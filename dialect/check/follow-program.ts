import { isCompilable } from 'kysely'
import type {
  CallExpression,
  FunctionLikeDeclaration,
  Node,
  Program,
  SourceFile,
  Symbol as TsSymbol,
} from 'typescript'
import { ALWAYS, type Alternatives } from './alternatives.js'
import { isExecution } from './call.js'
import type { Check } from './check.js'
import { symbolValue } from './evaluate.js'
import { executeBlock } from './execute.js'
import { invoke, isNested, placeholderArguments } from './invoke.js'
import { KnownDatabases } from './known-databases.js'
import { libraryOf } from './library.js'
import { construct } from './member.js'
import { moduleActivation, moduleFrame } from './modules.js'
import { isBuilder, kyselyOfType } from './placeholder-value.js'
import { Queries } from './queries.js'
import { findTouching } from './touches-kysely.js'
import { ts } from './typescript.js'
import { Closure, FOREIGN, isReal, ProgramClass } from './values.js'

/** How a program is followed. */
export interface FollowOptions {
  /** Whether a Kysely of which nothing says the contrary has the ready-made dialect. */
  readonly takeUndeclared: boolean
}

/**
 * Follows a program from each function that nobody in it calls, and plans all queries that it executes on the way.
 * What nobody calls is followed with values of the types of its parameters.
 */
export function followProgram(program: Program, { takeUndeclared }: FollowOptions): Queries {
  const checker = program.getTypeChecker()
  const files = program.getSourceFiles().filter((file) => isOfProgram(program, file))
  const check: Check = {
    program,
    checker,
    databases: new KnownDatabases(checker, takeUndeclared),
    queries: new Queries(),
    values: new Map(),
    made: 0,
    keys: 0,
    invoked: new Set(),
    pending: [],
    modules: new Map(),
    underWay: new Set(),
    handedOut: [],
    touching: findTouching(files, checker),
    calls: new Map(),
    steps: 0,
  }
  findDeclarations(check, files)
  for (const file of files) followModule(check, file)
  const referenced = referencedFunctions(check, files)
  const later: Closure[] = []
  followPending(check, referenced, later)
  const functions = files.flatMap((file) => functionsOf(check, file))
  for (const closure of functions) {
    if (referenced.has(closure.node)) later.push(closure)
    else follow(check, closure)
    followPending(check, referenced, later)
  }
  for (let closure = later.shift(); closure !== undefined; closure = later.shift()) {
    follow(check, closure)
    followPending(check, new Set(), later)
  }
  planHandedOut(check)
  findUnreached(check, files)
  for (const site of check.queries.followed) check.queries.settle(site)
  return check.queries
}

function isOfProgram(program: Program, file: SourceFile): boolean {
  if (file.isDeclarationFile || program.isSourceFileFromExternalLibrary(file)) return false
  return libraryOf(file as never) === undefined
}

/** Evaluates the declarations of databases before all else: types are of them. */
function findDeclarations(check: Check, files: readonly SourceFile[]): void {
  for (const file of files) {
    if (!file.text.includes('defineDatabase')) continue
    const visit = (node: Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        const { parent } = node
        const symbol =
          ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)
            ? check.checker.getSymbolAtLocation(parent.name)
            : undefined
        if (symbol !== undefined && node.expression.text === 'defineDatabase' && !isInFunction(node)) {
          symbolValue(moduleFrame(check, file), symbol, node)
        }
      }
      ts.forEachChild(node, visit)
    }
    visit(file)
  }
}

function isInFunction(node: Node): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) if (ts.isFunctionLike(at)) return true
  return false
}

function followModule(check: Check, file: SourceFile): void {
  check.steps = 0
  const frame = moduleFrame(check, file)
  if (!check.touching.touches(file)) return
  executeBlock(frame, file.statements)
  const exports = check.checker.getSymbolAtLocation(file)
  for (const symbol of exports === undefined ? [] : check.checker.getExportsOfModule(exports)) {
    const at = symbol.valueDeclaration
    const value = frame.activation.variables.get(symbol)
    if (at !== undefined && value !== undefined) handOut(check, value, at)
  }
}

/** The functions of a file, and the methods of its classes, that are not within others. */
function functionsOf(check: Check, file: SourceFile): Closure[] {
  const frame = moduleFrame(check, file)
  const activation = moduleActivation(check, file)
  return file.statements.flatMap((statement): Closure[] => {
    if (ts.isFunctionDeclaration(statement) && statement.body !== undefined) {
      return [new Closure(statement, activation, undefined)]
    }
    if (!ts.isClassDeclaration(statement) || !check.touching.touches(statement)) return []
    const of = new ProgramClass(statement, activation)
    const methods = statement.members.filter(
      (member) => ts.isMethodDeclaration(member) || ts.isAccessor(member),
    ) as FunctionLikeDeclaration[]
    if (methods.length === 0) return []
    check.steps = 0
    const instance = construct(frame, of, undefined)
    return methods.map((method) => new Closure(method, activation, instance))
  })
}

function follow(check: Check, closure: Closure): void {
  if (check.invoked.has(closure.node)) return
  check.steps = 0
  check.invoked.add(closure.node)
  if (!isNested(closure) && !check.touching.touches(closure.node)) return
  const args = placeholderArguments(check, closure.node)
  try {
    handOut(check, invoke({ check, stack: [], path: ALWAYS }, closure, args, closure.node), closure.node)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    check.queries.lose(closure.node, 'it nests too deeply to be followed', closure.node)
  }
}

/** Functions within functions, and those that variables hold: if nobody has called them yet, nobody here does. */
function followPending(check: Check, referenced: ReadonlySet<Node>, later: Closure[]): void {
  for (let closure = check.pending.shift(); closure !== undefined; closure = check.pending.shift()) {
    if (referenced.has(closure.node)) later.push(closure)
    else follow(check, closure)
  }
}

function handOut(check: Check, alternatives: Alternatives, at: Node): void {
  for (const { value } of alternatives) {
    if (isReal(value) && isCompilable(value)) check.handedOut.push({ value, at })
  }
}

/** The functions that something names beside their declaration. */
function referencedFunctions(check: Check, files: readonly SourceFile[]): Set<Node> {
  const names = new Map<string, Node>()
  const byDeclaration = new Map<Node, Node>()
  for (const file of files) {
    for (const statement of file.statements) {
      if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) {
        names.set(statement.name.text, statement)
        byDeclaration.set(statement, statement)
      } else if (ts.isVariableStatement(statement)) {
        for (const declaration of statement.declarationList.declarations) {
          const { name, initializer } = declaration
          if (!ts.isIdentifier(name) || initializer === undefined || !ts.isFunctionLike(initializer)) continue
          names.set(name.text, declaration)
          byDeclaration.set(declaration, initializer)
        }
      }
    }
  }
  const referenced = new Set<Node>()
  const visit = (node: Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return
    if (ts.isIdentifier(node) && names.has(node.text) && !isName(node)) {
      const found = ts.isShorthandPropertyAssignment(node.parent)
        ? check.checker.getShorthandAssignmentValueSymbol(node.parent)
        : check.checker.getSymbolAtLocation(node)
      for (const declaration of resolve(check, found)?.declarations ?? []) {
        const called = byDeclaration.get(declaration)
        if (called !== undefined) referenced.add(called)
      }
    }
    ts.forEachChild(node, visit)
  }
  for (const file of files) visit(file)
  return referenced
}

function isName(node: Node): boolean {
  const { parent } = node
  return (ts.isFunctionDeclaration(parent) || ts.isVariableDeclaration(parent)) && parent.name === node
}

function resolve(check: Check, symbol: TsSymbol | undefined): TsSymbol | undefined {
  return symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias
    ? check.checker.getAliasedSymbol(symbol)
    : symbol
}

/** What of the queries is refused that others may add to: that something is missing is not among it. */
function planHandedOut({ queries, handedOut }: Check): void {
  for (const { value } of handedOut) {
    const builder = value as { compile(): unknown }
    const beginning = queries.beginning(builder)
    if (beginning !== undefined && !queries.begun.has(beginning)) queries.planAsItStands(beginning, builder)
  }
}

/** Where a query seems to be executed, and nobody came by: in code that is not reached, or not understood. */
function findUnreached({ checker, queries, ...check }: Check, files: readonly SourceFile[]): void {
  const visit = (node: Node): void => {
    if (ts.isCallExpression(node) && isUnreached(node)) queries.lose(node, 'code that was not reached', node)
    ts.forEachChild(node, visit)
  }
  const isUnreached = (node: CallExpression): boolean => {
    const { expression } = node
    if (!ts.isPropertyAccessExpression(expression) || !isExecution(expression.name.text)) return false
    if (queries.followed.has(node) || queries.lost.has(node)) return false
    const type = checker.getTypeAtLocation(expression.expression)
    if (type.flags & ts.TypeFlags.Any)
      return /\b(selectFrom|insertInto|updateTable|deleteFrom)\(/.test(expression.getText())
    if (expression.name.text === 'executeQuery') {
      const kysely = kyselyOfType({ ...check, checker, queries }, type, node)
      return kysely !== undefined && kysely !== FOREIGN
    }
    return isBuilder(type)
  }
  for (const file of files) visit(file)
}

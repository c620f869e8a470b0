import type { Identifier, Node, SourceFile, StringLiteral, TypeChecker } from 'typescript'
import { ts } from './typescript.js'

/** Methods that hardly anything but Kysely has. */
const METHODS = new Set([
  ...['selectFrom', 'insertInto', 'replaceInto', 'updateTable', 'deleteFrom', 'mergeInto', 'selectNoFrom'],
  ...[
    'selectAll',
    'executeTakeFirst',
    'executeTakeFirstOrThrow',
    'executeQuery',
    'startTransaction',
    'withSchema',
  ],
  ...['FokosDialect', 'defineDatabase', 'retryTransaction', 'scanEveryPartition', '$if', '$call'],
])

/** Whether functions have to do with queries, as far as that can be told from the names in them. */
export interface Touching {
  /** Of a function, or of a statement. */
  touches(node: Node): boolean
}

/**
 * Finds the names of all that has to do with queries: what names Kysely, and what names that. It says so of more than
 * is true, because names are not unique; what it leaves out has nothing to do with queries.
 */
export function findTouching(files: readonly SourceFile[], checker: TypeChecker): Touching {
  const related = relatedFiles(files, checker)
  const imported = new Map(files.map((file) => [file, importedNames(file)]))
  const declarations = [...related].flatMap(declarationsOf)
  const touching = new Set<string>(METHODS)
  const names = new WeakMap<Node, ReadonlySet<string>>()
  const namesIn = (node: Node) => {
    let found = names.get(node)
    if (found === undefined) {
      found = identifiersIn(node)
      names.set(node, found)
    }
    return found
  }
  const touches = (node: Node) => {
    const file = node.getSourceFile()
    if (!related.has(file)) return false
    const own = imported.get(file)
    for (const name of namesIn(node)) if (touching.has(name) || own?.has(name)) return true
    return false
  }
  for (let isNew = true; isNew; ) {
    isNew = false
    for (const { name, of } of declarations) {
      if (touching.has(name) || !of.some(touches)) continue
      touching.add(name)
      isNew = true
    }
  }
  return { touches }
}

/** The files that import Kysely or this package, or that import one that does. */
function relatedFiles(files: readonly SourceFile[], checker: TypeChecker): ReadonlySet<SourceFile> {
  const related = new Set(files.filter((file) => LIBRARY.test(importsOf(file).join('\n'))))
  const imports = files.map((file) => ({ file, of: importedFiles(file, checker) }))
  for (let count = -1; count !== related.size; ) {
    count = related.size
    for (const { file, of } of imports) if (of.some((other) => related.has(other))) related.add(file)
  }
  return related
}

const LIBRARY = /^kysely(-fokos)?(\/|$)/m

function importsOf(file: SourceFile): string[] {
  return specifiersOf(file).map(({ text }) => text)
}

function specifiersOf(file: SourceFile): StringLiteral[] {
  return file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
    const { moduleSpecifier } = statement
    return moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier] : []
  })
}

function importedFiles(file: SourceFile, checker: TypeChecker): SourceFile[] {
  return specifiersOf(file).flatMap((specifier) => {
    const declaration = checker.getSymbolAtLocation(specifier)?.valueDeclaration
    return declaration !== undefined && ts.isSourceFile(declaration) ? [declaration] : []
  })
}

/** What a file has from Kysely, or from this package. */
function importedNames(file: SourceFile): ReadonlySet<string> {
  const found = new Set<string>()
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    if (!LIBRARY.test(statement.moduleSpecifier.text)) continue
    const { name, namedBindings } = statement.importClause ?? {}
    if (name !== undefined) found.add(name.text)
    if (namedBindings === undefined) continue
    if (ts.isNamespaceImport(namedBindings)) found.add(namedBindings.name.text)
    else for (const element of namedBindings.elements) found.add(element.name.text)
  }
  return found
}

/** What a name says elsewhere: of functions what is in them, of others what they are said to be. */
function declarationsOf(file: SourceFile): { readonly name: string; readonly of: readonly Node[] }[] {
  const found: { readonly name: string; readonly of: readonly Node[] }[] = []
  const add = (name: Node | undefined, ...of: readonly (Node | undefined)[]) => {
    const present = of.filter((node) => node !== undefined)
    if (name !== undefined && present.length > 0 && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) {
      found.push({ name: name.text, of: present })
    }
  }
  const visit = (node: Node, isInFunction: boolean): void => {
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) {
      add(node.name, node.body, node.type)
    } else if (ts.isPropertyDeclaration(node)) add(node.name, node.type, node.initializer)
    else if (ts.isParameter(node)) add(node.name, node.type)
    else if (ts.isClassDeclaration(node)) add(node.name, node)
    else if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) add(node.name, node)
    else if (ts.isPropertyAssignment(node)) add(node.name, functionOf(node.initializer))
    else if (ts.isVariableDeclaration(node)) {
      add(node.name, node.type, isInFunction ? functionOf(node.initializer) : node.initializer)
    } else if (ts.isBindingElement(node) && !isInFunction) {
      const { parent } = node.parent
      add(node.name, ts.isVariableDeclaration(parent) ? parent.initializer : undefined)
    }
    ts.forEachChild(node, (child) => visit(child, isInFunction || ts.isFunctionLike(node)))
  }
  visit(file, false)
  return found
}

/** What a variable of a function holds says nothing of its name elsewhere, unless it can be called. */
function functionOf(node: Node | undefined): Node | undefined {
  return node !== undefined && (ts.isFunctionLike(node) || ts.isNewExpression(node)) ? node : undefined
}

function identifiersIn(node: Node): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (at: Node): void => {
    if (ts.isIdentifier(at) || ts.isPrivateIdentifier(at)) found.add((at as Identifier).text)
    ts.forEachChild(at, visit)
  }
  visit(node)
  return found
}

import type { Node } from 'typescript'
import type { Check } from './check.js'
import { ts } from './typescript.js'

/** What a function names that has to do with queries. */
const WORDS = new Set([
  ...[
    'Kysely',
    'FokosDialect',
    'defineDatabase',
    'sql',
    'CompiledQuery',
    'expressionBuilder',
    'dynamic',
    'schema',
  ],
  ...['selectFrom', 'insertInto', 'replaceInto', 'updateTable', 'deleteFrom', 'mergeInto', 'selectNoFrom'],
  ...['where', 'orderBy', 'innerJoin', 'leftJoin', 'executeQuery', 'execute', 'executeTakeFirst', 'stream'],
  ...['executeTakeFirstOrThrow', 'transaction', 'startTransaction', 'retryTransaction', 'scanEveryPartition'],
  ...['withPlugin', 'withSchema', 'db', 'trx', 'selectAll', 'select', 'returning', 'limit', '$if', '$call'],
])

const known = new WeakMap<Node, boolean>()

/** Whether a function, or one that it calls by name, has to do with queries: others need not be followed into. */
export function touchesKysely(check: Check, node: Node): boolean {
  const answer = known.get(node)
  if (answer !== undefined) return answer
  // A function that calls itself does not, if nothing else of it does.
  known.set(node, false)
  const found = visit(check, node)
  known.set(node, found)
  return found
}

function visit(check: Check, node: Node): boolean {
  if (node.kind === ts.SyntaxKind.ThisKeyword) return true
  if (ts.isIdentifier(node) && WORDS.has(node.text)) return true
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const symbol = check.checker.getSymbolAtLocation(node.expression)
    const target =
      symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias
        ? check.checker.getAliasedSymbol(symbol)
        : symbol
    for (const declaration of target?.declarations ?? []) {
      if (declaration.getSourceFile().isDeclarationFile) continue
      const called = ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration
      if (called !== undefined && ts.isFunctionLike(called) && touchesKysely(check, called)) return true
    }
  }
  return ts.forEachChild(node, (child) => visit(check, child) || undefined) ?? false
}

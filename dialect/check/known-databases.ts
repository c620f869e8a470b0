import { CamelCasePlugin, type Kysely, type KyselyPlugin } from 'kysely'
import type { Node, Symbol as TsSymbol, Type, TypeChecker } from 'typescript'
import type { DatabaseDeclaration } from '../index.js'
import type { TableDeclarations } from '../schema/define-database.js'
import { tableSchema } from '../schema/table.js'
import {
  type DatabaseSchema,
  declaredSchema,
  type TableSchema,
  UNDECLARED_SCHEMA,
} from '../schema/table-schema.js'
import { plannedKysely } from './planned-kysely.js'
import { ts } from './typescript.js'

/** A `defineDatabase` of the program. */
export interface KnownDatabase {
  readonly schema: DatabaseSchema
  readonly tables: readonly TableSchema[]
  /** The variable that holds it, where there is one. */
  readonly symbol: TsSymbol | undefined
}

/** How a type says which database a Kysely is of. */
type Resolved =
  | { readonly kind: 'ours'; readonly schema: DatabaseSchema; readonly plugins: readonly KyselyPlugin[] }
  /** It has marked keys, and no declaration that has the same. */
  | { readonly kind: 'undeclared' }
  | { readonly kind: 'foreign' }

/** Says which of the program's databases a type is of. */
export class KnownDatabases {
  readonly #checker: TypeChecker
  readonly #declared: KnownDatabase[] = []
  readonly #resolved = new Map<Type, Resolved>()
  // biome-ignore lint/suspicious/noExplicitAny: of any database
  readonly #made = new Map<string, Kysely<any>>()
  readonly #schemaNumbers = new Map<DatabaseSchema, number>()
  readonly #takeUndeclared: boolean

  /** @param takeUndeclared whether a database type without marked keys is one of the ready-made `FokosDialect`. */
  constructor(checker: TypeChecker, takeUndeclared: boolean) {
    this.#checker = checker
    this.#takeUndeclared = takeUndeclared
  }

  /** Takes note of a declaration, and gives its schema: the same for the same. */
  declare(declaration: DatabaseDeclaration<TableDeclarations>, symbol: TsSymbol | undefined): DatabaseSchema {
    const tables = Object.entries(declaration.tables).map(([name, declared]) => tableSchema(name, declared))
    const schema = declaredSchema(tables)
    this.#declared.push({ schema, tables, symbol })
    return schema
  }

  get count(): number {
    return this.#declared.length
  }

  /** The Kysely for a database type, the same each time. */
  kyselyOf(
    type: Type | undefined,
    inTransaction: boolean,
    // biome-ignore lint/suspicious/noExplicitAny: of any database
  ): { readonly kind: 'ours'; readonly kysely: Kysely<any> } | Exclude<Resolved, { readonly kind: 'ours' }> {
    const resolved = type === undefined ? this.#withoutMarks() : this.#resolve(type)
    if (resolved.kind !== 'ours') return resolved
    const { schema, plugins } = resolved
    if (!this.#schemaNumbers.has(schema)) this.#schemaNumbers.set(schema, this.#schemaNumbers.size)
    const name = `${this.#schemaNumbers.get(schema)} ${plugins.length} ${inTransaction}`
    let kysely = this.#made.get(name)
    if (kysely === undefined) {
      kysely = plannedKysely({ schema, plugins, inTransaction })
      this.#made.set(name, kysely)
    }
    return { kind: 'ours', kysely }
  }

  #resolve(type: Type): Resolved {
    let resolved = this.#resolved.get(type)
    if (resolved === undefined) {
      resolved = this.#resolveAnew(type)
      this.#resolved.set(type, resolved)
    }
    return resolved
  }

  #resolveAnew(given: Type): Resolved {
    const type = this.#checker.getBaseConstraintOfType(given) ?? given
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return this.#withoutMarks()
    const named = this.#byAlias(type)
    if (named !== undefined) return { kind: 'ours', schema: named.schema, plugins: [] }
    const marked = this.#markedTables(type)
    if (marked.size === 0) return this.#withoutMarks()
    for (const [rename, plugins] of [
      [(name: string) => name, []],
      [snakeCased, [new CamelCasePlugin()]],
    ] as const) {
      const fitting = this.#declared.filter((database) => fits(database, marked, rename))
      const [first] = fitting
      // Two that are alike in all that the type says, and not in the order of their keys, cannot be told apart.
      if (first !== undefined && fitting.every((other) => sameKeys(first, other))) {
        return { kind: 'ours', schema: first.schema, plugins }
      }
    }
    return this.#fromMarks(marked)
  }

  #withoutMarks(): Resolved {
    return this.#takeUndeclared
      ? { kind: 'ours', schema: UNDECLARED_SCHEMA, plugins: [] }
      : { kind: 'foreign' }
  }

  /** By the way it is written: `type Database = InferDatabase<typeof database>`. */
  #byAlias(type: Type): KnownDatabase | undefined {
    const [argument] = type.aliasTypeArguments ?? []
    if (type.aliasSymbol?.name === 'InferDatabase' && argument !== undefined) {
      return this.#declared.find(
        ({ symbol }) => symbol !== undefined && this.#checker.getTypeOfSymbol(symbol) === argument,
      )
    }
    for (const declaration of type.aliasSymbol?.declarations ?? []) {
      if (!ts.isTypeAliasDeclaration(declaration) || !ts.isTypeReferenceNode(declaration.type)) continue
      const { typeName, typeArguments } = declaration.type
      const [query] = typeArguments ?? []
      if (typeName.getText() !== 'InferDatabase' || query === undefined || !ts.isTypeQueryNode(query))
        continue
      const symbol = this.#resolveSymbol(query.exprName)
      const found = this.#declared.find((database) => database.symbol === symbol)
      if (found !== undefined) return found
    }
    return undefined
  }

  #resolveSymbol(node: Node): TsSymbol | undefined {
    const symbol = this.#checker.getSymbolAtLocation(node)
    return symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias
      ? this.#checker.getAliasedSymbol(symbol)
      : symbol
  }

  /** The tables of a database type whose key columns are marked, with those. */
  #markedTables(type: Type): Map<string, { readonly hash: string; readonly sort: readonly string[] }> {
    const tables = new Map<string, { readonly hash: string; readonly sort: readonly string[] }>()
    for (const table of type.getProperties()) {
      const columns = { hash: [] as string[], sort: [] as string[] }
      for (const column of this.#checker.getTypeOfSymbol(table).getProperties()) {
        const mark = this.#markOf(this.#checker.getTypeOfSymbol(column))
        if (mark !== undefined) columns[mark].push(column.name)
      }
      const [hash] = columns.hash
      if (hash !== undefined) tables.set(table.name, { hash, sort: columns.sort })
    }
    return tables
  }

  #markOf(column: Type): 'hash' | 'sort' | undefined {
    const mark = this.#checker
      .getNonNullableType(column)
      .getProperties()
      .find(({ escapedName }) => String(escapedName).startsWith('__@KEY'))
    if (mark === undefined) return undefined
    const type = this.#checker.getTypeOfSymbol(mark)
    return type.isStringLiteral() && (type.value === 'hash' || type.value === 'sort') ? type.value : undefined
  }

  /** Marks say all but the order of a sort key: where there is none to know, they are enough. */
  #fromMarks(
    marked: ReadonlyMap<string, { readonly hash: string; readonly sort: readonly string[] }>,
  ): Resolved {
    const tables = [...marked].map(([name, { hash, sort }]) => ({
      name,
      hashKey: hash,
      sortKey: sort,
      sortKeyOptional: false,
      defaults: new Map<string, never>(),
    }))
    const isReadyMade = tables.every(
      ({ hashKey, sortKey }) => hashKey === 'hash_key' && sortKey.every((column) => column === 'sort_key'),
    )
    if (isReadyMade) return { kind: 'ours', schema: UNDECLARED_SCHEMA, plugins: [] }
    if (tables.some(({ sortKey }) => sortKey.length > 1)) return { kind: 'undeclared' }
    return { kind: 'ours', schema: declaredSchema(tables), plugins: [] }
  }
}

function fits(
  { tables }: KnownDatabase,
  marked: ReadonlyMap<string, { readonly hash: string; readonly sort: readonly string[] }>,
  rename: (name: string) => string,
): boolean {
  return [...marked].every(([name, { hash, sort }]) => {
    const table = tables.find((declared) => declared.name === rename(name))
    return (
      table !== undefined &&
      table.hashKey === rename(hash) &&
      table.sortKey.length === sort.length &&
      sort.every((column) => table.sortKey.includes(rename(column)))
    )
  })
}

function sameKeys(a: KnownDatabase, b: KnownDatabase): boolean {
  return a.tables.every((table) => {
    const other = b.tables.find(({ name }) => name === table.name)
    return other === undefined || other.sortKey.join() === table.sortKey.join()
  })
}

function snakeCased(name: string): string {
  return name.replace(/([A-Z])/g, (letter) => `_${letter.toLowerCase()}`)
}

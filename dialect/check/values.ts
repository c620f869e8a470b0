import type {
  ClassLikeDeclaration,
  Expression,
  FunctionLikeDeclaration,
  Node,
  SourceFile,
  Type,
} from 'typescript'
import type { DatabaseSchema } from '../schema/table-schema.js'
import type { Alternatives } from './alternatives.js'
import type { Activation } from './frame.js'
import { ts } from './typescript.js'

/*
 * What an expression evaluates to: values of JavaScript's own as they are, Kysely's builders among them, and these
 * for what is only known by its type or its text.
 */

/** A function of the program, with the variables around it. */
export class Closure {
  constructor(
    readonly node: FunctionLikeDeclaration,
    readonly around: Activation,
    readonly self: unknown,
  ) {}
}

/** A value that only the running program knows. It has a type, and is equal to whatever has the same key. */
export class Placeholder {
  #type: Type | undefined
  readonly #typeOf: () => Type

  constructor(
    readonly key: string,
    typeOf: () => Type,
    /** For a condition: the one that it is the contrary of. */
    readonly contraryOf?: string,
    /** Whether it is known to be no Kysely and nothing that holds one: the result of a query, for example. */
    readonly isData = false,
  ) {
    this.#typeOf = typeOf
  }

  get type(): Type {
    this.#type ??= this.#typeOf()
    return this.#type
  }

  /** The same value where it is said to have another type, which counts if nothing was known of it. */
  as(typeOf: () => Type): Placeholder {
    const untold = ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter
    const known = () => (this.type.flags & untold ? typeOf() : this.type)
    return new Placeholder(this.key, known, this.contraryOf, this.isData)
  }
}

/** A class of the program. */
export class ProgramClass {
  constructor(
    readonly node: ClassLikeDeclaration,
    readonly around: Activation,
  ) {}
}

/** An object of a class of the program. */
export class Instance {
  readonly fields = new Map<string, Alternatives>()
  constructor(readonly of: ProgramClass) {}
}

/** The exports of a module of the program. */
export class ModuleExports {
  constructor(readonly file: SourceFile) {}
}

/** A dialect of ours, as `new FokosDialect(env)` makes it. */
export class KnownDialect {
  constructor(readonly schema: DatabaseSchema) {}
}

/** What cannot be followed, and why: a query that holds it cannot be planned. */
export class Lost {
  constructor(
    readonly why: string,
    readonly at: Node,
  ) {}
}

/** Kysely of another database, and all that comes of it: left alone. */
export const FOREIGN = { foreign: true } as const

/** A transaction's or a connection's builder, which makes something that queries run on. */
export class SessionBuilder {
  constructor(
    /** The Kysely that the callback gets, or that `startTransaction` returns. */
    readonly gives: unknown,
    readonly settings: readonly { readonly level: unknown; readonly at: Expression }[] = [],
  ) {}
}

/** Whether a value is none of these, and no plain data: an object of Kysely's, or of JavaScript's. */
export function isReal(value: unknown): value is object {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || value === FOREIGN || Array.isArray(value)) return false
  if (
    value instanceof Closure ||
    value instanceof Placeholder ||
    value instanceof ProgramClass ||
    value instanceof Instance ||
    value instanceof ModuleExports ||
    value instanceof KnownDialect ||
    value instanceof Lost ||
    value instanceof SessionBuilder
  ) {
    return false
  }
  return !isPlainObject(value)
}

/** Whether a value is an object as a literal makes it. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value === FOREIGN) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether a value is a constant: its truth and its text are known. */
export function isConstant(value: unknown): value is string | number | bigint | boolean | null | undefined {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}

import type { Value } from '../../engine/values/value.js'
import type { ColumnKind } from './world.js'

/**
 * A statement as data: built with Kysely's own methods for either database. `kind` of an operand says how its
 * result is read back.
 */
export type Statement =
  | {
      readonly kind: 'select'
      readonly columns: 'all' | readonly Selected[]
      readonly where: readonly Condition[]
      readonly orderBy: readonly { readonly column: string; readonly descending: boolean }[]
      readonly limit?: number
      /** Beside a limit: SQLite has no offset without one. */
      readonly offset?: number
      readonly distinct?: boolean
      readonly groupBy?: readonly string[]
      readonly having?: Condition
      /** Whether the order leaves nothing open, so that the rows must come in the same order. */
      readonly ordered: boolean
      readonly alias?: string
    }
  | {
      readonly kind: 'insert'
      readonly rows: readonly Row[]
      readonly how: 'plain' | 'replace' | 'orReplace' | 'orIgnore' | 'doNothing' | Upsert
      readonly returning?: 'all' | readonly Selected[]
    }
  | {
      readonly kind: 'update'
      readonly set: readonly Assignment[]
      readonly where: readonly Condition[]
      readonly returning?: 'all' | readonly Selected[]
    }
  | {
      readonly kind: 'delete'
      readonly where: readonly Condition[]
      readonly returning?: 'all' | readonly Selected[]
    }

export type Row = { readonly [column: string]: Value }

export interface Upsert {
  readonly set: readonly Assignment[]
  readonly where?: Condition
}

export interface Assignment {
  readonly column: string
  /** The place inside it that is set, if not all of it is. */
  readonly legs?: readonly (string | number)[]
  readonly value: Operand
}

export interface Selected {
  readonly as: string
  readonly value: Operand
}

/** What a comparison has on either side. */
export type Operand =
  | { readonly kind: 'value'; readonly type: ColumnKind; readonly value: Value }
  | {
      readonly kind: 'column'
      readonly type: ColumnKind
      readonly column: string
      readonly excluded?: boolean
    }
  | {
      readonly kind: 'path'
      readonly type: ColumnKind
      readonly column: string
      readonly legs: readonly (string | number)[]
    }
  | {
      readonly kind: 'arithmetic'
      readonly type: ColumnKind
      readonly operator: '+' | '-' | '*' | '/' | '%' | '||'
      readonly left: Operand
      readonly right: Operand
    }
  | { readonly kind: 'negate'; readonly type: ColumnKind; readonly operand: Operand }
  | { readonly kind: 'condition'; readonly type: 'boolean'; readonly condition: Condition }
  | {
      readonly kind: 'call'
      readonly type: ColumnKind
      readonly function: string
      readonly operands: readonly Operand[]
    }
  | { readonly kind: 'cast'; readonly type: ColumnKind; readonly operand: Operand; readonly to: string }
  | {
      readonly kind: 'case'
      readonly type: ColumnKind
      readonly branches: readonly { readonly when: Condition; readonly value: Operand }[]
      readonly otherwise?: Operand
    }
  | {
      readonly kind: 'aggregate'
      readonly type: ColumnKind
      readonly function: 'count' | 'sum' | 'avg' | 'min' | 'max'
      /** Nothing: counts rows. */
      readonly operand?: Operand
      readonly distinct?: boolean
      readonly filter?: Condition
    }

export type Condition =
  | { readonly kind: 'compare'; readonly operator: string; readonly left: Operand; readonly right: Operand }
  | {
      readonly kind: 'in'
      readonly negated: boolean
      readonly left: Operand
      readonly list: readonly Value[]
    }
  | { readonly kind: 'isNull'; readonly negated: boolean; readonly operand: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly least: Operand; readonly most: Operand }
  | {
      readonly kind: 'tuple'
      readonly operator: string
      readonly columns: readonly string[]
      readonly values: readonly Value[]
    }
  | {
      readonly kind: 'tupleIn'
      readonly columns: readonly string[]
      readonly list: readonly (readonly Value[])[]
    }
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }

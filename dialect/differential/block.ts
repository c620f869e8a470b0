import type { Statement } from './statement.js'

/** A transaction as data. */
export interface Block {
  /** `callback`: with `transaction().execute()`. `controlled`: with `startTransaction()`, which has savepoints. */
  readonly how: 'callback' | 'controlled'
  readonly steps: readonly Step[]
  /** Whether it is committed. Else its callback throws, or it is rolled back. */
  readonly committed: boolean
}

export type Step =
  | { readonly kind: 'statement'; readonly statement: Statement }
  | { readonly kind: 'savepoint' | 'rollbackTo' | 'release'; readonly name: string }

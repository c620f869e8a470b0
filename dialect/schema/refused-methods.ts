import type { FokosTypeError, RefusalText } from './fokos-type-error.js'

/*
 * Methods of Kysely's builders that the compiler refuses. They are there, so that our builders go where
 * Kysely's go, but calling one is an error of TypeScript's whose text says why: a builder is never the `this`
 * that they want.
 */

// biome-ignore lint/suspicious/noExplicitAny: whatever the arguments are, the call is refused
type Anything = any

interface RefusedJoins {
  innerJoin(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  leftJoin(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  rightJoin(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  fullJoin(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
}

/** What no select may do. */
export interface RefusedInSelect extends RefusedJoins {
  crossJoin(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  innerJoinLateral(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  leftJoinLateral(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  crossJoinLateral(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  crossApply(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  outerApply(this: FokosTypeError<RefusalText<'join'>>, ...args: Anything[]): Anything
  union(this: FokosTypeError<RefusalText<'set_operation'>>, ...args: Anything[]): Anything
  unionAll(this: FokosTypeError<RefusalText<'set_operation'>>, ...args: Anything[]): Anything
  intersect(this: FokosTypeError<RefusalText<'set_operation'>>, ...args: Anything[]): Anything
  intersectAll(this: FokosTypeError<RefusalText<'set_operation'>>, ...args: Anything[]): Anything
  except(this: FokosTypeError<RefusalText<'set_operation'>>, ...args: Anything[]): Anything
  exceptAll(this: FokosTypeError<RefusalText<'set_operation'>>, ...args: Anything[]): Anything
  as(this: FokosTypeError<RefusalText<'subquery'>>, ...args: Anything[]): Anything
  distinctOn(this: FokosTypeError<RefusalText<'distinct_on'>>, ...args: Anything[]): Anything
  fetch(this: FokosTypeError<RefusalText<'fetch'>>, ...args: Anything[]): Anything
  top(this: FokosTypeError<RefusalText<'fetch'>>, ...args: Anything[]): Anything
  modifyFront(this: FokosTypeError<RefusalText<'modifier'>>, ...args: Anything[]): Anything
  modifyEnd(this: FokosTypeError<RefusalText<'modifier'>>, ...args: Anything[]): Anything
  forUpdate(this: FokosTypeError<RefusalText<'row_lock'>>, ...args: Anything[]): Anything
  forShare(this: FokosTypeError<RefusalText<'row_lock'>>, ...args: Anything[]): Anything
  forKeyShare(this: FokosTypeError<RefusalText<'row_lock'>>, ...args: Anything[]): Anything
  forNoKeyUpdate(this: FokosTypeError<RefusalText<'row_lock'>>, ...args: Anything[]): Anything
  skipLocked(this: FokosTypeError<RefusalText<'row_lock'>>): Anything
  noWait(this: FokosTypeError<RefusalText<'row_lock'>>): Anything
}

interface RefusedInWrite {
  top(this: FokosTypeError<RefusalText<'write_limit'>>, ...args: Anything[]): Anything
  modifyEnd(this: FokosTypeError<RefusalText<'modifier'>>, ...args: Anything[]): Anything
  output(this: FokosTypeError<RefusalText<'output'>>, ...args: Anything[]): Anything
  outputAll(this: FokosTypeError<RefusalText<'output'>>, ...args: Anything[]): Anything
}

/** What no insert may do. */
export interface RefusedInInsert extends RefusedInWrite {
  expression(this: FokosTypeError<RefusalText<'insert_select'>>, ...args: Anything[]): Anything
  onDuplicateKeyUpdate(this: FokosTypeError<RefusalText<'on_duplicate_key'>>, ...args: Anything[]): Anything
  orFail(this: FokosTypeError<RefusalText<'or_action', { action: 'fail' }>>): Anything
  orRollback(this: FokosTypeError<RefusalText<'or_action', { action: 'rollback' }>>): Anything
}

/** What no update may do. */
export interface RefusedInUpdate extends RefusedInWrite, RefusedJoins {
  from(this: FokosTypeError<RefusalText<'update_from'>>, ...args: Anything[]): Anything
  orderBy(this: FokosTypeError<RefusalText<'write_limit'>>, ...args: Anything[]): Anything
  limit(this: FokosTypeError<RefusalText<'write_limit'>>, ...args: Anything[]): Anything
}

/** What no delete may do. */
export interface RefusedInDelete extends RefusedInWrite, RefusedJoins {
  using(this: FokosTypeError<RefusalText<'delete_using'>>, ...args: Anything[]): Anything
  orderBy(this: FokosTypeError<RefusalText<'write_limit'>>, ...args: Anything[]): Anything
  limit(this: FokosTypeError<RefusalText<'write_limit'>>, ...args: Anything[]): Anything
}

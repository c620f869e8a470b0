import { FokosError } from '../../engine/errors.js'
import { fill, REFUSALS, type RefusalCode, type RefusalNames } from './refusals.js'

/** Where the docs of this package say more about an error: they are part of the package. */
const DOCS = 'kysely-fokos/docs/errors.md'

/**
 * A query that this database does not run. Thrown by `.compile()` and by everything that executes, before any
 * I/O. Of its stack, the caller's own line is one of the first five frames.
 */
export class UnsupportedQueryError extends FokosError {
  override name = 'UnsupportedQueryError'
  readonly code: RefusalCode
  /** Why. */
  readonly reason: string
  /** What to write instead. */
  readonly fix: string
  /** Where the docs say more. */
  readonly docs: string

  constructor(code: RefusalCode, names: RefusalNames = {}) {
    const reason = fill(REFUSALS[code].reason, names)
    const fix = fill(REFUSALS[code].fix, names)
    const docs = `${DOCS}#${code}`
    super(`${reason}: ${fix} (${docs})`, names)
    this.code = code
    this.reason = reason
    this.fix = fix
    this.docs = docs
  }
}

import { ConfigurationError, ValidationError } from '../../engine/errors.js'
import { decodeKey, type KeyPart } from '../../engine/keys/key-codec.js'
import type { CheckItem } from '../../engine/ports.js'
import type { Item } from '../../engine/values/value.js'
import { describeKey } from './describe-key.js'
import type { RowValidator, ValidatorIssue } from './row-validator.js'
import type { TableSchema } from './table-schema.js'
import { thrownMessage } from './thrown-message.js'

/** An error has the first of a row's issues, and of a message the beginning: it travels, and may be remembered. */
const MAX_ISSUES = 20
const MAX_MESSAGE_CHARACTERS = 500

/** An issue as an error has it: plain data. */
interface RowIssue {
  readonly message: string
  readonly path: readonly (string | number)[]
}

/** @throws {ConfigurationError} when it does not follow the specification. */
export function checkValidator(table: string, validator: unknown): RowValidator | undefined {
  if (validator === undefined) return undefined
  const isObject = typeof validator === 'function' || (typeof validator === 'object' && validator !== null)
  const standard = isObject ? (validator as Partial<RowValidator>)['~standard'] : undefined
  if (standard?.version === 1 && typeof standard.validate === 'function') return validator as RowValidator
  throw new ConfigurationError(
    `${table}: what validates rows follows version 1 of Standard Schema, as zod, valibot and arktype do; this does not`,
    { table },
  )
}

/**
 * Makes sure that a row is what its table's validator lets through. The row is stored as it is, whatever the
 * validator makes of it.
 *
 * @throws {ValidationError} when it is not, or when the validator throws.
 * @throws {ConfigurationError} when the validator answers anything but issues or none, at once.
 */
export function validateRow(row: Item, table: TableSchema): void {
  if (table.validator === undefined) return
  const issues = issuesOf(row, table.validator, table)
  const [first] = issues
  if (first === undefined) return
  const { path, message } = first
  const [column] = path
  const more = issues.length === 1 ? '' : ` (and ${issues.length - 1} more)`
  throw new ValidationError(
    `${table.name}${pathText(path)}: ${message}${more}, in the row with ${describeKey(row, table)}`,
    {
      table: table.name,
      ...(column === undefined ? undefined : { column: String(column) }),
      path,
      issues: issues.slice(0, MAX_ISSUES),
    },
  )
}

function issuesOf(row: Item, validator: RowValidator, { name }: TableSchema): readonly RowIssue[] {
  try {
    // As it will be read: a plain object without columns that are not there.
    const present = Object.entries(row).filter(([, value]) => value !== undefined)
    return readAnswer(validator['~standard'].validate(Object.fromEntries(present)), name)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    throw new ValidationError(
      `${name}: the validator threw: ${shorten(thrownMessage(error))}`,
      { table: name, path: [], issues: [] },
      { cause: error },
    )
  }
}

/** What is not understood is never taken for "no issues". */
function readAnswer(answer: unknown, table: string): readonly RowIssue[] {
  const { then, issues } = (answer ?? {}) as { then?: unknown; issues?: unknown }
  if (typeof then === 'function') {
    // Nobody waits for it, so nobody else would hear of it.
    Promise.resolve(answer).catch(() => {})
    throw new ConfigurationError(
      `${table}: the validator answered a promise, and rows are validated at once: leave out what is asynchronous`,
      { table },
    )
  }
  if (issues === undefined && typeof answer === 'object' && answer !== null && 'value' in answer) return []
  if (!Array.isArray(issues)) {
    throw new ConfigurationError(
      `${table}: the validator answered neither a value nor issues, as Standard Schema says it does`,
      { table },
    )
  }
  if (issues.length === 0) return [{ message: 'the validator refuses it', path: [] }]
  // arktype's lists are instances of its own classes, which must not be carried on.
  return Array.from(issues as readonly ValidatorIssue[], ({ message, path }) => ({
    message: shorten(String(message)),
    path: Array.from(path ?? [], readStep),
  }))
}

function readStep(step: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof step === 'object' ? step.key : step
  return typeof key === 'number' ? key : String(key)
}

function shorten(message: string): string {
  return message.length <= MAX_MESSAGE_CHARACTERS ? message : `${message.slice(0, MAX_MESSAGE_CHARACTERS)}…`
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
}

/** Validates what changes make of items, by the tables that their keys name; nothing if none has a validator. */
export function itemCheck(tables: ReadonlyMap<string, TableSchema>): CheckItem | undefined {
  if ([...tables.values()].every(({ validator }) => validator === undefined)) return undefined
  return ({ sortKey }, item) => {
    const name = firstPart(sortKey)
    const table = typeof name === 'string' ? tables.get(name) : undefined
    if (table !== undefined) validateRow(item, table)
  }
}

/** The table's name, in a sort key of the dialect's. What it did not write may begin with anything. */
function firstPart(sortKey: Uint8Array): KeyPart | undefined {
  try {
    return decodeKey(sortKey)[0]
  } catch {
    return undefined
  }
}

import { InvalidKeyError } from '../../engine/errors.js'
import { type KeyPart, whyNotAKeyPart } from '../../engine/keys/key-codec.js'
import type { Value } from '../../engine/values/value.js'
import type { TableSchema } from '../schema/table-schema.js'

/** The value of a key column. @throws {InvalidKeyError} naming the column, for what no key can hold. */
export function keyPart(value: Value, column: string, { name }: TableSchema): KeyPart {
  const why = whyNotAKeyPart(value)
  if (why === undefined) return value as KeyPart
  throw new InvalidKeyError(`${name}.${column}: ${why}`, { table: name, column })
}

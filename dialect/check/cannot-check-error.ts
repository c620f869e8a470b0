/** The check could not run: its message says why, and what to do. The command ends with 2. */
export class CannotCheckError extends Error {
  override name = 'CannotCheckError'
}

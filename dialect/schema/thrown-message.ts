/** The message of whatever was thrown by code that is not ours: it may be no error, and may not even be text. */
export function thrownMessage(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : thrown
  return typeof message === 'string' ? message : 'what is no error'
}

import type { Clock, Millis } from './ports.js'

/** Waits for something no longer than `patience`. @throws {Error} when it takes longer. */
export async function within<T>(patience: Millis, clock: Clock, something: Promise<T>): Promise<T> {
  const late = clock.sleep(patience).then((): never => {
    throw new Error(`nothing came within ${patience} ms`)
  })
  // Whichever comes second is nobody's business any more.
  late.catch(() => {})
  something.catch(() => {})
  return Promise.race([something, late])
}

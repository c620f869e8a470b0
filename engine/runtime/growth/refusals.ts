import { FokosError } from '../../errors.js'

/** Counts requests, and keeps what they were refused for. */
export class Refusals {
  requests = 0
  /** By code and message, how often. */
  readonly #refused = new Map<string, number>()

  /** Runs a request. @returns nothing, when it was refused. */
  async run<T>(request: () => Promise<T>): Promise<T | undefined> {
    this.requests++
    try {
      return await request()
    } catch (error) {
      const code = error instanceof FokosError ? error.code : 'unexpected'
      const what = `${code}: ${error instanceof Error ? error.message : String(error)}`
      this.#refused.set(what, (this.#refused.get(what) ?? 0) + 1)
      return undefined
    }
  }

  get refused(): Record<string, number> {
    return Object.fromEntries(this.#refused)
  }
}

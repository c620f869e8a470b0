import { KillableServer } from '../kill/server.js'
import type { Measurement, Progress, Reports } from './worker.js'

/** Between two looks. */
const EVERY = 500

/** A server with a Worker that measures. Whoever makes one must `stop` it. */
export class Measurements {
  readonly #server = new KillableServer()

  start(): Promise<void> {
    return this.#server.start(new URL('./worker.ts', import.meta.url))
  }

  /** Measures one thing, and says now and then how far it has come. @throws {Error} when it fails. */
  async run<M extends Measurement>(
    measurement: M,
    tell: (text: string) => void = () => {},
  ): Promise<Reports[M['kind']]> {
    await this.#server.post('/begin', measurement)
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, EVERY))
      const response = await this.#server.post('/', null)
      const { text, report, error } = (await response.json()) as Progress
      if (error !== undefined) throw new Error(`${error}\n${this.#server.output}`)
      if (report !== undefined) return report as Reports[M['kind']]
      tell(text)
    }
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }
}

import { calculate, column, value } from '../../expressions/build.js'
import type { Millis } from '../../ports.js'
import type { Store } from '../../store.js'
import { medianOf, type Spread, spreadOf } from './latencies.js'
import type { Refusals } from './refusals.js'

/** Between the answer to a probe's request and its next one. */
const REST: Millis = 60

/** What probes have met. */
export interface ProbeReport {
  /** Of all requests to all keys. */
  readonly requests: Spread
  /**
   * By key: the longest that one request took, less what requests to that key usually take. `max` is the worst
   * pause of all keys.
   */
  readonly pauses: Spread
  /** Keys whose row is not what was acknowledged, or was read as it had been before. */
  readonly wrong: readonly string[]
}

/** A key that is read and written all the time: one reader and one writer, each with one request at a time. */
class Probe {
  readonly durations: Millis[] = []
  wrong: string | undefined
  readonly #store: Store
  readonly #key: { readonly hashKey: string }
  readonly #refusals: Refusals
  /** Updates that were acknowledged, and of which nobody knows. */
  #made = 0

  constructor(store: Store, hashKey: string, refusals: Refusals) {
    this.#store = store
    this.#key = { hashKey }
    this.#refusals = refusals
  }

  async run(stopped: () => boolean): Promise<void> {
    await this.#store.put(this.#key, { count: 0 })
    await Promise.all([this.#read(stopped), this.#write(stopped)])
    const row = await this.#store.get(this.#key)
    if (row?.value.count !== this.#made) {
      this.wrong = `${this.#key.hashKey} was updated ${this.#made} times and counts ${row?.value.count}`
    }
  }

  async #read(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const before = this.#made
      const row = await this.#timed(() => this.#store.get(this.#key))
      if (row === null || (row !== undefined && (row.value.count as number) < before)) {
        this.wrong = `${this.#key.hashKey} was updated ${before} times and read as ${row?.value.count}`
      }
      await rest()
    }
  }

  async #write(stopped: () => boolean): Promise<void> {
    const set = { count: calculate(column('count'), '+', value(1)) }
    while (!stopped()) {
      if ((await this.#timed(() => this.#store.update(this.#key, set))) !== undefined) this.#made++
      await rest()
    }
  }

  async #timed<T>(request: () => Promise<T>): Promise<T | undefined> {
    const began = performance.now()
    const result = await this.#refusals.run(request)
    this.durations.push(performance.now() - began)
    return result
  }
}

/** Probes many keys until it is stopped. */
export async function probe(
  store: Store,
  keys: readonly string[],
  refusals: Refusals,
  stopped: () => boolean,
): Promise<ProbeReport> {
  const probes = keys.map((key) => new Probe(store, key, refusals))
  await Promise.all(probes.map((probe) => probe.run(stopped)))
  const pauses = probes.map(({ durations }) => spreadOf(durations).max - medianOf(durations))
  return {
    requests: spreadOf(probes.flatMap(({ durations }) => durations)),
    pauses: spreadOf(pauses),
    wrong: probes.flatMap(({ wrong }) => (wrong === undefined ? [] : [wrong])),
  }
}

/** Not in step with the others. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST * (0.5 + Math.random())))
}

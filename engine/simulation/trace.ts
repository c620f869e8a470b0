import { createHash } from 'node:crypto'
import type { Millis } from '../ports.js'
import { BEGINNING } from './scheduler.js'

/** One thing that happened, for people to read. */
export interface TraceLine {
  readonly at: Millis
  /** Who it happened to: a client, a partition, the network. */
  readonly place: string
  readonly text: string
  /** The operations that it has to do with. */
  readonly operation?: number | undefined
  /** Whether the world did this on purpose to make trouble. */
  readonly fault: boolean
}

/** Everything that happened in a world, in order, and a hash of it. */
export class Trace {
  readonly #hash = createHash('sha256')
  readonly lines: TraceLine[] = []
  readonly #faults = new Map<string, number>()

  add(line: TraceLine): void {
    this.lines.push(line)
    this.#hash.update(`${formatLine(line)}\n`)
    if (line.fault) {
      const [kind] = line.text.split(':')
      this.#faults.set(kind as string, (this.#faults.get(kind as string) ?? 0) + 1)
    }
  }

  /** How often each kind of fault happened. */
  get faults(): ReadonlyMap<string, number> {
    return this.#faults
  }

  /** Equal for two runs in which the same things happened, to the byte. To be asked for once, at the end. */
  digest(): string {
    return this.#hash.digest('hex')
  }
}

export function formatLine({ at, place, text, fault }: TraceLine): string {
  const time = ((at - BEGINNING) / 1_000).toFixed(3).padStart(9)
  return `${time}s ${fault ? '✗' : ' '} ${place.padEnd(12)} ${text}`
}

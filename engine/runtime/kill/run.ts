import type { SeededRandom } from '../../simulation/seeded-random.js'
import { type Finding, Ledger, type LogRow } from './ledger.js'
import { KillableServer } from './server.js'
import type { WriteRequest } from './worker.js'

/** How a run goes. */
export interface RunOptions {
  /** The Worker's main module, in this folder. */
  readonly entry: string
  readonly kills: number
  readonly random: SeededRandom
  /** Ends the run early, by throwing. */
  readonly signal: AbortSignal
}

/** What became of a run. It ends with the first audit that finds anything. */
export interface RunReport {
  readonly kills: number
  readonly totals: Ledger['totals']
  readonly findings: readonly Finding[]
}

const WRITERS = 12
/** Rows that are there from the start, to append to. */
const SHARED_HASH_KEYS = ['h0', 'h1', 'h2', 'h3', 'h4', 'h5']
const SHARED_ROWS = ['a', 'b', 'c']
/** Inserts go to one more of these with every kill, so that partitions are killed while they are made. */
const ALL_HASH_KEYS = Array.from({ length: 40 }, (_, i) => `h${i}`)
/** A round sees at most this many requests leave or answers come before the kill. */
const MAX_EVENTS = 1_200
/** How many it sees without a kill. */
const QUIET_EVENTS = 800

/**
 * Writes to a server from several sides and kills it in the middle, again and again; after each kill it is
 * started over what it had stored, and audited. At the end it is written to once more and audited without a kill.
 */
export async function runAndKill({ entry, kills, random, signal }: RunOptions): Promise<RunReport> {
  const ledger = new Ledger()
  const server = new KillableServer()
  try {
    await server.start(entry)
    await makeSharedRows(server, ledger)
    const moments = random.fork('kills')
    for (let round = 1; round <= kills; round++) {
      signal.throwIfAborted()
      const findings = await killOnce(server, ledger, moments, round, random)
      if (findings.length > 0) return { kills: round, totals: ledger.totals, findings }
    }
    const writers = new Writers(server, ledger, kills + 1, random)
    await writers.writeUntil(QUIET_EVENTS, () => writers.stop())
    return { kills, totals: ledger.totals, findings: await audit(server, ledger) }
  } finally {
    await server.stop()
  }
}

async function killOnce(
  server: KillableServer,
  ledger: Ledger,
  moments: SeededRandom,
  round: number,
  random: SeededRandom,
): Promise<Finding[]> {
  // Some kills come while partitions are still reading what the kill before has left.
  const events = 1 + moments.below(moments.chance(0.25) ? 20 : MAX_EVENTS)
  // The count alone would always kill in the same turn as something was sent or came back.
  const delay = moments.chance(0.5) ? moments.below(4) : undefined
  const writers = new Writers(server, ledger, round, random)
  let killed: Promise<void> | undefined
  await writers.writeUntil(events, async () => {
    if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay))
    killed = server.kill()
    // What would begin now would never leave.
    writers.stop()
    await killed
  })
  if (killed === undefined) throw new Error(`the writers ended before the kill:\n${server.output}`)
  await server.restart()
  return audit(server, ledger)
}

async function makeSharedRows(server: KillableServer, ledger: Ledger): Promise<void> {
  for (const hashKey of SHARED_HASH_KEYS) {
    for (const row of SHARED_ROWS) {
      await write(server, ledger, { kind: 'insert', hashKey, rows: [row], id: `${hashKey}${row}` })
    }
  }
  const findings = await audit(server, ledger)
  if (findings.length > 0) throw new Error(`wrong from the start: ${JSON.stringify(findings)}`)
}

async function audit(server: KillableServer, ledger: Ledger): Promise<Finding[]> {
  return ledger.audit(await readRows(server, ALL_HASH_KEYS))
}

/** Those who write at the same time, each one write after the other, in one round. */
class Writers {
  readonly #server: KillableServer
  readonly #ledger: Ledger
  readonly #round: number
  readonly #random: SeededRandom
  #stopped = false
  /** Requests that left and answers that came, yet to be seen until the moment. */
  #eventsLeft = 0
  #atMoment: (() => void | Promise<void>) | undefined
  #moment: void | Promise<void> = undefined

  constructor(server: KillableServer, ledger: Ledger, round: number, random: SeededRandom) {
    this.#server = server
    this.#ledger = ledger
    this.#round = round
    this.#random = random
  }

  /**
   * Writes until so many events were seen, does what is to be done at that moment while the writing goes on,
   * which is to {@link stop} it sooner or later, and then waits until every writer knows what became of its
   * last write, or knows that it never will.
   */
  async writeUntil(events: number, atMoment: () => void | Promise<void>): Promise<void> {
    this.#eventsLeft = events
    this.#atMoment = atMoment
    const ends = await Promise.allSettled(Array.from({ length: WRITERS }, (_, i) => this.#write(i + 1)))
    await this.#moment
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Has nobody begin anything more. What is under way stays so. */
  stop(): void {
    this.#stopped = true
  }

  async #write(writer: number): Promise<void> {
    const random = this.#random.fork(`${this.#round}.${writer}`)
    try {
      for (let i = 0; !this.#stopped; i++) {
        const answered = random.chance(0.1)
          ? await this.#readSome(random)
          : await this.#writeSome(random, `${this.#round}.${writer}.${i}`)
        if (!answered) return
      }
    } catch (error) {
      // The others would go on for ever.
      this.stop()
      throw error
    }
  }

  async #writeSome(random: SeededRandom, id: string): Promise<boolean> {
    const sent = write(this.#server, this.#ledger, makeWrite(random, id, this.#round))
    this.#see()
    const answered = await sent
    this.#see()
    return answered
  }

  async #readSome(random: SeededRandom): Promise<boolean> {
    const rows = await readRows(this.#server, [random.pick(SHARED_HASH_KEYS)]).catch(() => undefined)
    this.#see()
    if (rows === undefined) return false
    const [finding] = this.#ledger.read(rows)
    if (finding !== undefined)
      throw new Error(`a read contradicts an earlier one: ${JSON.stringify(finding)}`)
    return true
  }

  #see(): void {
    this.#eventsLeft--
    if (this.#eventsLeft === 0) this.#moment = this.#atMoment?.()
  }
}

function makeWrite(random: SeededRandom, id: string, round: number): WriteRequest {
  if (random.chance(0.3)) {
    const hashKey = random.pick(ALL_HASH_KEYS.slice(0, SHARED_HASH_KEYS.length + round))
    return { kind: 'insert', hashKey, rows: [id], id }
  }
  const rows = random.some(SHARED_ROWS, 1, SHARED_ROWS.length)
  return { kind: 'append', hashKey: random.pick(SHARED_HASH_KEYS), rows, id }
}

/** @returns whether an answer came. */
async function write(server: KillableServer, ledger: Ledger, request: WriteRequest): Promise<boolean> {
  const { id, hashKey, rows } = request
  ledger.send(
    id,
    rows.map((row) => `${hashKey}/${row}`),
  )
  let refusal: { readonly code: string; readonly message: string }
  try {
    const response = await server.post('/write', request)
    if (response.ok) {
      ledger.settle(id, 'acknowledged')
      // The status has said it all. The rest is read so that the connection can be used again.
      await response.text().catch(() => {})
      return true
    }
    refusal = (await response.json()) as { code: string; message: string }
  } catch {
    ledger.settle(id, 'unknown')
    return false
  }
  if (refusal.code === 'unavailable' || refusal.code === 'overloaded') ledger.settle(id, 'refused')
  else if (refusal.code === 'outcome_unknown') ledger.settle(id, 'unknown')
  else throw new Error(`a write was answered with ${refusal.code}: ${refusal.message}`)
  return true
}

async function readRows(server: KillableServer, hashKeys: readonly string[]): Promise<LogRow[]> {
  const response = await server.post('/read', { hashKeys })
  if (!response.ok) throw new Error(`a read was refused: ${await response.text()}`)
  return (await response.json()) as LogRow[]
}

import type { SeededRandom } from '../../simulation/seeded-random.js'
import type { Finding } from './ledger.js'
import type { Subject } from './subject.js'
import { LARGE_HASH_KEY, makeTransfer, makeWrite, SHARED_HASH_KEYS } from './workload.js'

const WRITERS = 12

/** A read that somebody made beside them cannot be. */
export class ContradictionError extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(`a read contradicts what is known: ${JSON.stringify(finding)}`)
    this.finding = finding
  }
}

/** Those who write at the same time, each one write after the other, in one round. */
export class Writers {
  readonly #subject: Subject
  readonly #round: number
  readonly #random: SeededRandom
  #stopped = false
  /** Requests that left and answers that came, yet to be seen until the moment. */
  #eventsLeft = 0
  #atMoment: (() => void | Promise<void>) | undefined
  #moment: void | Promise<void> = undefined

  constructor(subject: Subject, round: number, random: SeededRandom) {
    this.#subject = subject
    this.#round = round
    this.#random = random
  }

  /**
   * Writes until so many events were seen, does what is to be done at that moment while the writing goes on,
   * which is to {@link stop} it sooner or later, and then waits until every writer knows what became of its
   * last write, or knows that it never will.
   *
   * @throws {ContradictionError} when somebody has read what cannot be.
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
    const sent = random.chance(0.4)
      ? this.#subject.transfer(makeTransfer(random, id))
      : this.#subject.write(makeWrite(random, id, this.#round))
    this.#see()
    const answered = await sent
    this.#see()
    return answered
  }

  async #readSome(random: SeededRandom): Promise<boolean> {
    const findings = random.chance(0.5)
      ? await this.#subject.lookAtAccounts()
      : random.chance(0.1)
        ? await this.#subject.lookAtAll()
        : await this.#subject.look(
            random.chance(0.5) ? LARGE_HASH_KEY : random.pick(SHARED_HASH_KEYS),
            random.chance(0.5),
          )
    this.#see()
    if (findings === undefined) return false
    const [finding] = findings
    if (finding !== undefined) throw new ContradictionError(finding)
    return true
  }

  #see(): void {
    this.#eventsLeft--
    if (this.#eventsLeft === 0) this.#moment = this.#atMoment?.()
  }
}

import { Bank } from './bank.js'
import { type Finding, Ledger } from './ledger.js'
import { readRows, readTogether, send } from './requests.js'
import { KillableServer } from './server.js'
import { type StoredLock, storedLocks } from './stored-locks.js'
import type { TransferRequest } from './transfer.js'
import type { WriteRequest } from './worker.js'
import {
  ACCOUNT,
  ACCOUNT_HAS,
  ACCOUNTS,
  ALL_HASH_KEYS,
  BOOKS,
  SHARED_HASH_KEYS,
  SHARED_ROWS,
} from './workload.js'

/** How long locks may be there when nobody asks for anything: five times what it takes a partition to ask by itself. */
const RECOVERY = 25_000

/** The server that is killed, and beside it all that is known of what it must hold. Its owner stops the server. */
export class Subject {
  readonly server = new KillableServer()
  readonly ledger = new Ledger()
  readonly #bank = new Bank(ACCOUNTS, ACCOUNT_HAS)
  /** Transfers with a token that nobody has answered: the same request again is the same transfer. */
  #unanswered: TransferRequest[] = []
  /** When the last audit began. It waits for every lock, so that none is older at the end of it. */
  #auditedAt = 0

  /** Starts the server and makes the rows that are there from the start. */
  async start(entry: string): Promise<void> {
    await this.server.start(entry)
    for (const hashKey of SHARED_HASH_KEYS) {
      for (const row of SHARED_ROWS) {
        await this.write({ kind: 'insert', hashKey, rows: [row], id: `${hashKey}${row}` })
      }
    }
    for (const account of ACCOUNTS) {
      const response = await this.server.post('/account', { account, coins: ACCOUNT_HAS })
      if (!response.ok) throw new Error(`an account was refused: ${await response.text()}`)
    }
    const findings = await this.audit()
    if (findings.length > 0) throw new Error(`wrong from the start: ${JSON.stringify(findings)}`)
  }

  /** @returns whether an answer came. */
  write(request: WriteRequest): Promise<boolean> {
    const { id, hashKey, rows } = request
    this.ledger.send(
      id,
      rows.map((row) => `${hashKey}/${row}`),
    )
    return send(this.server, this.ledger, '/write', request)
  }

  /** @returns whether an answer came. */
  async transfer(request: TransferRequest): Promise<boolean> {
    const { id, from, to, book } = request
    this.ledger.send(id, [`${from}/${ACCOUNT}`, `${to}/${ACCOUNT}`, `${book}/${id}`])
    this.#bank.send(request)
    const answered = await send(this.server, this.ledger, '/transfer', request)
    if (!answered && request.how === 'token') this.#unanswered.push(request)
    return answered
  }

  /** Sends some of the unanswered transfers once more; what an audit has decided meanwhile stays so. */
  async transferAgain(chosen: (request: TransferRequest) => boolean): Promise<void> {
    const again = this.#unanswered.filter(chosen)
    this.#unanswered = []
    await Promise.all(
      again.map((request) => {
        this.ledger.sendAgain(request.id)
        return send(this.server, this.ledger, '/transfer', request)
      }),
    )
  }

  /** Reads the rows of a hash key while others write. @returns nothing when no answer came. */
  async look(hashKey: string): Promise<Finding[] | undefined> {
    const rows = await readRows(this.server, [hashKey]).catch(() => undefined)
    return rows && this.ledger.read(rows)
  }

  /** Reads all accounts at one moment while others write. @returns nothing when no answer came. */
  async lookAtAccounts(): Promise<Finding[] | undefined> {
    let rows: Awaited<ReturnType<typeof readTogether>>
    try {
      rows = await readTogether(this.server, ACCOUNTS)
    } catch {
      return undefined
    }
    return rows === undefined ? [] : [...this.#bank.check(rows), ...this.ledger.read(rows)]
  }

  /** Holds everything against everything, when nothing is under way. */
  async audit(): Promise<Finding[]> {
    const began = Date.now()
    const rows = await readRows(this.server, ALL_HASH_KEYS)
    const transferred = await readTogether(this.server, [...ACCOUNTS, ...BOOKS])
    if (transferred === undefined) throw new Error('rows change while nobody writes')
    this.#auditedAt = began
    return [...this.ledger.audit([...rows, ...transferred]), ...this.#bank.check(transferred)]
  }

  /** What is locked on the disk. */
  get locks(): StoredLock[] {
    return storedLocks(this.server.partitions)
  }

  /** Locks that an audit must have waited for. */
  oldLocks(locks: readonly StoredLock[]): Finding[] {
    return locks
      .filter(({ since }) => since < this.#auditedAt)
      .map(({ file }) => ({ kind: 'locked', row: file }))
  }

  /** Waits until partitions have let go all locks by themselves: nobody asks them for anything. */
  async recoverAlone(): Promise<Finding[]> {
    const until = Date.now() + RECOVERY
    for (;;) {
      const left = this.locks
      if (left.length === 0) return []
      if (Date.now() > until) return left.map(({ file }) => ({ kind: 'locked', row: file }))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

import { Bank } from './bank.js'
import { type Finding, Ledger } from './ledger.js'
import type { LogRow } from './log-row.js'
import { readRows, readTogether, scanRows, send } from './requests.js'
import { KillableServer } from './server.js'
import { lookIntoFiles, type StoredLock } from './stored-partitions.js'
import { auditStoredTree, type Stages, servedTwice, stagesOf, unfinished } from './stored-tree.js'
import type { TransferRequest } from './transfer.js'
import type { WriteRequest } from './worker.js'
import {
  ACCOUNT,
  ACCOUNT_HAS,
  ACCOUNTS,
  BOOKS,
  GROWING_ROWS,
  LARGE_HASH_KEY,
  SHARED_HASH_KEYS,
  SHARED_ROWS,
} from './workload.js'

/** How many hash keys are read at the same time. */
const SIDE_BY_SIDE = 8

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
    const fromStart = [
      ...SHARED_HASH_KEYS.flatMap((hashKey) => SHARED_ROWS.map((row) => ({ hashKey, row }))),
      ...GROWING_ROWS.map((row) => ({ hashKey: LARGE_HASH_KEY, row })),
    ]
    for (const { hashKey, row } of fromStart) {
      await this.write({ kind: 'insert', hashKey, rows: [row], id: `${hashKey}${row}`, padding: 0 })
    }
    for (const account of ACCOUNTS) {
      const response = await this.server.post('/account', { account, coins: ACCOUNT_HAS })
      if (!response.ok) throw new Error(`an account was refused: ${await response.text()}`)
    }
    const findings = await this.audit(SHARED_HASH_KEYS)
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
  look(hashKey: string, descending: boolean): Promise<Finding[] | undefined> {
    return this.#look(
      (name) => name.startsWith(`${hashKey}/`),
      () => readRows(this.server, [hashKey], descending),
    )
  }

  /** Reads all rows while others write. @returns nothing when no answer came. */
  lookAtAll(): Promise<Finding[] | undefined> {
    return this.#look(
      () => true,
      () => scanRows(this.server),
    )
  }

  async #look(
    isMeant: (name: string) => boolean,
    read: () => Promise<LogRow[]>,
  ): Promise<Finding[] | undefined> {
    const must = [...this.ledger.acknowledgedRows].filter(isMeant)
    const rows = await read().catch(() => undefined)
    return rows && [...this.ledger.complete(rows, must), ...this.ledger.read(rows)]
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

  /**
   * Holds everything against everything, when nothing is under way.
   *
   * @param hashKeys what is read by its hash keys too, and not in a scan alone.
   */
  async audit(hashKeys: readonly string[]): Promise<Finding[]> {
    const began = Date.now()
    const [rows, descending, scanned] = await Promise.all([
      this.#readSideBySide([LARGE_HASH_KEY, ...hashKeys]),
      readRows(this.server, [LARGE_HASH_KEY], true),
      scanRows(this.server),
    ])
    const transferred = await readTogether(this.server, [...ACCOUNTS, ...BOOKS])
    if (transferred === undefined) throw new Error('rows change while nobody writes')
    this.#auditedAt = began
    const all = [...rows, ...transferred]
    const asked = new Set([LARGE_HASH_KEY, ...hashKeys, ...ACCOUNTS, ...BOOKS])
    const isIn = (hashKeys: ReadonlySet<string>) => (row: LogRow) => hashKeys.has(hashKeyOf(row))
    return [
      ...this.ledger.complete(scanned, this.ledger.acknowledgedRows),
      ...this.ledger.audit(scanned),
      ...this.#bank.check(transferred),
      ...unlike(all, scanned.filter(isIn(asked))),
      ...unlike(all.filter(isIn(new Set([LARGE_HASH_KEY]))), descending.toReversed()),
      ...unordered(descending.toReversed()),
    ]
  }

  /** Some hash keys at a time, in the order in which they are given. */
  async #readSideBySide(hashKeys: readonly string[]): Promise<LogRow[]> {
    const share = Math.ceil(hashKeys.length / SIDE_BY_SIDE)
    const shares = Array.from({ length: SIDE_BY_SIDE }, (_, i) => hashKeys.slice(i * share, (i + 1) * share))
    return (await Promise.all(shares.map((some) => readRows(this.server, some)))).flat()
  }

  /** What a kill has left on the disk: how much is under way, and what is wrong. To be called when no process runs. */
  autopsy(): { locks: number; stages: Stages; findings: Finding[] } {
    return lookIntoFiles(this.server.partitions, (partitions) => {
      const locks = partitions.flatMap((partition) => partition.locks)
      // An audit must have waited for them.
      const old = locks.filter(({ since }) => since < this.#auditedAt)
      return {
        locks: locks.length,
        stages: stagesOf(partitions),
        findings: [...old.map(locked), ...servedTwice(partitions)],
      }
    })
  }

  /** What is wrong with the tree on the disk when nothing is under way, and how often it has grown. */
  auditTree(): ReturnType<typeof auditStoredTree> {
    return lookIntoFiles(this.server.partitions, (partitions) => {
      const { findings, splits } = auditStoredTree(partitions)
      return { splits, findings: [...findings, ...servedTwice(partitions)] }
    })
  }

  /**
   * Waits until partitions have let go all locks and ended all transfers by themselves: nobody asks them for
   * anything.
   */
  async recoverAlone(): Promise<Finding[]> {
    const until = Date.now() + RECOVERY
    for (;;) {
      const left = lookIntoFiles(this.server.partitions, (partitions) => [
        ...partitions.flatMap(({ locks }) => locks).map(locked),
        ...unfinished(partitions),
      ])
      if (left.length === 0 || Date.now() > until) return left
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function hashKeyOf({ name }: LogRow): string {
  return name.slice(0, name.indexOf('/'))
}

function locked({ file }: StoredLock): Finding {
  return { kind: 'locked', row: file }
}

/** Rows that one read has and another has not, or not like this. */
function unlike(left: readonly LogRow[], right: readonly LogRow[]): Finding[] {
  const texts = new Map(left.map((row) => [row.name, JSON.stringify(row)]))
  const found = right.flatMap((row): Finding[] => {
    const text = texts.get(row.name)
    texts.delete(row.name)
    return text === JSON.stringify(row) ? [] : [{ kind: 'unlike', row: row.name }]
  })
  return [...found, ...[...texts.keys()].map((row): Finding => ({ kind: 'unlike', row }))]
}

/** Rows of one hash key that do not come in the order of their names, which are ASCII. */
function unordered(rows: readonly LogRow[]): Finding[] {
  return rows
    .filter(({ name }, i) => i > 0 && (rows[i - 1] as LogRow).name >= name)
    .map(({ name }) => ({ kind: 'unlike', row: name }))
}

import type { Finding } from './ledger.js'
import type { LogRow } from './log-row.js'
import type { TransferRequest } from './transfer.js'

/** The memory of who pays whom, which no kill reaches. */
export class Bank {
  readonly #accountHas: number
  readonly #accounts: readonly string[]
  readonly #transfers = new Map<string, TransferRequest>()

  /** @param accountHas coins, at the beginning. */
  constructor(accounts: readonly string[], accountHas: number) {
    this.#accounts = accounts
    this.#accountHas = accountHas
  }

  /** To be called before the transfer leaves. */
  send(transfer: TransferRequest): void {
    this.#transfers.set(transfer.id, transfer)
  }

  /**
   * Holds all accounts, as they were at one moment, against the transfers in their logs. Which transfers may be
   * there is for the ledger to say.
   */
  check(rows: readonly LogRow[]): Finding[] {
    const accounts = rows.filter(({ coins }) => coins !== undefined)
    const found: Finding[] = accounts
      .filter((account) => account.coins !== this.#coinsByLog(account))
      .map(({ name }) => ({ kind: 'mispaid', row: name }))
    const total = accounts.reduce((sum, { coins = 0 }) => sum + coins, 0)
    if (total !== this.#accounts.length * this.#accountHas) found.push({ kind: 'unbalanced' })
    return found
  }

  #coinsByLog({ name, log }: LogRow): number {
    const [account] = name.split('/')
    return log
      .split(' ')
      .slice(0, -1)
      .reduce((coins, id) => {
        const transfer = this.#transfers.get(id)
        if (transfer === undefined) return coins
        return coins + (transfer.to === account ? transfer.coins : -transfer.coins)
      }, this.#accountHas)
  }
}

import { ConfigurationError, errorFromReport, UnavailableError } from '../errors.js'
import { type PartitionOperation, type PinnedSettings, REQUEST_VERSION } from '../operations.js'
import type { Clock, KeeperPeer, Millis, Random } from '../ports.js'
import { settingsText } from '../settings-check.js'
import { within } from '../within.js'
import { isFromClient, isWrite } from './operation-kinds.js'

/** A keeper that does not answer for so long is asked again, so often, before a request is refused. */
const PATIENCE: Millis = 3_000
const MAX_ATTEMPTS = 4
const BACKOFF: Millis = 100

/** Where the keeper's class has nothing of a keeper, as it had not before 0.4, there is nobody to ask. */
const NO_KEEPER = { ok: true, status: { pinned: true } } as const

/** What agreeing needs of its partition. */
export interface AgreementPlace {
  /** Nobody, where there is no keeper to ask. */
  readonly keeper?: KeeperPeer | undefined
  readonly clock: Clock
  readonly random: Random
}

/**
 * Asks the topology's keeper whether a database has the settings that a request is for. A root that holds nothing does
 * not know: asked with other settings, it would say that nothing is there, and what is there lies in another root.
 */
export class Agreement {
  readonly #place: AgreementPlace
  /** The settings, as a text, that the keeper knows of no others than; and those that the database has for ever. */
  #known: { readonly read: string | undefined; readonly written: string | undefined } = {
    read: undefined,
    written: undefined,
  }

  /** Questions under way: many may come at once, and the keeper is one for all roots. */
  readonly #asking = new Map<string, Promise<void>>()

  constructor(place: AgreementPlace) {
    this.#place = place
  }

  /** What is to be waited for before a root that holds nothing serves an operation; nothing, if that was asked before. */
  with(settings: PinnedSettings, operation: PartitionOperation): Promise<void> | undefined {
    const { keeper } = this.#place
    const writes = isWrite(operation)
    // What was locked and decided under some settings must be able to end.
    if (keeper === undefined || operation.kind === 'finish' || !(writes || isFromClient(operation)))
      return undefined
    const text = settingsText(settings)
    const { read, written } = this.#known
    if (written === text || (read === text && !writes)) return undefined
    const question = `${text}, ${writes ? 'writes' : 'reads'}`
    const asked = this.#asking.get(question)
    if (asked !== undefined) return asked
    const asking = this.#ask(keeper, settings, text, writes).finally(() => this.#asking.delete(question))
    this.#asking.set(question, asking)
    return asking
  }

  /**
   * @throws {SettingsMismatchError} when the database has others.
   * @throws {UnavailableError} when the keeper does not answer.
   */
  async #ask(keeper: KeeperPeer, settings: PinnedSettings, text: string, writes: boolean): Promise<void> {
    const { clock, random } = this.#place
    const request = { version: REQUEST_VERSION, settings, operation: { kind: 'agree', writes } } as const
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await clock.sleep(random.fraction() * BACKOFF * 3 ** attempt)
      const answer = await within(PATIENCE, clock, keeper.call(request)).catch((error: unknown) =>
        error instanceof ConfigurationError ? NO_KEEPER : undefined,
      )
      if (answer === undefined) continue
      if (!answer.ok) throw errorFromReport(answer.error)
      if (writes) this.#known = { read: text, written: text }
      // Where nothing is decided yet, somebody may decide otherwise.
      else if (answer.status.pinned) this.#known = { ...this.#known, read: text }
      return
    }
    throw new UnavailableError(
      'the keeper of the topology does not answer, which knows the settings of a database: without it, nothing can ' +
        'be read from, or written to, a root partition that holds nothing yet',
    )
  }
}

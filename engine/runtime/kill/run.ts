import type { SeededRandom } from '../../simulation/seeded-random.js'
import { NO_SPLITS, type Splits } from '../../simulation/tree-audit.js'
import type { Finding, Ledger } from './ledger.js'
import { addStages, NO_STAGES, type Stages } from './stored-tree.js'
import { Subject } from './subject.js'
import { ALL_HASH_KEYS, hashKeysOf } from './workload.js'
import { ContradictionError, Writers } from './writers.js'

/** How a run goes. */
export interface RunOptions {
  /** The Worker's main module, in this folder. */
  readonly entry: string
  readonly kills: number
  readonly random: SeededRandom
  /** The round from which on partitions may be left alone with what a kill has left them. */
  readonly aloneFrom?: number
  /** Ends the run early, by throwing. */
  readonly signal: AbortSignal
}

/** What became of a run. It ends with the first audit that finds anything. */
export interface RunReport {
  readonly kills: number
  readonly totals: Ledger['totals']
  /** How many locks of transactions the kills left, and how many of these went while nobody asked for anything. */
  readonly locks: { readonly left: number; readonly goneAlone: number }
  /** How far the transfers had come that kills have met, and how many went on while nobody asked for anything. */
  readonly transfers: Stages & { readonly goneAlone: number }
  /** How often the tree has grown, in the end. */
  readonly splits: Splits
  readonly findings: readonly Finding[]
}

/** A round sees at most this many requests leave or answers come before the kill. */
const MAX_EVENTS = 240
/** Milliseconds between the last of them and the kill, at most. */
const MAX_DELAY = 40
/** Partitions are left alone from this round on: what loses writes is found by then, and needs not be waited for. */
const ALONE_FROM = 6
/** How many it sees without a kill. */
const QUIET_EVENTS = 200

/**
 * Writes to a server from several sides and kills it in the middle, again and again; after each kill it is
 * started over what it had stored, and audited. At the end it is written to once more and audited without a kill.
 * Once, partitions are left alone with the locks that a kill has left them, until these are gone; if no kill
 * has left any, there are more kills.
 */
export async function runAndKill(options: RunOptions): Promise<RunReport> {
  const { entry, kills, random, aloneFrom = ALONE_FROM, signal } = options
  const subject = new Subject()
  const { ledger, server } = subject
  const locks = { left: 0, goneAlone: 0 }
  let stages = NO_STAGES
  let wentAlone = 0
  let splits = NO_SPLITS
  const report = (kills: number, findings: readonly Finding[]): RunReport => ({
    kills,
    totals: ledger.totals,
    locks,
    transfers: { ...stages, goneAlone: wentAlone },
    splits,
    findings,
  })
  // Kills must have met what they are for.
  const mustGoOn = () =>
    locks.goneAlone === 0 ||
    wentAlone === 0 ||
    [stages.copying, stages.catching, stages.moved, stages.serving].includes(0)
  try {
    await subject.start(entry)
    const moments = random.fork('kills')
    let round = 1
    for (; round <= kills || (mustGoOn() && round <= 3 * kills); round++) {
      signal.throwIfAborted()
      const seen = await killOnce(subject, moments, round, random)
      if (seen !== undefined) return report(round - 1, [seen])
      const { locks: left, stages: met, findings } = subject.autopsy()
      stages = addStages(stages, met)
      if (findings.length > 0) return report(round, findings)
      const moving = met.planned + met.copying + met.catching + met.moved + met.serving
      locks.left += left
      await server.restart()
      const isNew = (left > 0 && locks.goneAlone === 0) || (moving > 0 && wentAlone === 0)
      if (round >= aloneFrom && isNew) {
        findings.push(...(await subject.recoverAlone()))
        locks.goneAlone += left
        wentAlone += moving
      }
      await subject.transferAgain(() => moments.chance(0.5))
      findings.push(...(await subject.audit(hashKeysOf(round))))
      if (findings.length > 0) return report(round, findings)
    }
    const writers = new Writers(subject, round, random)
    await writers.writeUntil(QUIET_EVENTS, () => writers.stop())
    const findings = [...(await subject.audit(ALL_HASH_KEYS)), ...(await subject.recoverAlone())]
    if (findings.length > 0) return report(round - 1, findings)
    const tree = subject.auditTree()
    splits = tree.splits
    return report(round - 1, tree.findings)
  } finally {
    await server.stop()
  }
}

/** @returns what was read before the kill and cannot be, if anything was. */
async function killOnce(
  subject: Subject,
  moments: SeededRandom,
  round: number,
  random: SeededRandom,
): Promise<Finding | undefined> {
  const { server } = subject
  // Some kills come while partitions are still reading what the kill before has left.
  const events = 1 + moments.below(moments.chance(0.25) ? 20 : MAX_EVENTS)
  // The count alone would always kill in the same turn as something was sent or came back: when the server has
  // done what it had to do.
  const delay = moments.chance(0.75) ? moments.below(MAX_DELAY) : undefined
  const writers = new Writers(subject, round, random)
  let killed: Promise<void> | undefined
  try {
    await writers.writeUntil(events, async () => {
      if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay))
      killed = server.kill()
      // What would begin now would never leave.
      writers.stop()
      await killed
    })
  } catch (error) {
    if (error instanceof ContradictionError) return error.finding
    throw error
  }
  if (killed === undefined) throw new Error(`the writers ended before the kill:\n${server.output}`)
  return undefined
}

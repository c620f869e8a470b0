import type { SeededRandom } from '../../engine/simulation/seeded-random.js'
import type { Block, Step } from './block.js'
import { makeStatement } from './make-statement.js'
import type { Statement } from './statement.js'
import { allOf, type World } from './world.js'

/** A random transaction, whose statements read again what they have read, and look at what they have written. */
export function makeBlock(random: SeededRandom, world: World): Block {
  const how = random.pick(['callback', 'controlled'] as const)
  const steps: Step[] = []
  const savepoints: string[] = []
  for (let left = 2 + random.below(9); left > 0; left--) {
    if (how === 'controlled' && random.chance(0.45)) steps.push(makeSavepointStep(random, savepoints))
    steps.push({ kind: 'statement', statement: makeStatementInBlock(random, world, steps) })
  }
  return { how, steps, committed: random.chance(0.8) }
}

/** @param savepoints those that there are, which this changes. */
function makeSavepointStep(random: SeededRandom, savepoints: string[]): Step {
  if (savepoints.length === 0 || random.chance(0.5)) {
    // One name may be given twice: it means the newest.
    const name = random.pick(['p', 'q', 'r'])
    savepoints.push(name)
    return { kind: 'savepoint', name }
  }
  const name = random.pick(savepoints)
  const place = savepoints.lastIndexOf(name)
  if (random.chance(0.7)) {
    savepoints.length = place + 1
    return { kind: 'rollbackTo', name }
  }
  savepoints.length = place
  return { kind: 'release', name }
}

function makeStatementInBlock(random: SeededRandom, world: World, steps: readonly Step[]): Statement {
  const choice = random.fraction()
  if (choice < 0.15) {
    const reads = steps.flatMap((step) =>
      step.kind === 'statement' && step.statement.kind === 'select' ? [step.statement] : [],
    )
    if (reads.length > 0) return random.pick(reads)
  }
  if (choice < 0.35) {
    const all = allOf(world, [random.pick(world.hash.pool)], random.chance(0.5))
    return random.chance(0.6) ? { ...all, limit: 1 + random.below(4) } : all
  }
  return makeStatement(random, world)
}

import type { ControlledTransaction, Kysely } from 'kysely'
import type { Block, Step } from './block.js'
import type { Statement } from './statement.js'

/** Runs one statement of a block. */
export type RunStatement = (trx: Kysely<unknown>, statement: Statement) => Promise<void>

/** Runs a transaction with either dialect, to its end. */
export async function runBlock(db: Kysely<unknown>, block: Block, run: RunStatement): Promise<void> {
  await (block.how === 'callback' ? runInCallback(db, block, run) : runControlled(db, block, run))
}

async function runInCallback(
  db: Kysely<unknown>,
  { steps, committed }: Block,
  run: RunStatement,
): Promise<void> {
  const thrown = new Error('the block ends here')
  const transaction = db.transaction().execute(async (trx) => {
    for (const step of steps) if (step.kind === 'statement') await run(trx, step.statement)
    if (!committed) throw thrown
  })
  await transaction.catch((error) => {
    if (error !== thrown) throw error
  })
}

async function runControlled(
  db: Kysely<unknown>,
  { steps, committed }: Block,
  run: RunStatement,
): Promise<void> {
  let trx: ControlledTransaction<unknown, string[]> = await db.startTransaction().execute()
  try {
    for (const step of steps) {
      if (step.kind === 'statement') await run(trx, step.statement)
      else trx = await savepointOf(trx, step)
    }
    await (committed ? trx.commit() : trx.rollback()).execute()
  } catch (error) {
    if (!trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute()
    throw error
  }
}

function savepointOf(
  trx: ControlledTransaction<unknown, string[]>,
  { kind, name }: Step & { kind: 'savepoint' | 'rollbackTo' | 'release' },
): Promise<ControlledTransaction<unknown, string[]>> {
  switch (kind) {
    case 'savepoint':
      return trx.savepoint(name).execute()
    case 'rollbackTo':
      return trx.rollbackToSavepoint(name).execute()
    case 'release':
      return trx.releaseSavepoint(name).execute()
  }
}

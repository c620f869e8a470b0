import { TransactionConflictError } from '../../errors.js'
import type { ChangeResult } from '../../operations.js'
import type { Record, WrittenRow } from '../record.js'
import { writes } from '../record.js'
import { alter } from './alter.js'
import { changesOf, leavesOf, type PlacedChange, returningOf } from './changes.js'
import { dated } from './endings.js'
import { type ChangeOperation, type Operation, placeText, type Several } from './operation.js'
import { readPages, readRows, scan } from './reads.js'
import { untilItEnds } from './retry.js'
import { writtenRow } from './rows.js'
import { transact } from './run-transaction.js'
import { type ClientMemory, outcomeOf, remember, type Session } from './session.js'
import { total } from './total.js'
import { walk } from './walk.js'

/**
 * Does one operation through the real client, and records what came of it.
 *
 * @throws what nobody expects: it is a bug, not an outcome.
 */
export async function execute(operation: Operation, session: Session): Promise<void> {
  switch (operation.kind) {
    case 'range':
      return readPages(operation, session)
    case 'scan':
      return scan(operation, session)
    case 'walk':
      return walk(operation, session)
    case 'total':
      return total(operation, session)
    case 'alter':
      return alter(operation, session)
    case 'transaction':
      return transact(operation, session)
    case 'several':
      return untilItEnds(session, (id) => severalChanges(timed(operation, session), { ...session, id }))
    default:
      return statement(timed(resolve(operation, session.memory), session), session).catch((error) => {
        // Others were at the row for too long: nobody runs a plain statement again.
        if (!(error instanceof TransactionConflictError)) throw error
      })
  }
}

type Single = Exclude<
  Operation,
  { kind: 'range' | 'scan' | 'walk' | 'total' | 'alter' | 'several' | 'transaction' }
>

/** @throws {TransactionConflictError} when it did not happen, and may if it is done again. */
async function statement(operation: Single, session: Session): Promise<void> {
  const { id, client, memory, recorder } = session
  const called = recorder.tick()
  const record = { id, client, operation, called, seen: [], written: [], conflict: false }
  try {
    if (operation.kind === 'get' || operation.kind === 'batchGet') {
      const seen = await readRows(operation, session.store)
      remember(memory, { seen })
      recorder.add({ ...record, seen, answered: recorder.tick(), outcome: 'done' })
      return
    }
    const { written, transaction } = await write(operation, session)
    remember(memory, { written })
    const came = transaction ? asTransaction(operation, changesOf(operation, id), written) : { written }
    recorder.add({ ...record, ...came, answered: recorder.tick(), outcome: 'done' })
  } catch (error) {
    const outcome = outcomeOf(error, operation)
    if (outcome === 'conflict') {
      recorder.add({ ...record, conflict: true, answered: recorder.tick(), outcome: 'done' })
    } else if (writes(operation)) {
      const became = outcome === 'unknown' ? outcome : 'refused'
      recorder.add({ ...record, answered: recorder.tick(), outcome: became })
    }
    if (error instanceof TransactionConflictError) throw error
  }
}

/** A statement that may be a transaction. @throws {TransactionConflictError} when it may be done again. */
async function severalChanges(operation: Several, session: Session): Promise<void> {
  const { id, client, recorder } = session
  const called = recorder.tick()
  const record = { id, client, operation, called, seen: [], written: [], conflict: false }
  const placed = changesOf(operation, id)
  try {
    const { written } = await write(operation, session)
    const came = asTransaction(operation, placed, written)
    recorder.add({ ...record, ...came, answered: recorder.tick(), outcome: 'done' })
  } catch (error) {
    // Where the row was that an insert met is not said: that it met one is as good as a refusal.
    const outcome = outcomeOf(error, operation) === 'unknown' ? 'unknown' : 'refused'
    const leaves = leavesOf(placed)
    const statements = [{ operation, seen: [], written: [], conflict: false, untold: true }]
    recorder.add({ ...record, answered: recorder.tick(), outcome, statements, leaves })
    if (error instanceof TransactionConflictError) throw error
  }
}

/** What was told of a statement whose rows lie in several partitions: its rows' versions are not among it. */
function asTransaction(
  operation: ChangeOperation | Several,
  placed: readonly PlacedChange[],
  written: readonly WrittenRow[],
): Pick<Record, 'statements' | 'leaves'> {
  const made = placed.filter((_, i) => written[i]?.made !== undefined)
  return { statements: [{ operation, seen: [], written, conflict: false }], leaves: leavesOf(made) }
}

interface Written {
  readonly written: WrittenRow[]
  /** Whether it was made as a transaction: then the answer has the time of its commit. */
  readonly transaction: boolean
}

async function write(operation: ChangeOperation | Several, { id, store, signal }: Session): Promise<Written> {
  const placed = changesOf(operation, id)
  const returning = returningOf(operation)
  const result = await store.write(
    {
      kind: 'write',
      changes: placed.map(({ change }) => change),
      ...(returning === undefined ? undefined : { returning }),
    },
    { signal },
  )
  if (result.changes.length !== placed.length)
    throw new Error(`T${id} made ${placed.length} changes and was told of ${result.changes.length}`)
  return {
    written: placed.map((change, i) => writtenRow(change, result.changes[i] as ChangeResult)),
    transaction: 'at' in result,
  }
}

function timed<O extends Operation>(operation: O, { expires, ports }: Session): O {
  return expires === true ? dated(operation, ports.clock) : operation
}

/** A condition on what was seen becomes one on a number; on nothing seen, on a count that no row has. */
function resolve(operation: Single, memory: ClientMemory): Single {
  if (!('at' in operation && 'if' in operation) || operation.if !== 'as seen') return operation
  return { ...operation, if: memory.get(placeText(operation.at)) ?? -1 }
}

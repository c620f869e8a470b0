import type { BlockSavepoint, TransactionBlock } from '../../client/transaction-block.js'
import { ConstraintError, InvalidRequestError, TransactionConflictError } from '../../errors.js'
import type { Age, ChangeResult } from '../../operations.js'
import type { Leaving, Record, SeenRow, Statement, WrittenRow } from '../record.js'
import { writes } from '../record.js'
import { alterationOf, alteredRows, leavesOfRows } from './alter.js'
import { changesOf, leavesOf, type PlacedChange, returningOf } from './changes.js'
import { unending } from './endings.js'
import type { ChangeOperation, Place, ReadingOperation, Row, Several } from './operation.js'
import { placeText } from './operation.js'
import { queryOf, scanOf, shownBy } from './reads.js'
import { untilItEnds } from './retry.js'
import { keyOf, placeOf, seenRow, writtenRow } from './rows.js'
import { outcomeOf, type Session } from './session.js'
import { aggregateOf, toldOf } from './total.js'
import type { Step, TransactionOperation } from './transaction.js'
import type { Alter } from './whole-interval.js'

/** Does a transaction, again and again as long as it meets conflicts. Each attempt is recorded. */
export async function transact(operation: TransactionOperation, session: Session): Promise<void> {
  const attempt = operation.as === 'plan' ? attemptPlan : attemptBlock
  await untilItEnds(session, (id, age) => attempt(operation, { ...session, id }, age))
}

async function attemptBlock(
  operation: TransactionOperation,
  session: Session,
  age: Age | undefined,
): Promise<void> {
  const { store, recorder } = session
  const called = recorder.tick()
  const block = store.begin({
    ...(operation.readOnly === true ? { readOnly: true } : undefined),
    // Every second transaction that is tried again reserves what it reads.
    ...(age === undefined ? undefined : { age, reserves: age.id % 2 === 0 }),
  })
  const run = new BlockRun(block, session.id, session.expires === true)
  await record(operation, session, called, run, async () => {
    try {
      for (const step of operation.steps) await run.take(step)
    } catch (error) {
      block.abandon()
      throw error
    }
    await block.commit()
  })
}

/** All at once, through the engine's own API. */
async function attemptPlan(
  operation: TransactionOperation,
  session: Session,
  age: Age | undefined,
): Promise<void> {
  const { id, store, recorder, signal } = session
  const [several] = operation.steps as readonly [Several]
  const placed = changesOf(several, id)
  const called = recorder.tick()
  // Each of its changes is made, or none: what it comes to is known before it is sent.
  const expected = placed.map(
    ({ place, kind }): WrittenRow =>
      kind === 'check'
        ? { place, because: 'checked' }
        : { place, made: { row: kind === 'delete' ? null : undefined, version: 0 } },
  )
  const told: Told = {
    statements: [{ operation: several, seen: [], written: expected, conflict: false }],
    leaves: leavesOf(placed),
  }
  await record(operation, session, called, told, async () => {
    const { changes } = await store.transact(
      {
        seen: { items: [], intervals: [] },
        changes: placed.map(({ change }) => ({ change, allow: ['made'] })),
        returning: 'all',
        refusals: 'items',
        age,
      },
      { signal },
    )
    const written = placed.map((change, i) => writtenRow(change, changes[i] as ChangeResult))
    if (written.some(({ made, because }) => made === undefined && because !== 'checked'))
      throw new Error(`T${id} was to make each of its changes, and made some`)
    told.statements[0] = { operation: several, seen: [], written, conflict: false }
  })
}

/** What a transaction was told, and what it leaves. */
interface Told {
  readonly statements: (Statement | 'savepoint' | 'rollback')[]
  readonly leaves: readonly Leaving[]
}

/** Records one attempt. @throws {TransactionConflictError} when it can be made again. */
async function record(
  operation: TransactionOperation,
  { id, client, recorder }: Session,
  called: number,
  told: Told,
  attempt: () => Promise<void>,
): Promise<void> {
  const add = (outcome: Record['outcome']) => {
    const { statements, leaves } = told
    const answered = recorder.tick()
    const facts = { id, client, operation, called, answered, outcome, statements, leaves }
    recorder.add({ ...facts, seen: [], written: [], conflict: false })
  }
  try {
    await attempt()
    add('done')
  } catch (error) {
    const outcome = outcomeOf(error, operation)
    const conflicts = error instanceof TransactionConflictError
    // What only read and was refused has nothing to say, but how often it had to be done again.
    if (writes(operation) || conflicts) add(outcome === 'unknown' ? outcome : 'refused')
    if (conflicts) throw error
  }
}

/** One attempt of a block: takes its steps, and notes what it was told. */
class BlockRun implements Told {
  readonly statements: (Statement | 'savepoint' | 'rollback')[] = []
  readonly #block: TransactionBlock
  readonly #id: number
  readonly #expires: boolean
  /** What it has made of each row so far. */
  #own = new Map<string, Leaving>()
  #saved: { readonly savepoint: BlockSavepoint; readonly own: Map<string, Leaving> } | undefined
  #foundAny = false

  /** @param expires whether rows end in this run: those that it writes do not. */
  constructor(block: TransactionBlock, id: number, expires: boolean) {
    this.#block = block
    this.#id = id
    this.#expires = expires
  }

  get leaves(): Leaving[] {
    return [...this.#own.values()]
  }

  async take({ when, ...step }: Step): Promise<void> {
    if (when !== undefined && this.#foundAny !== (when === 'found')) return
    switch (step.kind) {
      case 'get':
      case 'batchGet':
      case 'range':
      case 'scan':
      case 'total':
        await this.#read(step)
        return
      case 'alter':
        await this.#alter(step)
        return
      case 'rewrite':
        await this.#putOver(step.at, await this.#get(step.at), undefined)
        return
      case 'transfer':
        await this.#transfer(step)
        return
      case 'savepoint':
        this.#saved = { savepoint: this.#block.savepoint(), own: new Map(this.#own) }
        this.statements.push('savepoint')
        return
      case 'rollback':
        if (this.#saved === undefined) throw new Error('there is no savepoint to go back to')
        this.#block.rollbackTo(this.#saved.savepoint)
        this.#own = new Map(this.#saved.own)
        this.statements.push('rollback')
        return
      default:
        await this.#write(step)
    }
  }

  async #read(operation: ReadingOperation): Promise<void> {
    const statements = await this.#shown(operation)
    this.#foundAny = statements.some(
      ({ seen, totals = [] }) => seen.some(({ row }) => row !== null) || totals.some(({ rows }) => rows > 0),
    )
    this.statements.push(...statements)
  }

  async #shown(operation: ReadingOperation): Promise<Statement[]> {
    if (operation.kind === 'range' || operation.kind === 'scan') {
      const scan = operation.kind === 'range' ? scanOf(operation) : operation
      return shownBy(scan, await this.#block.query(queryOf(scan)))
    }
    if (operation.kind === 'total')
      return toldOf(operation, await this.#block.aggregate(aggregateOf(operation)))
    const seen: SeenRow[] = []
    if (operation.kind === 'get') {
      seen.push(seenRow(operation.at, await this.#block.get({ kind: 'get', key: keyOf(operation.at) })))
    } else {
      const found = await this.#block.batchGet({
        kind: 'batchGet',
        keys: operation.places.map(keyOf),
        order: { first: 'hashKey', hashKey: 'ascending', sortKey: 'ascending' },
      })
      const byPlace = new Map(found.map((each) => [placeText(placeOf(each.item)), each]))
      seen.push(...operation.places.map((place) => seenRow(place, byPlace.get(placeText(place)) ?? null)))
      if (found.length !== seen.filter(({ row }) => row !== null).length)
        throw new Error(`T${this.#id} was given rows that it did not ask for`)
    }
    return [{ operation, seen, written: [], conflict: false }]
  }

  async #get(at: Place): Promise<Row | null> {
    await this.#read({ kind: 'get', at })
    return (this.statements.at(-1) as Statement).seen[0]?.row ?? null
  }

  async #putOver(at: Place, row: Row | null, gain: number | undefined): Promise<void> {
    const amount = (row?.amount ?? 0) + (gain ?? 0)
    if (row === null)
      await this.#write({ kind: 'insert', hash: at.hash, sorts: [at.sort], onExisting: 'error', amount })
    else {
      const { ends: _, ...over } = row
      await this.#write({ kind: 'put', at, large: false, over, amount })
    }
  }

  async #transfer({ from, to, amount, carried }: Step & { kind: 'transfer' }): Promise<void> {
    const sides = [
      { at: from, amount: -amount },
      { at: to, amount },
    ]
    if (!carried) {
      const rows = [await this.#get(from), await this.#get(to)]
      for (const [i, side] of sides.entries()) await this.#putOver(side.at, rows[i] ?? null, side.amount)
      return
    }
    const changes = sides.map((side) => ({ kind: 'append', quiet: true, ...side }) as const)
    const written = await this.#write({ kind: 'several', changes })
    for (const [i, { at, amount }] of sides.entries()) {
      if (written[i]?.because !== 'absent') continue
      await this.#write({ kind: 'insert', hash: at.hash, sorts: [at.sort], onExisting: 'error', amount })
    }
  }

  async #alter(wanted: Alter): Promise<void> {
    const operation = this.#expires ? unending(wanted) : wanted
    const { changes } = await this.#block.alter(alterationOf(operation, this.#id, this.#own.size > 0))
    const written = alteredRows(operation, changes)
    this.statements.push({ operation, seen: [], written, conflict: false })
    for (const left of leavesOfRows(operation, written)) this.#own.set(placeText(left.place), left)
  }

  /** An insert that meets a row undoes its own statement, and nothing else of the block; so does who is not alone. */
  async #write(wanted: ChangeOperation | Several): Promise<readonly WrittenRow[]> {
    const operation = this.#expires ? unending(wanted) : wanted
    const marked = new Set([...this.#own].filter(([, { deletes }]) => !deletes).map(([place]) => place))
    const placed = changesOf(operation, this.#id, marked)
    const returning = returningOf(operation)
    try {
      const { changes } = await this.#block.write({
        kind: 'write',
        changes: placed.map(({ change }) => change),
        ...(returning === undefined ? undefined : { returning }),
      })
      if (changes.length !== placed.length)
        throw new Error(`T${this.#id} made ${placed.length} changes and was told of ${changes.length}`)
      const written = placed.map((change, i) =>
        asPromised(change, writtenRow(change, changes[i] as ChangeResult)),
      )
      this.statements.push({ operation, seen: [], written, conflict: false })
      for (const [i, change] of placed.entries()) {
        if (written[i]?.made === undefined) continue
        for (const left of leavesOf([change])) this.#own.set(placeText(left.place), left)
      }
      return written
    } catch (error) {
      const notAlone =
        error instanceof InvalidRequestError && 'alone' in operation && operation.alone === true
      if (!(error instanceof ConstraintError || notAlone)) throw error
      this.statements.push({ operation, seen: [], written: [], conflict: true })
      return []
    }
  }
}

/** A statement with a condition promises how many rows it changes, and not why it changes none. */
function asPromised({ change }: PlacedChange, written: WrittenRow): WrittenRow {
  const conditional = (change.kind === 'update' || change.kind === 'delete') && change.condition !== undefined
  return conditional && written.made === undefined ? { ...written, because: 'unmet' } : written
}

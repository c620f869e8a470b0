import type { Ledger } from './ledger.js'
import type { LogRow } from './log-row.js'
import type { KillableServer } from './server.js'

/** Answers by which nothing has happened, and nothing will. */
const REFUSALS = ['unavailable', 'overloaded', 'condition_failed', 'transaction_conflict']

interface Refusal {
  readonly code: string
  readonly message: string
}

/**
 * Sends a write that the ledger knows to be sent, and tells the ledger what comes of it.
 *
 * @returns whether an answer came.
 */
export async function send(
  server: KillableServer,
  ledger: Ledger,
  path: string,
  request: { readonly id: string },
): Promise<boolean> {
  const { id } = request
  let refusal: Refusal
  try {
    const response = await server.post(path, request)
    if (response.ok) {
      ledger.settle(id, 'acknowledged')
      // The status has said it all. The rest is read so that the connection can be used again.
      await response.text().catch(() => {})
      return true
    }
    refusal = (await response.json()) as Refusal
  } catch {
    ledger.settle(id, 'unknown')
    return false
  }
  if (REFUSALS.includes(refusal.code)) ledger.settle(id, 'refused')
  else if (refusal.code === 'outcome_unknown') ledger.settle(id, 'unknown')
  else throw new Error(`a write was answered with ${refusal.code}: ${refusal.message}`)
  return true
}

/** All rows of some hash keys, one hash key after the other. */
export async function readRows(
  server: KillableServer,
  hashKeys: readonly string[],
  descending = false,
): Promise<LogRow[]> {
  return readAll(server, '/read', { hashKeys, descending })
}

/** All rows that there are, in no order. */
export async function scanRows(server: KillableServer): Promise<LogRow[]> {
  return readAll(server, '/scan', {})
}

async function readAll(server: KillableServer, path: string, request: object): Promise<LogRow[]> {
  const response = await server.post(path, request)
  if (!response.ok) throw new Error(`a read was refused: ${await response.text()}`)
  return (await response.json()) as LogRow[]
}

/** All rows of some hash keys, at one moment; nothing when others write so much that there is no such moment. */
export async function readTogether(
  server: KillableServer,
  hashKeys: readonly string[],
): Promise<LogRow[] | undefined> {
  const response = await server.post('/read-together', { hashKeys })
  if (response.ok) return (await response.json()) as LogRow[]
  const { code, message } = (await response.json()) as Refusal
  if (code === 'transaction_conflict') return undefined
  throw new Error(`a read was answered with ${code}: ${message}`)
}

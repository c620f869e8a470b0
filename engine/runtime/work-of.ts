import { runInDurableObject } from 'cloudflare:test'
import { expect, vi } from 'vitest'

/** A partition's class, as its callers see it. */
interface Called {
  execute(request: { readonly operation: { readonly kind: string } }): Promise<unknown>
}

/**
 * What partitions do for a transaction: the calls that they get, with its answer among them, and the rows that they
 * write.
 */
export async function workOf(stubs: readonly never[], transaction: () => Promise<unknown>) {
  const calls: string[] = []
  const cursors: SqlStorageCursor<never>[] = []
  let watched: { execute: Called['execute'] } | undefined
  for (const stub of stubs) {
    await runInDurableObject(stub, (instance: unknown, state: DurableObjectState) => {
      const exec = state.storage.sql.exec.bind(state.storage.sql)
      vi.spyOn(state.storage.sql, 'exec').mockImplementation(((...args: Parameters<typeof exec>) => {
        const cursor = exec(...args)
        cursors.push(cursor as never)
        return cursor
      }) as never)
      watched ??= Object.getPrototypeOf(instance) as { execute: Called['execute'] }
    })
  }
  // Calls go to the class's own methods.
  const { execute } = watched as { execute: Called['execute'] }
  Object.assign(watched as object, {
    execute(this: Called, request: Parameters<Called['execute']>[0]) {
      calls.push(request.operation.kind)
      return execute.call(this, request)
    },
  })
  await transaction()
  calls.push('answer')
  // What goes on after the answer comes to its end too.
  await vi.waitFor(() => expect(calls.includes('prepare')).toBe(calls.includes('finish')))
  Object.assign(watched as object, { execute })
  for (const stub of stubs) {
    await runInDurableObject(stub, () => {
      vi.restoreAllMocks()
    })
  }
  return { calls, written: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0) }
}

import { Kysely } from 'kysely'
import type { ScanPage } from '../../engine/client/scan.js'
import type { ItemKey } from '../../engine/operations.js'
import { DEFAULT_SETTINGS } from '../../engine/settings.js'
import { encodeItem } from '../../engine/values/item-text.js'
import type { Item } from '../../engine/values/value.js'
import { FokosQueryCompiler } from '../compiler/fokos-query-compiler.js'
import { tableSchema } from '../schema/table.js'
import { declaredSchema } from '../schema/table-schema.js'
import type { DriverClient } from './driver-client.js'
import { FokosAdapter } from './fokos-adapter.js'
import { FokosDriver } from './fokos-driver.js'
import { FokosIntrospector } from './fokos-introspector.js'

/*
 * A database whose client is a test's own: what the driver asks of it can be looked at, and any tree be made up.
 */

const schema = declaredSchema([
  tableSchema('flights', { hashKey: 'origin', sortKey: ['departs_at', 'destination'] }),
  tableSchema('travellers', { hashKey: 'id', sortKey: [] }),
])

/** A database on a client that fails when anything is asked of it that it has no script for. */
// biome-ignore lint/suspicious/noExplicitAny: the tests of types are elsewhere
export function scripted(client: Partial<DriverClient>): Kysely<any> {
  const unscripted = new Proxy(client, {
    get(target, name) {
      const script = target[name as keyof DriverClient]
      if (script !== undefined) return script
      throw new Error(`nothing is scripted for ${String(name)}`)
    },
  }) as DriverClient
  return new Kysely({
    dialect: {
      createDriver: () => new FokosDriver(() => unscripted, schema, DEFAULT_SETTINGS.limits),
      createQueryCompiler: () => new FokosQueryCompiler(schema),
      createAdapter: () => new FokosAdapter(),
      createIntrospector: () => new FokosIntrospector(schema),
    },
  })
}

const NOWHERE: ItemKey = { hashKey: new Uint8Array(), sortKey: new Uint8Array() }

/** Pages as the client gives them: of each, the rows. */
export async function* pagesOf(...pages: readonly (readonly Item[])[]): AsyncGenerator<ScanPage> {
  for (const [i, rows] of pages.entries()) {
    yield {
      items: rows.map((row) => ({ key: NOWHERE, item: encodeItem(row) })),
      ...(i === pages.length - 1 ? undefined : { cursor: `after-${i}` }),
    }
  }
}

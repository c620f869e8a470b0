// Plans queries in plain Node, outside of Workers: for tests of a project's queries, or in CI.
// `npm run build && npm run example:plain-node` runs it against the built package.
import { Kysely } from 'kysely'
import {
  defineDatabase,
  type FokosCompiledQuery,
  type InferDatabase,
  table,
  UnsupportedQueryError,
} from 'kysely-fokos'

const database = defineDatabase({
  tables: {
    orders: table<{ customer: string; placed_at: Date; total: number }>()({
      hashKey: 'customer',
      sortKey: 'placed_at',
    }),
  },
})

const db = new Kysely<InferDatabase<typeof database>>({ dialect: database.FokosDialect.compileOnly() })

const queries = {
  latest: db
    .selectFrom('orders')
    .selectAll()
    .where('customer', '=', 'ann')
    .orderBy('placed_at', 'desc')
    .limit(10),
  several: db.selectFrom('orders').selectAll().where('customer', 'in', ['ann', 'bob']),
  everywhere: db.selectFrom('orders').selectAll().where('total', '>', 100),
}

for (const [name, query] of Object.entries(queries)) {
  try {
    // kysely-fokos-allow missing_hash_key: it shows what a refusal looks like
    const { operation, sql } = query.compile() as FokosCompiledQuery
    console.log(`${name}: ${operation.kind}\n  ${sql}`)
  } catch (error) {
    if (!(error instanceof UnsupportedQueryError)) throw error
    console.log(`${name}: refused (${error.code})\n  ${error.reason}\n  ${error.fix}`)
  }
}

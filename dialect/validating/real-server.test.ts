import { afterAll, expect, it } from 'vitest'
import { KillableServer } from '../../engine/runtime/kill/server.js'

const kysely = process.env.KYSELY_PACKAGE ?? 'kysely'
const server = new KillableServer()
afterAll(() => server.stop())

it('zod, valibot and arktype validate in a real workerd, where requests make no code', async () => {
  await server.start(new URL('./worker.ts', import.meta.url), { kysely })
  const tried = (await (await server.post('/', {})).json()) as Record<string, unknown>
  expect(tried.makesCode).toMatch(/^EvalError: Code generation from strings disallowed/)
  // The types of arktype are made while a module loads; a request makes none.
  expect(tried.declaresArktype).toContain('Code generation from strings disallowed')
  for (const table of ['zod', 'valibot', 'arktype']) {
    expect(tried[table]).toEqual({
      insert: 'ok',
      badInsert: expect.stringMatching(`^validation: ${table}.balance: `),
      update: 'ok',
      badUpdate: expect.stringMatching(`^validation: ${table}.balance: `),
    })
  }
})

import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { encodeKey } from '../keys/key-codec.js'
import type { KeeperRequest } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { encodeItem } from '../values/item-text.js'
import { SETTINGS, TestWorld } from './transfer/test-world.js'

const ROOT = 'main/h/0' as PartitionName
const STATUS = { pinned: true, hashPartitions: 0, promoted: 0, rangePartitions: 0, rebuilding: false }
const key = { hashKey: encodeKey(['a']), sortKey: encodeKey([]) }
const MISMATCH = { ok: false, error: { code: 'settings_mismatch' } }
const get = { kind: 'get', key } as const

/** A world whose keeper is asked, and answers, or does not. */
function newWorld(answer: (request: KeeperRequest) => boolean | 'nothing') {
  const world = new TestWorld()
  const asked: string[] = []
  world.keeper = {
    async call(request) {
      const { operation } = request
      asked.push(
        operation.kind === 'agree' ? `agree, ${operation.writes ? 'writes' : 'reads'}` : operation.kind,
      )
      const answered = answer(request)
      if (answered === 'nothing') throw new Error('nobody answers')
      if (answered) return { ok: true, status: STATUS }
      return { ok: false, error: { code: 'settings_mismatch', message: 'roots 1, roots 2' } }
    },
  }
  const put = () => {
    const change = { kind: 'put', key, item: encodeItem({ n: 1 }) } as const
    const token = world.token()
    return world.ask(ROOT, { kind: 'write', changes: [change], token, born: world.now, resent: false })
  }
  return { world, asked, put }
}

describe('a root that holds nothing', () => {
  it('asks the keeper once before it reads, and once before it writes, and never when it holds something', async () => {
    const { world, asked, put } = newWorld(() => true)
    expect((await world.ask(ROOT, get)).result).toMatchObject({ found: null })
    await world.ask(ROOT, get)
    expect(asked).toEqual(['agree, reads'])
    expect((await put()).ok).toBe(true)
    expect(asked).toEqual(['agree, reads', 'agree, writes'])
    world.restart(ROOT)
    await put()
    await world.ask(ROOT, get)
    expect(asked).toEqual(['agree, reads', 'agree, writes'])
  })

  it('refuses other settings than its database has, and writes nothing', async () => {
    const { world, put } = newWorld(() => false)
    expect(await world.ask(ROOT, get)).toMatchObject(MISMATCH)
    expect(await put()).toMatchObject(MISMATCH)
    expect(world.rows(ROOT, 'SELECT name FROM sqlite_master')).toEqual([])
  })

  it('asks for each of the settings that it is asked with', async () => {
    const { world } = newWorld(({ settings }) => settings.fanout === SETTINGS.fanout)
    expect((await world.ask(ROOT, get)).ok).toBe(true)
    const other = { settings: { ...SETTINGS, fanout: 3 } }
    expect(await world.ask(ROOT, get, other)).toMatchObject(MISMATCH)
    expect((await world.ask(ROOT, get)).ok).toBe(true)
  })

  it('refuses what it was asked for when the keeper does not answer, which is worth another try', async () => {
    let hears = false
    const { world, put, asked } = newWorld(() => (hears ? true : 'nothing'))
    const refused = put()
    await world.pass(60_000)
    expect(await refused).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    expect(asked.length).toBe(4)
    hears = true
    expect((await put()).ok).toBe(true)
  })
})

describe('a write that is refused because the keeper does not answer', () => {
  it('has not happened, and does not, whatever becomes of a copy of it', async () => {
    let hears = false
    const { world } = newWorld(() => (hears ? true : 'nothing'))
    const change = { kind: 'put', key, item: encodeItem({ n: 1 }) } as const
    const write = { kind: 'write', changes: [change], token: 7, born: world.now, resent: false } as const
    const both = [world.ask(ROOT, write), world.ask(ROOT, write)]
    await world.pass(60_000)
    for (const one of both) expect(await one).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    hears = true
    expect(await world.ask(ROOT, write)).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    expect((await world.ask(ROOT, get)).result).toMatchObject({ found: null })
  })
})

describe('a request whose question is not answered', () => {
  it('is served when somebody else was told meanwhile, and has written', async () => {
    const { world, put } = newWorld(({ operation }) =>
      operation.kind === 'agree' && operation.writes ? true : 'nothing',
    )
    const first = world.ask(ROOT, get)
    await world.pass(100)
    expect((await put()).ok).toBe(true)
    await world.pass(60_000)
    expect((await first).ok).toBe(true)
  })
})

describe('many who come at once to a root that holds nothing', () => {
  it('have the keeper asked once', async () => {
    const { world, asked, put } = newWorld(() => true)
    const all = await Promise.all([put(), put(), put(), world.ask(ROOT, get)])
    expect(all.map(({ ok }) => ok)).toEqual([true, true, true, true])
    expect(asked).toEqual(['agree, writes', 'agree, reads'])
  })

  it('are not all refused where they are too many', async () => {
    let hears = false
    const { world } = newWorld(() => (hears ? true : 'nothing'))
    const all = Array.from({ length: 1_200 }, () => world.ask(ROOT, get))
    await world.pass(100)
    hears = true
    await world.pass(10_000)
    const codes = (await Promise.all(all)).map((answer) => (answer.ok ? 'ok' : answer.error?.code))
    expect(codes.filter((code) => code === 'ok').length).toBe(1_000)
    expect(codes.filter((code) => code === 'overloaded').length).toBe(200)
  })
})

describe('a keeper whose class has nothing of a keeper', () => {
  it('is nobody to ask', async () => {
    const { world, put } = newWorld(() => {
      throw new ConfigurationError('the objects of FokosTopologyKeeper do not work')
    })
    expect((await put()).ok).toBe(true)
    expect((await world.ask(ROOT, get)).ok).toBe(true)
  })
})

describe('a partition that is no root', () => {
  it('asks nobody: who adopted it has said', async () => {
    const { world, asked } = newWorld(() => true)
    await world.ask('main/h/0.1' as PartitionName, get)
    expect(asked).toEqual(['agree, reads'])
  })
})

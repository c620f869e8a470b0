import { describe, expect, it } from 'vitest'
import type { PartitionAnswer, PartitionRequest } from '../operations.js'
import type { PartitionName } from '../ports.js'
import { FAULT_PROFILES, type FaultProfile } from './faults.js'
import type { Actor, ActorPorts, StartActor } from './host.js'
import { BEGINNING } from './scheduler.js'
import { World } from './world.js'

const NAME = 'main/h/0' as PartitionName
const OTHER = 'main/h/1' as PartitionName
const request = {
  version: 1,
  settings: { roots: 1, fanout: 4 },
  operation: { kind: 'get' },
} as unknown as PartitionRequest
const answer = (value: unknown) => ({ ok: true, result: { found: value } }) as unknown as PartitionAnswer
const answered = (given: PartitionAnswer) => (given as unknown as { result: { found: unknown } }).result.found

/** A world of actors made for the test, and a Worker that calls them. */
function open(
  make: (ports: ActorPorts, name: PartitionName) => Actor,
  faults: Partial<FaultProfile> = {},
  seed = 1,
) {
  let instances = 0
  const start: StartActor = (name, ports) => {
    instances++
    return make(ports, name)
  }
  const world = new World({ seed, profile: { ...FAULT_PROFILES.none, ...faults }, start })
  const worker = world.worker('worker')
  let calls = 0
  const call = (name = NAME) =>
    world
      .peersOf(worker, calls++)
      .call(name, request)
      .then(answered, (error: Error) => error.message)
  return {
    world,
    call,
    instances: () => instances,
    /** Makes a call, and lets the world go on until its end is heard. */
    async ask(name = NAME): Promise<unknown> {
      let heard: unknown
      let over = false
      call(name).then((value) => {
        heard = value
        over = true
      })
      await world.scheduler.run(() => over)
      return heard
    },
    settle: () => world.scheduler.run(() => false),
  }
}

/** Counts in storage, and in memory. */
const counting = ({ storage }: ActorPorts): Actor => {
  let remembered = 0
  return {
    execute() {
      storage.run('CREATE TABLE IF NOT EXISTS c (id INTEGER PRIMARY KEY, n)')
      storage.run('INSERT INTO c VALUES (1, 1) ON CONFLICT DO UPDATE SET n = n + 1')
      const [[n]] = [...storage.rows('SELECT n FROM c')] as [[number]]
      return answer([n, ++remembered])
    },
  }
}

describe('an instance that crashes', () => {
  it('loses its memory and keeps its storage', async () => {
    const { world, ask, instances } = open(counting)
    expect(await ask()).toEqual([1, 1])
    expect(await ask()).toEqual([2, 2])
    world.host(NAME).crash('crash: in the test')
    expect(await ask()).toEqual([3, 1])
    expect(instances()).toBe(2)
  })

  it('before its write is durable loses the write, and the answer that waited for it', async () => {
    const { ask } = open(counting, { crashBeforeDurable: 1 })
    expect(await ask()).toBe('the instance crashed')
    expect(await ask()).toBe('the instance crashed')
    const sound = open(counting)
    expect(await sound.ask()).toEqual([1, 1])
  })

  it('after its write is durable loses the answer alone', async () => {
    const { world, ask } = open(counting, { crashAfterDurable: 1 })
    expect(await ask()).toBe('the instance crashed')
    world.heal()
    expect(await ask()).toEqual([2, 1])
  })

  it('never goes on with what it was waiting for', async () => {
    let wentOn = false
    const { world, call } = open(({ clock }) => ({
      async execute() {
        await clock.sleep(1_000)
        wentOn = true
        return answer('late')
      },
    }))
    world.scheduler.after(500, () => world.host(NAME).crash('crash: in the test'))
    const heard = call()
    await world.scheduler.run(() => false)
    expect(wentOn).toBe(false)
    expect(await heard).toBe('the instance crashed')
  })
})

describe('an answer', () => {
  it('waits until what was written before it is durable, also a read’s', async () => {
    const { world, call } = open(
      ({ storage }) => {
        let calls = 0
        return {
          execute() {
            if (++calls === 1) storage.run('CREATE TABLE t (n)')
            return answer(calls)
          },
        }
      },
      { flush: [500, 500] },
    )
    const heard: unknown[] = []
    call().then((value) => heard.push(value))
    call().then((value) => heard.push(value))
    await world.scheduler.run(() => world.scheduler.now > BEGINNING + 400)
    expect(heard).toEqual([])
    await world.scheduler.run(() => heard.length === 2)
    expect(world.scheduler.now).toBeGreaterThan(BEGINNING + 500)
  })
})

describe('an instance that lives on when it was replaced', () => {
  it('still gets calls, and is found out when it writes', async () => {
    const { world, ask } = open(counting, { stale: 1, staleFor: 60_000 })
    expect(await ask()).toEqual([1, 1])
    await world.scheduler.run(() => world.scheduler.now > BEGINNING + 100)
    world.host(NAME).crash('crash: in the test')
    const heard: unknown[] = []
    for (let i = 0; i < 12; i++) heard.push(await ask())
    expect(heard.filter((each) => typeof each === 'string')).toEqual(['the instance crashed'])
    expect(heard.filter((each) => typeof each !== 'string')).toEqual(
      Array.from({ length: 11 }, (_, i) => [i + 2, i + 1]),
    )
  })
})

describe('a pause', () => {
  it('delays what arrives', async () => {
    const { world, ask } = open(counting, { pauseEvery: 50, pauseFor: 5_000 })
    await ask()
    await world.scheduler.run(() => [...world.trace.faults.keys()].includes('pause'))
    const before = world.scheduler.now
    await ask()
    expect(world.scheduler.now - before).toBeGreaterThan(20)
  })
})

describe('a message', () => {
  const echo = () => ({ execute: () => answer('here') })

  it('can be lost on its way there, or back', async () => {
    expect(await open(echo, { dropRequest: 1 }).ask()).toBe('nobody answered')
    let ran = 0
    const back = open(() => ({ execute: () => answer(++ran) }), { dropAnswer: 1 })
    expect(await back.ask()).toBe('nobody answered')
    expect(ran).toBe(1)
  })

  it('can arrive twice, and be heard of once', async () => {
    let ran = 0
    const { ask, settle } = open(() => ({ execute: () => answer(++ran) }), { duplicate: 1 })
    expect(await ask()).toBe(1)
    await settle()
    expect(ran).toBe(2)
  })

  it('can go on when its connection is broken', async () => {
    let ran = 0
    const { ask, settle } = open(
      () => ({ execute: () => answer(++ran) }),
      { disconnect: 1, delay: [1, 100] },
      3,
    )
    const heard = await ask()
    await settle()
    expect([heard, ran]).toEqual(['the connection broke', 1])
  })

  it('can overtake another', async () => {
    const seen: number[] = []
    let calls = 0
    const { world, call } = open(() => ({ execute: () => answer(0) }), { delay: [1, 100] })
    for (let i = 0; i < 20; i++) call().then(() => seen.push(i))
    await world.scheduler.run(() => ++calls > 10_000)
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(seen).not.toEqual([...seen].sort((a, b) => a - b))
  })

  it('is a copy', async () => {
    const kept = { list: [1] }
    const { ask } = open(() => ({ execute: () => answer(kept) }))
    const heard = (await ask()) as { list: number[] }
    heard.list.push(2)
    expect(kept.list).toEqual([1])
  })

  it('leaves an actor for another when what it wrote is durable', async () => {
    const { ask, world } = open(
      ({ storage, peers }, name) => ({
        async execute() {
          if (name === OTHER) return answer('told')
          storage.run('CREATE TABLE t (n)')
          return peers.call(OTHER, request)
        },
      }),
      { flush: [300, 300] },
    )
    expect(await ask()).toBe('told')
    expect(world.scheduler.now).toBeGreaterThan(BEGINNING + 300)
  })
})

describe('an alarm', () => {
  const ringing =
    (rings: number[], at: number) =>
    (world: () => World) =>
    ({ alarm, clock }: ActorPorts): Actor => ({
      execute() {
        alarm.set(clock.now() + at)
        return answer('set')
      },
      alarm() {
        rings.push(world().scheduler.now - BEGINNING)
      },
    })

  function openRinging(rings: number[], faults: Partial<FaultProfile> = {}) {
    const opened = open(
      ringing(rings, 1_000)(() => opened.world),
      faults,
    )
    return opened
  }

  it('rings once, when its time has come', async () => {
    const rings: number[] = []
    const { ask, settle, world } = openRinging(rings)
    await ask()
    await settle()
    expect(rings.length).toBe(1)
    expect(rings[0]).toBeGreaterThanOrEqual(1_000)
    expect(rings[0]).toBeLessThan(1_100)
    world.host(NAME).crash('crash: in the test')
    await settle()
    expect(rings.length).toBe(1)
  })

  it('rings after a crash too, and not when the crash undid it', async () => {
    const rings: number[] = []
    const { ask, world, settle } = openRinging(rings)
    await ask()
    world.host(NAME).crash('crash: in the test')
    await settle()
    expect(rings.length).toBe(1)

    const undone: number[] = []
    const lost = openRinging(undone, { crashBeforeDurable: 1 })
    expect(await lost.ask()).toBe('the instance crashed')
    await lost.settle()
    expect(undone).toEqual([])
  })

  it('can be late, and ring twice', async () => {
    const rings: number[] = []
    const { ask, settle } = openRinging(rings, { alarmLate: 1, alarmTwice: 1 })
    await ask()
    await settle()
    expect(rings.length).toBe(2)
    expect(rings[0]).toBeGreaterThan(1_100)
  })

  it('rings until its handler has come to its end', async () => {
    let tries = 0
    const { ask, settle } = open(({ alarm, clock }) => ({
      execute() {
        alarm.set(clock.now() + 10)
        return answer('set')
      },
      alarm() {
        if (++tries < 3) throw new Error('not yet')
      },
    }))
    await ask()
    await settle()
    expect(tries).toBe(3)
  })
})

describe('clocks', () => {
  it('are off by what the profile says, each by its own', async () => {
    const { ask } = open(({ clock }) => ({ execute: () => answer(clock.now() - BEGINNING) }), {
      skew: 60_000,
    })
    const [one, other] = [(await ask(NAME)) as number, (await ask(OTHER)) as number]
    expect(Math.abs(one)).toBeLessThan(61_000)
    expect(Math.abs(one - other)).toBeGreaterThan(100)
  })
})

describe('a world', () => {
  it('does the same again, to the byte, and something else with another seed', async () => {
    const digest = async (seed: number) => {
      const { ask, world } = open(counting, FAULT_PROFILES.heavy, seed)
      for (let i = 0; i < 50; i++) await ask()
      return world.trace.digest()
    }
    expect(await digest(7)).toBe(await digest(7))
    expect(await digest(7)).not.toBe(await digest(8))
  })
})

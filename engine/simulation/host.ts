import type { PartitionAnswer, PartitionRequest } from '../operations.js'
import { MAX_SKEW } from '../partition/token-memory.js'
import type { Alarm, Clock, Millis, PartitionName, Peers, Storage, TopologyCache } from '../ports.js'
import { describeRequest } from './describe.js'
import { Disk, ReplacedError } from './disk.js'
import { endedIn } from './ended-in.js'
import type { FaultProfile } from './faults.js'
import type { Scheduler } from './scheduler.js'
import type { SeededRandom } from './seeded-random.js'

/** What runs at a place: a partition, or whatever a test puts there. */
export interface Actor {
  execute(request: PartitionRequest): PartitionAnswer | Promise<PartitionAnswer>
  /** What happens when the alarm rings. It must not throw. */
  alarm?(): void | Promise<void>
}

/** All that an actor can reach. Its memory and these are gone when it crashes; what is stored is not. */
export interface ActorPorts {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: SeededRandom
  readonly alarm: Alarm
  readonly peers: Peers
  readonly cache: TopologyCache
}

export type StartActor = (name: PartitionName, ports: ActorPorts) => Actor

/** What a host needs of its world. */
export interface HostWorld {
  readonly scheduler: Scheduler
  readonly profile: FaultProfile
  readonly start: StartActor
  /** A clock shows this time. */
  showClock(time: Millis): Millis
  /** Rows that partitions answered though they had ended by their clock. */
  readonly endedAnswers: string[]
  /** Writes down what happened at a place. */
  note(place: string, text: string, facts?: { fault?: boolean; operation?: number | undefined }): void
  peersFor(caller: string, random: SeededRandom, leave: (send: () => void) => void): Peers
  cacheFor(caller: string, random: SeededRandom, leave: (send: () => void) => void): TopologyCache
}

/** How a call ends for the one who made it. */
export interface Reply {
  answer(answer: PartitionAnswer): void
  /** The connection broke, or the instance did. */
  fail(reason: string): void
}

/** A message that an instance wants to send: it leaves when all that was written before it is durable. */
interface Leaving {
  readonly from: Instance
  readonly leave: () => void
  readonly lost: () => void
}

/** One life of an actor, from its start to its crash. */
export class Instance {
  state: 'live' | 'stale' | 'dead' = 'live'
  readonly number: number
  /** How far off its machine's clock is. */
  clockOffset: Millis
  /** Started by the first event that it gets. */
  actor: Actor | undefined
  /** The calls that it is at. */
  readonly running = new Set<Reply>()

  constructor(number: number, clockOffset: Millis) {
    this.number = number
    this.clockOffset = clockOffset
  }
}

/** One partition's place in the world: its storage, and its instances, of which one owns the storage. */
export class Host {
  readonly name: PartitionName
  readonly disk = new Disk()
  readonly #world: HostWorld
  readonly #random: SeededRandom
  readonly #leaving: Leaving[] = []
  #instance: Instance
  #stale: Instance | undefined
  #instances = 0
  #pausedUntil: Millis = 0
  #flushing = false
  /** The one whose handler runs is stored until that has come to its end. */
  #alarm: { current: Millis | undefined; durable: Millis | undefined; ringing: Millis | undefined } = {
    current: undefined,
    durable: undefined,
    ringing: undefined,
  }
  #cancelAlarm: () => void = () => {}

  constructor(name: PartitionName, world: HostWorld, random: SeededRandom) {
    this.name = name
    this.#world = world
    this.#random = random
    this.#instance = this.#newInstance()
    this.#plan('crashEvery', () => this.crash('crash: at rest'))
    this.#plan('pauseEvery', () => this.#pause())
    this.#plan('jumpEvery', () => this.#jump())
    this.#plan('leapEvery', () => this.#leap())
  }

  /** The instance that a new message goes to, which never changes later: while two live, either of them. */
  receiver(): Instance {
    const stale = this.#stale
    return stale !== undefined && this.#random.chance(0.5) ? stale : this.#instance
  }

  /** Gives a request to the instance that it was sent to, if that still lives. */
  deliver(to: Instance, request: PartitionRequest, reply: Reply, operation: number | undefined): void {
    if (to.state === 'dead') {
      reply.fail('the instance is gone')
      return
    }
    const pause = this.#pausedUntil - this.#world.scheduler.now
    if (pause > 0) {
      this.#world.scheduler.after(pause, () => this.deliver(to, request, reply, operation))
      return
    }
    const stale = to.state === 'stale'
    this.#world.note(this.name, `${stale ? 'replaced instance: ' : ''}runs ${describeRequest(request)}`, {
      operation,
      fault: stale,
    })
    to.running.add(reply)
    const clock = this.#clockOf(to)
    this.#run(to, (actor) => actor.execute(request)).then(
      (answer) => {
        if (!to.running.delete(reply)) return
        // A clock that was set back meanwhile may have been read before or behind that.
        const ended = endedIn(this.name, answer, Math.min(clock, this.#clockOf(to)))
        this.#world.endedAnswers.push(...ended.map((row) => `${this.name} answered ${row}`))
        this.#leave(
          to,
          () => reply.answer(answer),
          () => reply.fail('the instance crashed'),
        )
      },
      (error: unknown) => {
        if (!to.running.delete(reply)) return
        reply.fail(`the instance failed: ${error instanceof Error ? error.message : error}`)
      },
    )
    this.#afterSection()
  }

  #clockOf({ clockOffset }: Instance): Millis {
    return Math.floor(this.#world.scheduler.now + clockOffset)
  }

  /** The instance's memory is gone, with its running calls and with what it wrote that is not durable yet. */
  crash(why: string): void {
    const gone = this.#instance
    const livesOn =
      !this.disk.dirty && gone.actor !== undefined && this.#random.chance(this.#world.profile.stale)
    this.#world.note(this.name, `${why}${livesOn ? ', and does not know' : ''}`, { fault: true })
    this.#kill(this.#stale)
    this.#startAnew()
    if (livesOn) {
      gone.state = 'stale'
      this.#stale = gone
      const lasts = this.#random.between(0, this.#world.profile.staleFor)
      this.#world.scheduler.after(lasts, () => this.#kill(gone))
    } else {
      this.#kill(gone)
    }
  }

  /**
   * Nothing goes wrong here any more. An instance stays with what it has in memory, unless its machine's clock is
   * further off than anybody promises to bear.
   */
  heal(): void {
    this.#kill(this.#stale)
    this.#pausedUntil = 0
    if (Math.abs(this.#instance.clockOffset) <= MAX_SKEW) return
    this.#kill(this.#instance)
    this.#startAnew()
  }

  /** What is durable stays, and a new instance owns it. */
  #startAnew(): void {
    this.disk.lose()
    this.#alarm.current = this.#alarm.durable
    this.#alarm.ringing = undefined
    this.#instance = this.#newInstance()
    this.#scheduleAlarm()
  }

  #newInstance(): Instance {
    const { skew, jump, jumpEvery } = this.#world.profile
    // A new instance may be on another machine, whose clock is another one.
    const reach = this.#random.chance(0.1) && jumpEvery > 0 ? jump : skew
    return new Instance(++this.#instances, this.#random.between(-reach, reach))
  }

  #kill(instance: Instance | undefined): void {
    if (instance === undefined) return
    instance.state = 'dead'
    if (instance === this.#stale) this.#stale = undefined
    for (const message of this.#leaving.filter(({ from }) => from === instance)) {
      this.#leaving.splice(this.#leaving.indexOf(message), 1)
      message.lost()
    }
    for (const reply of instance.running) reply.fail('the instance crashed')
    instance.running.clear()
  }

  /** Runs a piece of the actor, which is there from then on; what a dead instance would say is never heard. */
  async #run<T>(instance: Instance, piece: (actor: Actor) => T | Promise<T>): Promise<T> {
    instance.actor ??= this.#world.start(this.name, this.#portsOf(instance))
    const result = await piece(instance.actor)
    if (instance.state === 'dead') throw new Error('the instance is gone')
    return result
  }

  /** Lets a message leave as soon as what it may tell of is durable. */
  #leave(from: Instance, leave: () => void, lost: () => void): void {
    if (from.state === 'dead') lost()
    else if (from.state === 'stale' || !this.disk.dirty) leave()
    else this.#leaving.push({ from, leave, lost })
  }

  /** After every piece of code that may have written. */
  #afterSection(): void {
    if (this.#flushing || !this.disk.dirty) return
    this.#flushing = true
    const { flush, crashBeforeDurable, crashAfterDurable } = this.#world.profile
    const lasts = this.#random.between(...flush)
    if (this.#random.chance(crashBeforeDurable)) {
      this.#world.scheduler.after(this.#random.between(0, lasts), () => {
        if (this.disk.dirty) this.crash('crash: before a write was durable')
      })
    }
    this.#world.scheduler.after(lasts, () => {
      this.#flushing = false
      if (!this.disk.dirty) return
      this.disk.flush()
      this.#alarm.durable = this.#alarm.current ?? this.#alarm.ringing
      if (this.#random.chance(crashAfterDurable)) {
        this.crash('crash: when a write was durable and not yet answered')
        return
      }
      for (const { leave } of this.#leaving.splice(0)) leave()
    })
  }

  #portsOf(instance: Instance): ActorPorts {
    const { scheduler } = this.#world
    const random = this.#random.fork(`instance ${instance.number}`)
    const live = this.disk.storageFor(() => instance.state === 'live')
    const stale = this.disk.staleStorage(
      () => instance.state === 'stale',
      () => {
        if (instance.state === 'stale') this.#kill(instance)
      },
    )
    const current = () => (instance.state === 'live' ? live : stale)
    const noting = <T>(piece: () => T): T => {
      const result = piece()
      this.#afterSection()
      return result
    }
    return {
      storage: {
        *rows(statement, ...bindings) {
          yield* noting(() => current().rows(statement, ...bindings))
        },
        run: (statement, ...bindings) => noting(() => current().run(statement, ...bindings)),
        atomic: (section) => noting(() => current().atomic(section)),
        bytes: () => current().bytes(),
      },
      clock: {
        now: () => this.#world.showClock(this.#clockOf(instance)),
        sleep: (duration) =>
          new Promise((resolve) => {
            scheduler.after(duration, () => {
              if (instance.state === 'dead') return
              resolve()
              queueMicrotask(() => this.#afterSection())
            })
          }),
      },
      random,
      alarm: {
        set: (at) => this.#setAlarm(instance, at),
        clear: () => this.#setAlarm(instance, undefined),
      },
      peers: this.#world.peersFor(this.name, random, (send) => this.#leave(instance, send, () => {})),
      cache: this.#world.cacheFor(this.name, random, (send) => this.#leave(instance, send, () => {})),
    }
  }

  #setAlarm(instance: Instance, at: Millis | undefined): void {
    if (instance.state !== 'live') {
      // As with every other write, the instance finds out, and never answers again.
      if (instance.state === 'stale') this.#kill(instance)
      throw new ReplacedError('another instance owns this alarm by now')
    }
    // The alarm is stored as rows are: durable with what was written before it.
    this.disk.touch()
    this.#alarm.current = at === undefined ? undefined : at - instance.clockOffset
    this.#scheduleAlarm()
    this.#afterSection()
  }

  #scheduleAlarm(): void {
    this.#cancelAlarm()
    const at = this.#alarm.current
    if (at === undefined) return
    const { alarmLate, alarmTwice } = this.#world.profile
    const late = this.#random.chance(alarmLate) ? this.#random.between(0, 10_000) : 0
    const twice = this.#random.chance(alarmTwice)
    const { scheduler } = this.#world
    this.#cancelAlarm = scheduler.after(at + late - scheduler.now, () => {
      if (late > 0) this.#world.note(this.name, 'late alarm', { fault: true })
      this.#ring(at)
      if (twice) scheduler.after(this.#random.between(0, 1_000), () => this.#ring(at))
    })
  }

  /** Rings until the handler has come to its end, at least once. */
  #ring(at: Millis): void {
    const instance = this.#instance
    this.#world.note(this.name, 'alarm')
    if (this.#alarm.current === at) this.#alarm.current = undefined
    this.#alarm.ringing = at
    const over = () => {
      if (this.#instance === instance && this.#alarm.ringing === at) this.#alarm.ringing = undefined
    }
    this.#run(instance, (actor) => actor.alarm?.()).then(
      () =>
        this.#leave(
          instance,
          () => {
            over()
            if (this.#alarm.durable === at) this.#alarm.durable = this.#alarm.current
          },
          () => {},
        ),
      () => {
        over()
        if (this.#instance === instance) this.#ringAgain(at)
      },
    )
    this.#afterSection()
  }

  #ringAgain(at: Millis): void {
    if (this.#alarm.current !== undefined) return
    this.#alarm.current = at
    this.#world.scheduler.after(2_000, () => this.#scheduleAlarm())
  }

  #pause(): void {
    const lasts = this.#random.between(0, this.#world.profile.pauseFor)
    this.#world.note(this.name, `pause: of ${Math.round(lasts)} ms`, { fault: true })
    this.#pausedUntil = this.#world.scheduler.now + lasts
  }

  /** A small step, as when a machine sets its clock right. */
  #jump(): void {
    const reach = Math.min(this.#world.profile.jump, 5_000)
    const by = Math.round(this.#random.between(-reach, reach))
    this.#world.note(this.name, `clock jump: by ${by} ms`, { fault: true })
    this.#instance.clockOffset += by
  }

  /**
   * Ahead: over the time in which clients send again, or for a moment over all that a partition remembers. Only
   * a clock that was about right leaps: one that was far behind when its instance began, and is set right later,
   * is a clock that nobody promises to bear.
   */
  #leap(): void {
    if (Math.abs(this.#instance.clockOffset) > this.#world.profile.skew) return
    const far = this.#random.chance(0.3)
    const by = Math.round(
      far ? this.#random.between(600_000, 700_000) : this.#random.between(31_000, 120_000),
    )
    const instance = this.#instance
    this.#world.note(this.name, `clock leap: by ${by} ms`, { fault: true })
    instance.clockOffset += by
    if (!far) return
    // Not set right: what it forgot meanwhile would be asked for by a clock that does not know.
    this.#world.scheduler.after(this.#random.between(0, 500), () => {
      if (instance === this.#instance && this.#world.profile.leapEvery > 0) this.crash('crash: at rest')
    })
  }

  /** Lets something happen again and again, at random times, until the world has healed. */
  #plan(every: 'crashEvery' | 'pauseEvery' | 'jumpEvery' | 'leapEvery', happen: () => void): void {
    const mean = this.#world.profile[every]
    if (mean <= 0) return
    this.#world.scheduler.after(-Math.log(1 - this.#random.fraction()) * mean, () => {
      if (this.#world.profile[every] <= 0) return
      happen()
      this.#plan(every, happen)
    })
  }
}

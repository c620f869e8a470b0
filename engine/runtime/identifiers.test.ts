import { decodeTime, isValid } from 'ulid'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ulid, uuid } from './identifiers.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Later than any other test's. */
let year = 2_100
function standStill(): number {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(new Date(`${year++}-01-01`))
  return Date.now()
}

describe('ulids', () => {
  it('are what the reference implementation takes for one, with its time', () => {
    const before = Date.now()
    const made = ulid()
    expect(isValid(made)).toBe(true)
    expect(made).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    expect(decodeTime(made)).toBeGreaterThanOrEqual(before)
    expect(decodeTime(made)).toBeLessThanOrEqual(Date.now())
  })

  it('rise within one millisecond, and all have its time', () => {
    const now = standStill()
    const made = Array.from({ length: 10_000 }, ulid)
    expect([...made].sort()).toEqual(made)
    expect(new Set(made).size).toBe(made.length)
    expect(new Set(made.map(decodeTime))).toEqual(new Set([now]))
  })

  it('rise when the clock goes back', () => {
    const now = standStill()
    const first = ulid()
    vi.setSystemTime(now - 5_000)
    const second = ulid()
    expect(second > first).toBe(true)
    expect(decodeTime(second)).toBe(now)
  })

  it('rise when a millisecond has no more of them', () => {
    const now = standStill()
    const real = crypto.getRandomValues.bind(crypto)
    const random = vi.spyOn(crypto, 'getRandomValues').mockImplementationOnce((array) => {
      ;(array as unknown as Uint8Array).fill(255)
      return array
    })
    random.mockImplementation(real)
    const first = ulid()
    expect(first).toMatch(/Z{16}$/)
    const second = ulid()
    expect(second > first).toBe(true)
    expect(decodeTime(second)).toBe(now + 1)
  })

  it('of different milliseconds have nothing in common but the time', () => {
    const now = standStill()
    const first = ulid()
    vi.setSystemTime(now + 1)
    const second = ulid()
    expect(second > first).toBe(true)
    expect(second.slice(10)).not.toBe(first.slice(10))
  })
})

describe('uuids', () => {
  it('are random ones', () => {
    expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuid()).not.toBe(uuid())
  })
})

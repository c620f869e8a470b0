import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SnapshotError } from './snapshot.js'
import { BodyReader, BodyWriter } from './snapshot-body.js'

describe('the body of a snapshot', () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [128, 1]],
    [300, [172, 2]],
    [2 ** 32 - 1, [255, 255, 255, 255, 15]],
  ])('holds the number %d as %j', (number, bytes) => {
    const writer = new BodyWriter()
    writer.number(number)
    expect([...writer.finish()]).toEqual(bytes)
    expect(new BodyReader(Uint8Array.from(bytes)).number()).toBe(number)
  })

  it('is read as it was written', () => {
    const number = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(fc.array(fc.oneof(number, fc.uint8Array({ maxLength: 200 }))), (parts) => {
        const writer = new BodyWriter()
        for (const part of parts) {
          if (typeof part === 'number') writer.number(part)
          else writer.bytes(part)
        }
        const reader = new BodyReader(writer.finish())
        for (const part of parts) {
          if (typeof part === 'number') expect(reader.number()).toBe(part)
          else expect(reader.bytes(part.length)).toEqual(part)
        }
        reader.end()
      }),
    )
  })

  it('has room for as many numbers as there are', () => {
    for (let more = 0; more < 5; more++) {
      const writer = new BodyWriter()
      for (let i = 0; i < more; i++) writer.number(1)
      for (let i = 0; i < 100; i++) writer.number(2 ** 32 - 1)
      expect(writer.finish().length).toBe(more + 500)
      expect(
        writer
          .finish()
          .subarray(more)
          .every((byte, i) => byte === (i % 5 === 4 ? 15 : 255)),
      ).toBe(true)
    }
  })

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('has no number %d', (number) => {
    expect(() => new BodyWriter().number(number)).toThrow()
  })

  it.each<[string, (reader: BodyReader) => unknown, number[]]>([
    ['a number that is cut off', (reader) => reader.number(), [128]],
    ['a number that is too large', (reader) => reader.number(), [255, 255, 255, 255, 16]],
    ['a number without an end', (reader) => reader.number(), new Array(100).fill(128)],
    ['a number that is longer than need be', (reader) => reader.number(), [128, 0]],
    ['bytes that are cut off', (reader) => reader.bytes(2), [1]],
    ['bytes behind the end', (reader) => reader.end(), [1]],
  ])('is refused with %s', (_, read, bytes) => {
    expect(() => read(new BodyReader(Uint8Array.from(bytes)))).toThrow(SnapshotError)
  })
})

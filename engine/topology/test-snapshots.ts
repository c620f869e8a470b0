import { SnapshotError } from './snapshot.js'

/*
 * What the tests of snapshots have in common.
 */

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Whether bytes are refused as a snapshot, and for no other reason. */
export function isRefused(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return false
  } catch (error) {
    if (error instanceof SnapshotError) return true
    throw error
  }
}

/** Reads hexadecimal digits; spaces count for nothing, and `00*3` is three zero bytes. */
export function bytes(text: string): Uint8Array {
  const digits = text
    .replaceAll(/(\S\S)\*(\d+)/g, (_, byte: string, count: string) => byte.repeat(Number(count)))
    .replaceAll(' ', '')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

/** Some bytes, cut off anywhere, with any byte changed, and with something behind them. */
export function* damaged(whole: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at++) {
    yield whole.subarray(0, at)
    for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) yield whole.with(at, (whole[at] as number) ^ flip)
  }
  for (const more of [0, 1, 255]) yield Uint8Array.of(...whole, more)
}

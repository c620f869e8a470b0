/** Crockford's digits: no I, L, O and U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_DIGITS = 10
const RANDOM_DIGITS = 16

/** The last one that was made. The clock stands still within a turn of a Worker, so many have its time. */
const last = { time: -1, random: new Uint8Array(RANDOM_DIGITS) }

/**
 * A ULID (https://github.com/ulid/spec): 26 digits, first of the time, then random. Sorted as texts they are in the
 * order of time, to the millisecond; those of one process rise also within one.
 *
 * Who knows one can guess those that were made right after it: no secrets.
 */
export function ulid(): string {
  const now = Date.now()
  if (now > last.time) startAt(now)
  else if (!increment(last.random)) startAt(last.time + 1)
  let text = ''
  for (let time = last.time, i = 0; i < TIME_DIGITS; i++) {
    text = DIGITS.charAt(time % 32) + text
    time = Math.floor(time / 32)
  }
  for (const digit of last.random) text += DIGITS.charAt(digit)
  return text
}

/** A random UUID, of version 4. */
export function uuid(): string {
  return crypto.randomUUID()
}

function startAt(time: number): void {
  last.time = time
  crypto.getRandomValues(last.random)
  for (let i = 0; i < RANDOM_DIGITS; i++) last.random[i] = (last.random[i] as number) % 32
}

/** @returns whether there is a next one. */
function increment(digits: Uint8Array): boolean {
  for (let i = digits.length - 1; i >= 0; i--) {
    digits[i] = ((digits[i] as number) + 1) % 32
    if (digits[i] !== 0) return true
  }
  return false
}

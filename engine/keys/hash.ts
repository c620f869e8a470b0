/**
 * MurmurHash3_x86_32 (Austin Appleby, public domain, SMHasher). Says where a hash key lives, so it can never
 * change once data is written.
 *
 * @returns an unsigned 32-bit integer.
 */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  const blocks = bytes.length & ~3
  let hash = seed | 0
  for (let i = 0; i < blocks; i += 4) {
    hash ^= scramble(
      (bytes[i] as number) |
        ((bytes[i + 1] as number) << 8) |
        ((bytes[i + 2] as number) << 16) |
        ((bytes[i + 3] as number) << 24),
    )
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let i = bytes.length - 1; i >= blocks; i--) tail = (tail << 8) | (bytes[i] as number)
  if (blocks !== bytes.length) hash ^= scramble(tail)
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}

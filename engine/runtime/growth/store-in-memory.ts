import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where Linux has files in memory. */
const MEMORY = '/dev/shm'
/** What all that is measured takes at once, with room to spare. */
const ROOM = 4_000_000_000

/**
 * Has servers that are started from now on keep their files in memory, where there is room. A local workerd waits for
 * the disk in the one thread that all partitions share. A Durable Object does not: its answers wait for copies
 * elsewhere, and its thread goes on.
 *
 * @returns where files are.
 */
export function storeInMemory(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    if (bavail * bsize >= ROOM) process.env.TMPDIR = MEMORY
  } catch {
    // Not on this system: the disk it is.
  }
  return tmpdir()
}

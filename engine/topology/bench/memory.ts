/**
 * Bytes by which memory grows for each of so many things that are made and kept. Nothing, where Node does not let its
 * memory be tidied up (`--expose-gc`).
 */
export function bytesKept(count: number, make: () => unknown): number | undefined {
  const { gc } = globalThis
  if (gc === undefined) return undefined
  const used = () => {
    // What holds memory outside of the heap is given back a round after what held it.
    for (let i = 0; i < 3; i++) gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const kept = new Array<unknown>(count).fill(make())
  const before = used()
  for (let i = 1; i < count; i++) kept[i] = make()
  const grown = used() - before
  // Still held here, so that nothing of it has gone before.
  return kept.length === count ? grown / (count - 1) : undefined
}

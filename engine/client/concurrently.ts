/**
 * Maps with at most `width` calls under way, and keeps the order. The first failure is the result; what was
 * not begun by then is left out.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  width: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let failed = false
  const work = async () => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        results[index] = await map(items[index] as T)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work))
  return results
}

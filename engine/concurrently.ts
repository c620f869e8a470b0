/** Calls to partitions under way at once, for one operation. */
export const MAX_CALLS = 32

/** Maps with at most `width` calls under way, and keeps the order. The first failure is the result. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  width: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  for (let begun = 0; begun < items.length; begun += width) {
    results.push(...(await Promise.all(items.slice(begun, begun + width).map(map))))
  }
  return results
}

/**
 * Adds a finite number to a sum that is kept as parts which do not overlap, the smallest first: nothing of it is lost.
 * (Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates", 1997, section 2.4.)
 * No sum on the way may be beyond what a number can be.
 */
export function addExactly(parts: number[], added: number): void {
  let kept = 0
  let carried = added
  for (const part of parts) {
    const [large, small] = Math.abs(carried) < Math.abs(part) ? [part, carried] : [carried, part]
    const sum = large + small
    const lost = small - (sum - large)
    if (lost !== 0) parts[kept++] = lost
    carried = sum
  }
  parts.length = kept
  parts.push(carried)
}

/** The number that is nearest to the sum of the parts. */
export function roundSum(parts: readonly number[]): number {
  let place = parts.length - 1
  let sum = parts[place] ?? 0
  let lost = 0
  while (place > 0 && lost === 0) {
    const before = sum
    const part = parts[--place] as number
    sum = before + part
    lost = part - (sum - before)
  }
  // Exactly in the middle of two numbers, the parts that are left decide.
  const left = place > 0 ? (parts[place - 1] as number) : 0
  if (lost !== 0 && Math.sign(lost) === Math.sign(left)) {
    const twice = lost * 2
    const other = sum + twice
    if (twice === other - sum) return other
  }
  return sum
}

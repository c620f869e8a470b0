/**
 * Under which assumptions something holds: what conditions turned out to be, and which of several names a value is.
 * What is not in it may be anything.
 */
export type When = ReadonlyMap<string, string | boolean>

/** One of the values that an expression may have. */
export interface Alternative {
  readonly value: unknown
  readonly when: When
}

/** All the values that an expression may have, by what the conditions on the way to it turn out to be. */
export type Alternatives = readonly Alternative[]

/** So many combinations of branches are followed for one value. What has more is reported as not followed. */
export const MOST_COMBINATIONS = 1_024

export const ALWAYS: When = new Map()

export function only(value: unknown, when: When = ALWAYS): Alternatives {
  return [{ value, when }]
}

/** Both at once; nothing when they contradict each other. */
export function bothHold(a: When, b: When): When | undefined {
  if (a === b || b.size === 0) return a
  if (a.size === 0) return b
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  let missing = false
  for (const [key, value] of small) {
    const other = large.get(key)
    if (other === undefined) missing = true
    else if (other !== value) return undefined
  }
  return missing ? new Map([...large, ...small]) : large
}

/** Those that are possible under an assumption, which they carry from then on. */
export function under(alternatives: Alternatives, when: When): Alternative[] {
  return alternatives.flatMap((alternative) => {
    const both = bothHold(alternative.when, when)
    return both === undefined ? [] : [{ value: alternative.value, when: both }]
  })
}

/** Those that are possible under an assumption, as they are. */
export function possible(alternatives: Alternatives, when: When): Alternatives {
  if (alternatives.length === 1) return alternatives
  return alternatives.filter((alternative) => bothHold(alternative.when, when) !== undefined)
}

/**
 * What comes of each way to choose one value of each list: `then` is called for all that do not contradict each other.
 *
 * @param cut is told when there are more than {@link MOST_COMBINATIONS}: the rest is left out.
 */
export function combine(
  lists: readonly Alternatives[],
  then: (values: unknown[], when: When) => Alternatives,
  cut: () => void,
): Alternatives {
  if (lists.every(({ length }) => length === 1)) {
    let when: When | undefined = ALWAYS
    for (const [alternative] of lists) when = when && bothHold(when, (alternative as Alternative).when)
    return when === undefined
      ? []
      : then(
          lists.map(([alternative]) => (alternative as Alternative).value),
          when,
        )
  }
  let chosen: { readonly values: unknown[]; readonly when: When }[] = [{ values: [], when: ALWAYS }]
  for (const list of lists) {
    chosen = chosen.flatMap(({ values, when }) =>
      list.flatMap((alternative) => {
        const both = bothHold(when, alternative.when)
        return both === undefined ? [] : [{ values: [...values, alternative.value], when: both }]
      }),
    )
    if (chosen.length > MOST_COMBINATIONS) {
      cut()
      chosen = spread(chosen)
    }
  }
  return limited(
    chosen.flatMap(({ values, when }) => then(values, when)),
    cut,
  )
}

/** No more than are followed. */
export function limited(alternatives: Alternatives, cut: () => void): Alternatives {
  if (alternatives.length <= MOST_COMBINATIONS) return alternatives
  cut()
  return spread(alternatives)
}

/** Some of many, from the first to the last, so that every branch is likely to be among them. */
function spread<T>(many: readonly T[]): T[] {
  const step = (many.length - 1) / (MOST_COMBINATIONS - 1)
  return Array.from({ length: MOST_COMBINATIONS }, (_, i) => many[Math.round(i * step)] as T)
}

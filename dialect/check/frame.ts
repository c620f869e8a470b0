import type { Node, Symbol as TsSymbol } from 'typescript'
import { ALWAYS, type Alternative, type Alternatives, bothHold, under, type When } from './alternatives.js'
import type { Check } from './check.js'

/** The variables of one call of a function, or of a module. */
export interface Activation {
  readonly variables: Map<TsSymbol, Alternatives>
  readonly around: Activation | undefined
}

/** Where the interpreter is in one call of a function. */
export interface Frame {
  readonly check: Check
  readonly activation: Activation
  readonly self: unknown
  /** The functions that are being followed, from the outermost. */
  readonly stack: readonly Node[]
  /** What has been assumed on the way here. */
  path: When
  /** What the function may return. */
  readonly returns: Alternative[]
  /** Where loops or switches were left early: with which variables. */
  leaving: State[]
}

/** What the variables are at some point, and what was assumed on the way there. */
export interface State {
  readonly variables: ReadonlyMap<Activation, ReadonlyMap<TsSymbol, Alternatives>>
  readonly path: When
}

export function newActivation(around: Activation | undefined): Activation {
  return { variables: new Map(), around }
}

export function saveState({ activation, path }: Frame): State {
  const variables = new Map<Activation, ReadonlyMap<TsSymbol, Alternatives>>()
  for (let at: Activation | undefined = activation; at !== undefined; at = at.around) {
    variables.set(at, new Map(at.variables))
  }
  return { variables, path }
}

export function restoreState(frame: Frame, { variables, path }: State): void {
  frame.path = path
  for (const [activation, saved] of variables) {
    activation.variables.clear()
    for (const [symbol, alternatives] of saved) activation.variables.set(symbol, alternatives)
  }
}

/** Goes on from wherever one of the states has come to: a variable is what it was in any of them. */
export function mergeStates(frame: Frame, states: readonly State[], before: When): void {
  const [first, ...others] = states
  if (first === undefined) return
  restoreState(frame, first)
  if (others.length === 0) return
  for (const activation of first.variables.keys()) {
    const symbols = new Set(states.flatMap((state) => [...(state.variables.get(activation)?.keys() ?? [])]))
    for (const symbol of symbols) {
      const found = states.map(({ variables, path }) => ({
        of: variables.get(activation)?.get(symbol),
        path,
      }))
      if (found.every(({ of }) => of === found[0]?.of)) continue
      activation.variables.set(symbol, mergeAlternatives(found))
    }
  }
  frame.path = before
}

function mergeAlternatives(
  found: readonly { readonly of: Alternatives | undefined; readonly path: When }[],
): Alternatives {
  const merged: Alternative[] = []
  for (const { of = [], path } of found) {
    for (const alternative of under(of, path)) {
      // What two branches leave as it was, is so whatever their condition was.
      const same = merged.findIndex(({ value }) => value === alternative.value)
      if (same < 0) merged.push(alternative)
      else {
        merged[same] = {
          value: alternative.value,
          when: common((merged[same] as Alternative).when, alternative.when),
        }
      }
    }
  }
  return merged
}

function common(a: When, b: When): When {
  if (a === b) return a
  const shared = new Map([...a].filter(([key, value]) => b.get(key) === value))
  return shared.size === 0 ? ALWAYS : shared
}

/** Whether an assumption can be true here. */
export function isPossible(frame: Frame, when: When): boolean {
  return bothHold(frame.path, when) !== undefined
}

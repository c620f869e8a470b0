import type { SourceFile } from 'typescript'
import { ALWAYS } from './alternatives.js'
import type { Check } from './check.js'
import { type Activation, type Frame, newActivation } from './frame.js'

/** The variables of a module. */
export function moduleActivation(check: Check, file: SourceFile): Activation {
  let activation = check.modules.get(file)
  if (activation === undefined) {
    activation = newActivation(undefined)
    check.modules.set(file, activation)
  }
  return activation
}

/** Where a module's own statements are evaluated. */
export function moduleFrame(check: Check, file: SourceFile): Frame {
  return {
    check,
    activation: moduleActivation(check, file),
    self: undefined,
    stack: [file],
    path: ALWAYS,
    returns: [],
    leaving: [],
  }
}

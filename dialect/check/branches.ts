import type { Expression } from 'typescript'
import { bothHold, type When } from './alternatives.js'
import { newKey } from './check.js'
import { evaluate } from './evaluate.js'
import type { Frame } from './frame.js'
import { ts } from './typescript.js'
import { FOREIGN, isConstant, Lost, Placeholder } from './values.js'

/** One way that a condition may turn out, and what is assumed then. */
export interface Branch {
  readonly truth: boolean
  readonly when: When
}

/** How a condition may turn out where the frame is. One that was met before turns out as it did then. */
export function branchesOf(frame: Frame, condition: Expression): Branch[] {
  if (ts.isParenthesizedExpression(condition)) return branchesOf(frame, condition.expression)
  if (ts.isPrefixUnaryExpression(condition) && condition.operator === ts.SyntaxKind.ExclamationToken) {
    return branchesOf(frame, condition.operand).map(({ truth, when }) => ({ truth: !truth, when }))
  }
  if (ts.isBinaryExpression(condition)) {
    const { kind } = condition.operatorToken
    const decides =
      kind === ts.SyntaxKind.AmpersandAmpersandToken
        ? false
        : kind === ts.SyntaxKind.BarBarToken
          ? true
          : undefined
    if (decides !== undefined) {
      return branchesOf(frame, condition.left).flatMap((left) => {
        if (left.truth === decides) return [left]
        return branchesOf({ ...frame, path: left.when }, condition.right)
      })
    }
  }
  return evaluate(frame, condition).flatMap(({ value, when }) => {
    const here = bothHold(frame.path, when)
    return here === undefined ? [] : branchesOfValue(frame, value, here)
  })
}

/** How a value may turn out as a condition. */
export function branchesOfValue(frame: Frame, value: unknown, here: When): Branch[] {
  if (isConstant(value)) return [{ truth: Boolean(value), when: here }]
  if (!(value instanceof Placeholder) && !(value instanceof Lost) && value !== FOREIGN) {
    return [{ truth: true, when: here }]
  }
  const isContrary = value instanceof Placeholder && value.contraryOf !== undefined
  const key = value instanceof Placeholder ? (value.contraryOf ?? value.key) : newKey(frame.check)
  return [true, false].flatMap((truth) => {
    const when = bothHold(here, new Map([[key, truth !== isContrary]]))
    return when === undefined ? [] : [{ truth, when }]
  })
}

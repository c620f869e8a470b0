import type {
  Expression,
  ForInStatement,
  ForOfStatement,
  Node,
  Statement,
  SwitchStatement,
  TryStatement,
} from 'typescript'
import { type Alternatives, only, under, type When } from './alternatives.js'
import { set } from './assign.js'
import { branchesOf, branchesOfValue } from './branches.js'
import { newKey } from './check.js'
import { compareValues } from './compare.js'
import { elementsOf, evaluate, evaluateVariable } from './evaluate.js'
import { type Frame, mergeStates, restoreState, type State, saveState } from './frame.js'
import { bind, unknownResult } from './invoke.js'
import { ts } from './typescript.js'
import { Closure, Placeholder, ProgramClass } from './values.js'

/** Whether what comes behind a statement is reached. */
type End = 'next' | 'stop'

/** Loops over what is not known run so often. */
const MOST_ROUNDS = 2
/** Lists that are known are gone through, if they are no longer than this. */
const LONGEST_LIST = 100

/** Functions can be called before they are declared. */
export function hoistFunctions(frame: Frame, statements: readonly Statement[]): void {
  for (const statement of statements) {
    if (ts.isFunctionDeclaration(statement) && statement.body !== undefined && statement.name !== undefined) {
      const symbol = frame.check.checker.getSymbolAtLocation(statement.name)
      const closure = new Closure(statement, frame.activation, undefined)
      if (symbol !== undefined) frame.activation.variables.set(symbol, only(closure))
      frame.check.pending.push(closure)
    }
  }
}

export function executeBlock(frame: Frame, statements: readonly Statement[]): End {
  for (const statement of statements) {
    if (execute(frame, statement) === 'stop') return 'stop'
  }
  return 'next'
}

function execute(frame: Frame, node: Statement): End {
  if (ts.isExpressionStatement(node)) {
    evaluate(frame, node.expression)
    return 'next'
  }
  if (ts.isVariableStatement(node)) {
    for (const declaration of node.declarationList.declarations) evaluateVariable(frame, declaration)
    return 'next'
  }
  if (ts.isReturnStatement(node)) {
    const value = node.expression === undefined ? only(undefined) : evaluate(frame, node.expression)
    frame.returns.push(...under(value, frame.path))
    return 'stop'
  }
  if (ts.isIfStatement(node)) {
    return executeBranches(
      frame,
      branchesOf(frame, node.expression).map(({ truth, when }) => ({
        when,
        run: () =>
          truth
            ? execute(frame, node.thenStatement)
            : node.elseStatement === undefined
              ? 'next'
              : execute(frame, node.elseStatement),
      })),
    )
  }
  if (ts.isBlock(node)) {
    hoistFunctions(frame, node.statements)
    return executeBlock(frame, node.statements)
  }
  if (ts.isThrowStatement(node)) {
    evaluate(frame, node.expression)
    return 'stop'
  }
  if (ts.isForOfStatement(node) || ts.isForInStatement(node)) return executeEach(frame, node)
  if (ts.isForStatement(node)) {
    if (node.initializer !== undefined) evaluateInitializer(frame, node.initializer)
    return executeLoop(frame, isForever(node.condition), () => {
      if (node.condition !== undefined) evaluate(frame, node.condition)
      const end = execute(frame, node.statement)
      if (node.incrementor !== undefined) evaluate(frame, node.incrementor)
      return end
    })
  }
  if (ts.isWhileStatement(node)) {
    return executeLoop(frame, isForever(node.expression), () => {
      evaluate(frame, node.expression)
      return execute(frame, node.statement)
    })
  }
  if (ts.isDoStatement(node)) {
    return executeLoop(frame, true, () => {
      const end = execute(frame, node.statement)
      evaluate(frame, node.expression)
      return end
    })
  }
  if (ts.isSwitchStatement(node)) return executeSwitch(frame, node)
  if (ts.isTryStatement(node)) return executeTry(frame, node)
  if (ts.isBreakOrContinueStatement(node)) {
    frame.leaving.push(saveState(frame))
    return 'stop'
  }
  if (ts.isLabeledStatement(node)) return execute(frame, node.statement)
  if (ts.isClassDeclaration(node) && node.name !== undefined) {
    const symbol = frame.check.checker.getSymbolAtLocation(node.name)
    if (symbol !== undefined)
      frame.activation.variables.set(symbol, only(new ProgramClass(node, frame.activation)))
    return 'next'
  }
  if (ts.isExportAssignment(node)) evaluate(frame, node.expression)
  return 'next'
}

/** Runs each branch under what it assumes, and goes on with what any of them has left. */
function executeBranches(
  frame: Frame,
  branches: readonly { readonly when: When; readonly run: () => End }[],
): End {
  const before = saveState(frame)
  const states: State[] = []
  for (const { when, run } of branches) {
    restoreState(frame, { ...before, path: when })
    if (run() === 'next') states.push(saveState(frame))
  }
  if (states.length === 0) return 'stop'
  mergeStates(frame, states, before.path)
  return 'next'
}

function isForever(condition: Expression | undefined): boolean {
  return condition === undefined || condition.kind === ts.SyntaxKind.TrueKeyword
}

function executeLoop(frame: Frame, isRun: boolean, round: () => End): End {
  return repeat(
    frame,
    isRun,
    Array.from({ length: MOST_ROUNDS }, () => round),
  )
}

/** Runs rounds of a loop, and goes on with what any number of them has left. */
function repeat(frame: Frame, isRun: boolean, rounds: readonly (() => End)[]): End {
  const before = saveState(frame)
  const outer = frame.leaving
  const ends: State[] = isRun ? [] : [before]
  let isReached = true
  for (const round of rounds) {
    if (!isReached) break
    frame.leaving = []
    const end = round()
    const states = [...(end === 'next' ? [saveState(frame)] : []), ...frame.leaving]
    isReached = states.length > 0
    if (!isReached) break
    mergeStates(frame, states, before.path)
    ends.push(saveState(frame))
  }
  frame.leaving = outer
  if (ends.length === 0) return 'stop'
  mergeStates(frame, ends, before.path)
  return 'next'
}

function executeEach(frame: Frame, node: ForOfStatement | ForInStatement): End {
  const over = evaluate(frame, node.expression)
  const [first] = over
  const round = (element: Alternatives) => () => {
    const { initializer } = node
    if (ts.isVariableDeclarationList(initializer)) {
      for (const { name } of initializer.declarations) bind(frame, name, retypedElement(frame, element, name))
    } else set(frame, initializer, element)
    return execute(frame, node.statement)
  }
  if (first === undefined) return 'next'
  if (
    over.length === 1 &&
    Array.isArray(first.value) &&
    first.value.length <= LONGEST_LIST &&
    ts.isForOfStatement(node)
  ) {
    return executeKnown(
      frame,
      first.value.map((element) => round(only(element))),
    )
  }
  const elements = over.flatMap(({ value, when }) =>
    (value instanceof Placeholder || Array.isArray(value)
      ? elementsOf(frame, value)
      : [unknownElement(frame, node)]
    ).map((element) => ({ value: element, when })),
  )
  return repeat(
    frame,
    false,
    elements.slice(0, MOST_ROUNDS).map((element) => round([element])),
  )
}

/** An element has the type of the variable that holds it, if nothing else says what it is. */
function retypedElement({ check }: Frame, element: Alternatives, at: Node): Alternatives {
  const typeOf = () => check.checker.getTypeAtLocation(at)
  return element.map(({ value, when }) => ({
    value: value instanceof Placeholder ? value.as(typeOf) : value,
    when,
  }))
}

/** All elements, one after the other: no more and no less. */
function executeKnown(frame: Frame, rounds: readonly (() => End)[]): End {
  const before = frame.path
  const outer = frame.leaving
  let end: End = 'next'
  for (const round of rounds) {
    frame.leaving = []
    const reached = round()
    const states = [...(reached === 'next' ? [saveState(frame)] : []), ...frame.leaving]
    end = states.length === 0 ? 'stop' : 'next'
    if (end === 'stop') break
    mergeStates(frame, states, before)
  }
  frame.leaving = outer
  return end
}

function unknownElement(frame: Frame, { initializer }: ForOfStatement | ForInStatement): unknown {
  if (!ts.isVariableDeclarationList(initializer)) return unknownResult(frame.check, initializer)
  const [declaration] = initializer.declarations
  const at: Node = declaration?.name ?? initializer
  return new Placeholder(newKey(frame.check), () => frame.check.checker.getTypeAtLocation(at))
}

function evaluateInitializer(frame: Frame, node: Node): void {
  if (ts.isVariableDeclarationList(node)) {
    for (const declaration of node.declarations) {
      // A count is another in each round.
      bind(frame, declaration.name, only(unknownResult(frame.check, declaration.name)))
    }
  } else if (ts.isExpression(node)) evaluate(frame, node)
}

function executeSwitch(frame: Frame, node: SwitchStatement): End {
  const discriminants = evaluate(frame, node.expression)
  const outer = frame.leaving
  frame.leaving = []
  const { clauses } = node.caseBlock
  const branches: { readonly when: When; readonly run: () => End }[] = []
  for (const { value } of discriminants) {
    let open: When[] = [frame.path]
    let fallback: number | undefined
    clauses.forEach((clause, i) => {
      if (ts.isDefaultClause(clause)) {
        fallback = i
        return
      }
      const met: When[] = []
      const left: When[] = []
      const [label] = evaluate(frame, clause.expression)
      for (const when of open) {
        for (const outcome of compareValues({ ...frame, path: when }, '===', value, label?.value)) {
          for (const here of under([outcome], when)) {
            for (const branch of branchesOfValue(frame, here.value, here.when)) {
              ;(branch.truth ? met : left).push(branch.when)
            }
          }
        }
      }
      for (const when of met) branches.push({ when, run: () => executeClauses(frame, clauses.slice(i)) })
      open = left
    })
    for (const when of open) {
      const from = fallback
      branches.push({
        when,
        run: () => (from === undefined ? 'next' : executeClauses(frame, clauses.slice(from))),
      })
    }
  }
  const before = saveState(frame)
  const end = executeBranches(frame, branches)
  const states = [...(end === 'next' ? [saveState(frame)] : []), ...frame.leaving]
  frame.leaving = outer
  if (states.length === 0) return 'stop'
  mergeStates(frame, states, before.path)
  return 'next'
}

function executeClauses(
  frame: Frame,
  clauses: readonly { readonly statements: readonly Statement[] }[],
): End {
  for (const { statements } of clauses) {
    if (executeBlock(frame, statements) === 'stop') return 'stop'
  }
  return 'next'
}

function executeTry(frame: Frame, { tryBlock, catchClause, finallyBlock }: TryStatement): End {
  const before = saveState(frame)
  const tried = executeBlock(frame, tryBlock.statements)
  const states = tried === 'next' ? [saveState(frame)] : []
  if (catchClause !== undefined) {
    mergeStates(frame, [before, ...states], before.path)
    frame.path = before.path
    const { variableDeclaration } = catchClause
    if (variableDeclaration !== undefined) {
      bind(frame, variableDeclaration.name, only(unknownResult(frame.check, variableDeclaration.name)))
    }
    if (executeBlock(frame, catchClause.block.statements) === 'next') states.push(saveState(frame))
  }
  if (states.length > 0) mergeStates(frame, states, before.path)
  else restoreState(frame, before)
  const end = finallyBlock === undefined ? 'next' : executeBlock(frame, finallyBlock.statements)
  return states.length > 0 ? end : 'stop'
}

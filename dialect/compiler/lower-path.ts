import type { JSONOperatorChainNode, JSONPathNode, JSONReferenceNode } from 'kysely'
import type { Expression, PathLeg } from '../../engine/expressions/expression.js'
import { lowerExpression } from './lower-expression.js'
import { invalidStatement, type Scope } from './scope.js'

/** What lies at the end of a path into a nested value. */
export function lowerPath({ reference, traversal }: JSONReferenceNode, scope: Scope): Expression {
  return { kind: 'path', operand: lowerExpression(reference, scope), legs: lowerLegs(traversal, scope) }
}

/** The steps of a path. */
export function lowerLegs(traversal: JSONReferenceNode['traversal'], scope: Scope): PathLeg[] {
  return traversal.kind === 'JSONPathNode'
    ? (traversal as JSONPathNode).pathLegs.map(({ type, value }) =>
        type === 'Member' ? String(value) : arrayLeg(value, false, scope),
      )
    : (traversal as JSONOperatorChainNode).values.map(({ value }) =>
        typeof value === 'number' ? arrayLeg(value, true, scope) : String(value),
      )
}

/** `-1` counts from the end with `->`, as `'last'` and `'#-1'` do; in a path (`->$`) it means nothing. */
function arrayLeg(place: string | number, negativeFromEnd: boolean, scope: Scope): PathLeg {
  if (place === 'last') return { fromEnd: 1 }
  if (typeof place === 'string') return { fromEnd: Number(place.slice(2)) }
  if (place >= 0) return place
  if (negativeFromEnd) return { fromEnd: -place }
  throw invalidStatement(scope, `write .at('#${place}') instead of .at(${place})`)
}

import type { OperationNode, SelectModifierNode } from 'kysely'
import type { RefusalCode } from './refusals.js'
import { UnsupportedQueryError } from './unsupported-query-error.js'

/** Properties of statements that are refused, under their own codes. Any other unknown one is refused too. */
const REFUSED: { readonly [property: string]: RefusalCode } = {
  joins: 'join',
  setOperations: 'set_operation',
  with: 'common_table_expression',
  distinctOn: 'distinct_on',
  fetch: 'fetch',
  top: 'fetch',
  output: 'output',
  onDuplicateKey: 'on_duplicate_key',
  using: 'delete_using',
}

/**
 * Refuses a statement that has any property but those that its compiler reads: what a later Kysely adds is
 * refused and not ignored.
 */
export function allowOnly(
  node: OperationNode,
  properties: readonly string[],
  refused: { readonly [property: string]: RefusalCode } = {},
): void {
  for (const [property, value] of Object.entries(node)) {
    if (property === 'kind' || value === undefined || properties.includes(property)) continue
    if (value === false || (Array.isArray(value) && value.length === 0)) continue
    if (property === 'frontModifiers' || property === 'endModifiers') throw refusedModifier(value)
    throw new UnsupportedQueryError(refused[property] ?? REFUSED[property] ?? 'unknown_node', {
      kind: property,
    })
  }
}

function refusedModifier(modifiers: readonly OperationNode[]): UnsupportedQueryError {
  const [first] = modifiers
  const { modifier } = first as SelectModifierNode
  // Where rows are selected, it was taken out before.
  if (modifier === 'Distinct') return new UnsupportedQueryError('scan_order')
  return new UnsupportedQueryError(modifier === undefined ? 'modifier' : 'row_lock')
}

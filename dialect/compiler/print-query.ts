import type { OperationNode } from 'kysely'

/** A node as data: the printer looks for properties, not for classes. */
type Printable = OperationNode & { readonly [property: string]: unknown }

/**
 * Writes a query that was compiled as text, for logs: it looks like SQL, but nothing here speaks SQL, and
 * nobody executes it. A `?` stands for each of the query's parameters, in their order.
 */
export function printQuery(node: OperationNode): string {
  return print(node as Printable)
}

function print(node: Printable | undefined): string {
  if (node === undefined) return ''
  switch (node.kind) {
    case 'SelectQueryNode':
      return join(
        clause('select', node.selections),
        print(node.from as Printable),
        print(node.where as Printable),
        print(node.orderBy as Printable),
        print(node.limit as Printable),
      )
    case 'InsertQueryNode':
      return join(
        node.replace === true ? 'replace' : join('insert', clause('or', [node.orAction])),
        clause('into', [node.into]),
        `(${list(node.columns)})`,
        print(node.values as Printable),
        print(node.onConflict as Printable),
        print(node.returning as Printable),
      )
    case 'UpdateQueryNode':
      return join(
        clause('update', [node.table]),
        clause('set', node.updates),
        print(node.where as Printable),
        print(node.returning as Printable),
      )
    case 'DeleteQueryNode':
      return join(
        'delete',
        print(node.from as Printable),
        print(node.where as Printable),
        print(node.returning as Printable),
      )
    case 'FromNode':
      return clause('from', node.froms)
    case 'WhereNode':
      return clause('where', [node.where])
    case 'OrderByNode':
      return clause('order by', node.items)
    case 'OrderByItemNode':
      return join(print(node.orderBy as Printable), print(node.direction as Printable))
    case 'LimitNode':
      return clause('limit', [node.limit])
    case 'ReturningNode':
      return clause('returning', node.selections)
    case 'OnConflictNode':
      return join(
        'on conflict',
        node.columns === undefined ? '' : `(${list(node.columns)})`,
        node.doNothing === true ? 'do nothing' : clause('do update set', node.updates),
        print(node.updateWhere as Printable),
      )
    case 'ValuesNode':
      return clause('values', node.values)
    case 'ColumnUpdateNode':
      return `${print(node.column as Printable)} = ${print(node.value as Printable)}`
    case 'SelectionNode':
      return print(node.selection as Printable)
    case 'SelectAllNode':
      return '*'
    case 'AliasNode':
      return `${print(node.node as Printable)} as ${print(node.alias as Printable)}`
    case 'ReferenceNode':
      return [node.table, node.column]
        .filter((part) => part !== undefined)
        .map((part) => print(part as Printable))
        .join('.')
    case 'TableNode':
      return print((node.table as Printable).identifier as Printable)
    case 'ColumnNode':
      return print(node.column as Printable)
    case 'IdentifierNode':
      return `"${String(node.name).replaceAll('"', '""')}"`
    case 'ParensNode':
      return `(${print(node.node as Printable)})`
    case 'AndNode':
    case 'OrNode':
      return `${print(node.left as Printable)} ${node.kind === 'AndNode' ? 'and' : 'or'} ${print(node.right as Printable)}`
    case 'BinaryOperationNode':
      return `${print(node.leftOperand as Printable)} ${print(node.operator as Printable)} ${print(node.rightOperand as Printable)}`
    case 'UnaryOperationNode':
      return `${print(node.operator as Printable)} ${print(node.operand as Printable)}`
    case 'OperatorNode':
      return String(node.operator)
    case 'OrActionNode':
      return String(node.action)
    case 'ValueNode':
      return node.immediate === true ? String(node.value) : '?'
    case 'DefaultInsertValueNode':
      return 'default'
    case 'PrimitiveValueListNode':
      return `(${(node.values as readonly unknown[]).map(() => '?').join(', ')})`
    case 'ValueListNode':
    case 'TupleNode':
      return `(${list(node.values)})`
    case 'JSONReferenceNode':
      return `${print(node.reference as Printable)}${print(node.traversal as Printable)}`
    case 'JSONPathNode':
      return `->'$${(node.pathLegs as readonly Printable[]).map(printLeg).join('')}'`
    case 'JSONOperatorChainNode':
      return (node.values as readonly Printable[]).map(({ value }) => `->${JSON.stringify(value)}`).join('')
    case 'RawNode':
      return join(
        ...(node.sqlFragments as readonly string[]),
        ...(node.parameters as readonly Printable[]).map(print),
      )
    default:
      return `<${node.kind}>`
  }
}

function printLeg({ type, value }: Printable): string {
  return type === 'Member' ? `.${String(value)}` : `[${String(value)}]`
}

function clause(keyword: string, nodes: unknown): string {
  const printed = list(nodes)
  return printed === '' ? '' : `${keyword} ${printed}`
}

function list(nodes: unknown): string {
  return ((nodes ?? []) as readonly (Printable | undefined)[])
    .map(print)
    .filter((text) => text !== '')
    .join(', ')
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

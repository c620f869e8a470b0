import type { ClassElement, ClassLikeDeclaration, Node, Symbol as TsSymbol } from 'typescript'
import { type Alternative, type Alternatives, only } from './alternatives.js'
import { newKey } from './check.js'
import { evaluate, symbolValue } from './evaluate.js'
import { executeBlock } from './execute.js'
import { type Frame, newActivation } from './frame.js'
import { invoke, placeholderArguments, unknownResult } from './invoke.js'
import { moduleActivation } from './modules.js'
import { kyselyOfType } from './placeholder-value.js'
import { kyselyFacts } from './planned-kysely.js'
import { ts } from './typescript.js'
import {
  Closure,
  FOREIGN,
  Instance,
  isPlainObject,
  isReal,
  Lost,
  ModuleExports,
  Placeholder,
  ProgramClass,
} from './values.js'

/** What is in a value under a name. */
export function memberOf(
  frame: Frame,
  { value: whole, when }: Alternative,
  name: string,
  at: Node,
): Alternatives {
  const value = settled(frame, whole, at)
  const found = (member: unknown): Alternatives => [{ value: member, when }]
  if (value instanceof Lost || value === FOREIGN) return found(value)
  if (value instanceof Instance) return memberOfInstance(frame, value, name, at)
  if (value instanceof ProgramClass) return memberOfClass(frame, value, name, at)
  if (value instanceof ModuleExports) return exportOf(frame, value, name, at)
  if (value instanceof Placeholder) {
    const method = value.isData ? undefined : programMethod(frame, at)
    if (method !== undefined) {
      return found(new Closure(method, moduleActivation(frame.check, method.getSourceFile()), value))
    }
    const typeOf = () => frame.check.checker.getTypeAtLocation(at)
    return found(new Placeholder(`${value.key}.${name}`, typeOf, undefined, value.isData))
  }
  if (Array.isArray(value)) {
    if (name === 'length') return found(value.length)
    return /^\d+$/.test(name) ? found(value[Number(name)]) : found(unknownResult(frame.check, at))
  }
  if (isPlainObject(value)) {
    return found(Object.hasOwn(value, name) ? value[name] : undefined)
  }
  if (isReal(value)) return found(memberOfReal(frame, value, name, at))
  if (typeof value === 'string' && name === 'length') return found(value.length)
  return found(unknownResult(frame.check, at))
}

/** A placeholder for a Kysely is one: the one of its type. */
export function settled(frame: Frame, value: unknown, at: Node): unknown {
  if (!(value instanceof Placeholder) || value.isData) return value
  return kyselyOfType(frame.check, value.type, at) ?? value
}

function memberOfReal(frame: Frame, value: object, name: string, at: Node): unknown {
  if (kyselyFacts(value) !== undefined && name === 'introspection') return unknownResult(frame.check, at)
  const member = Reflect.get(value, name) as unknown
  // A method that is taken from its object still is that object's.
  return typeof member === 'function' && !Object.hasOwn(value, name) ? member.bind(value) : member
}

/** A method of the program that is called on something of which only the type is known. */
function programMethod({ check }: Frame, at: Node) {
  if (!ts.isPropertyAccessExpression(at)) return undefined
  const symbol = check.checker.getSymbolAtLocation(at.name)
  const declaration = symbol?.valueDeclaration
  if (declaration === undefined || declaration.getSourceFile().isDeclarationFile) return undefined
  if (ts.isMethodDeclaration(declaration) && declaration.body !== undefined) return declaration
  return undefined
}

function memberOfInstance(frame: Frame, instance: Instance, name: string, at: Node): Alternatives {
  const field = instance.fields.get(name)
  if (field !== undefined) return field
  for (const of of classAndBases(frame, instance.of)) {
    const member = of.node.members.find((element) => element.name?.getText() === name && !isStatic(element))
    if (member === undefined) continue
    if (ts.isMethodDeclaration(member)) return only(new Closure(member, of.around, instance))
    if (ts.isGetAccessorDeclaration(member)) {
      return invoke(frame, new Closure(member, of.around, instance), [], at)
    }
  }
  return only(new Placeholder(newKey(frame.check), () => frame.check.checker.getTypeAtLocation(at)))
}

function memberOfClass(frame: Frame, of: ProgramClass, name: string, at: Node): Alternatives {
  const member = of.node.members.find((element) => element.name?.getText() === name && isStatic(element))
  if (member !== undefined && ts.isMethodDeclaration(member)) return only(new Closure(member, of.around, of))
  if (member !== undefined && ts.isPropertyDeclaration(member) && member.initializer !== undefined) {
    return evaluate({ ...frame, activation: newActivation(of.around), self: of }, member.initializer)
  }
  return only(unknownResult(frame.check, at))
}

function exportOf(frame: Frame, { file }: ModuleExports, name: string, at: Node): Alternatives {
  const { checker } = frame.check
  const module = checker.getSymbolAtLocation(file)
  const symbol: TsSymbol | undefined =
    module === undefined ? undefined : checker.getExportsOfModule(module).find((one) => one.name === name)
  return symbol === undefined ? only(unknownResult(frame.check, at)) : symbolValue(frame, symbol, at)
}

/** Makes an object of a class of the program. Without arguments, only their types are known. */
export function construct(
  frame: Frame,
  of: ProgramClass,
  args: readonly Alternatives[] | undefined,
): Instance {
  const instance = new Instance(of)
  const [base] = classAndBases(frame, of).slice(1)
  const own = of.node.members.find(ts.isConstructorDeclaration)
  // Who has no constructor hands its arguments on to the class that it extends.
  if (base !== undefined) {
    const inherited = construct(frame, base, own === undefined ? args : undefined)
    for (const [name, value] of inherited.fields) instance.fields.set(name, value)
  }
  const given = own === undefined ? [] : (args ?? placeholderArguments(frame.check, own))
  const inner: Frame = {
    ...frame,
    activation: newActivation(of.around),
    self: instance,
    stack: [...frame.stack, of.node],
    returns: [],
    leaving: [],
  }
  own?.parameters.forEach((parameter, i) => {
    const value = given[i] ?? only(undefined)
    if (ts.isIdentifier(parameter.name) && ts.isParameterPropertyDeclaration(parameter, own)) {
      instance.fields.set(parameter.name.text, value)
    }
  })
  for (const member of of.node.members) {
    if (!ts.isPropertyDeclaration(member) || isStatic(member) || member.initializer === undefined) continue
    instance.fields.set(member.name.getText(), evaluate(inner, member.initializer))
  }
  if (own?.body !== undefined && frame.stack.filter((one) => one === of.node).length < 2) {
    frame.check.invoked.add(own)
    own.parameters.forEach((parameter, i) => {
      if (!ts.isIdentifier(parameter.name)) return
      const symbol = frame.check.checker.getSymbolAtLocation(parameter.name)
      if (symbol !== undefined) inner.activation.variables.set(symbol, given[i] ?? only(undefined))
    })
    executeBlock(inner, own.body.statements)
  }
  return instance
}

/** A class and what it extends, as far as that is of the program. */
function classAndBases(frame: Frame, of: ProgramClass): ProgramClass[] {
  const classes = [of]
  for (let at: ProgramClass | undefined = of; at !== undefined && classes.length < 10; ) {
    const extended: ClassLikeDeclaration['heritageClauses'] = at.node.heritageClauses
    const clause = extended?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    const expression = clause?.types[0]?.expression
    if (expression === undefined) break
    const [base] = evaluate({ ...frame, activation: at.around }, expression)
    at = base?.value instanceof ProgramClass ? base.value : undefined
    if (at !== undefined) classes.push(at)
  }
  return classes
}

function isStatic(element: ClassElement): boolean {
  return (ts.getCombinedModifierFlags(element) & ts.ModifierFlags.Static) !== 0
}

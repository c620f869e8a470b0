import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import * as kysely from 'kysely'
import type { Declaration, Symbol as TsSymbol } from 'typescript'
import * as fokos from '../index.js'
import { ts } from './typescript.js'

/** A package's folder and name. */
interface Package {
  readonly name: string
  readonly folder: string
}

const packages = new Map<string, Package | undefined>()

/** What a symbol of Kysely's or of this package's is: the real thing. Nothing for any other symbol. */
export function libraryExport(symbol: TsSymbol): unknown {
  const [declaration] = symbol.declarations ?? []
  if (declaration === undefined || ts.isBindingElement(declaration)) return undefined
  const exports = libraryOf(declaration)
  return exports === undefined ? undefined : (exports as Record<string, unknown>)[symbol.name]
}

/** The exports of the library that a declaration is of. */
export function libraryOf(declaration: Declaration): object | undefined {
  const { fileName } = declaration.getSourceFile()
  const found = packageOf(dirname(fileName))
  if (found === undefined) return undefined
  if (/^kysely(-[\d.]+)?$/.test(found.name)) return kysely
  // Of this package what is published: its examples are programs as any other.
  const inside = relative(found.folder, fileName)
  return found.name === 'kysely-fokos' && /^(dialect|engine|dist)\b(?!.check)/.test(inside)
    ? fokos
    : undefined
}

function packageOf(folder: string): Package | undefined {
  if (packages.has(folder)) return packages.get(folder)
  const name = packageName(folder)
  const above = dirname(folder)
  const found = name === undefined ? (above === folder ? undefined : packageOf(above)) : { name, folder }
  packages.set(folder, found)
  return found
}

function packageName(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { name?: string }).name
  } catch {
    return undefined
  }
}

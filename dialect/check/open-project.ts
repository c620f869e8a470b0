import { dirname, resolve } from 'node:path'
import type { Program } from 'typescript'
import { CannotCheckError } from './cannot-check-error.js'
import { loadTypeScript, ts } from './typescript.js'

/** A project as TypeScript sees it. */
export interface Project {
  readonly program: Program
  /** Where its tsconfig is: what is reported for keeping is relative to it. */
  readonly folder: string
}

/**
 * Opens the project that a tsconfig describes.
 *
 * @param from where to look for a tsconfig, there and in the folders above, if none is named.
 * @throws {CannotCheckError} without a tsconfig, or without TypeScript.
 */
export function openProject(from: string, tsconfig: string | undefined): Project {
  loadTypeScript(tsconfig === undefined ? from : dirname(resolve(tsconfig)))
  const file = tsconfig === undefined ? ts.findConfigFile(from, ts.sys.fileExists) : configFile(tsconfig)
  if (file === undefined || !ts.sys.fileExists(file)) {
    throw new CannotCheckError(
      `there is no ${tsconfig ?? `tsconfig.json in ${from} or above it`}: name one with --project`,
    )
  }
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile)
  if (error !== undefined)
    throw new CannotCheckError(ts.flattenDiagnosticMessageText(error.messageText, '\n'))
  const folder = dirname(resolve(file))
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  if (fileNames.length === 0) throw new CannotCheckError(`${file} names no files`)
  const program = ts.createProgram(fileNames, { ...options, noEmit: true, skipLibCheck: true })
  return { program, folder }
}

function configFile(path: string): string {
  return ts.sys.directoryExists(path) ? resolve(path, 'tsconfig.json') : resolve(path)
}

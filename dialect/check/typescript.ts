import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type TypeScript from 'typescript'
import { CannotCheckError } from './cannot-check-error.js'

/** The compiler that reads the project: set by {@link loadTypeScript} before anything else runs. */
export let ts: typeof TypeScript

/** The oldest version with what is asked of it, and the first that has another interface. */
const OLDEST = [5, 4] as const
const FIRST_WITHOUT = 7

/**
 * Loads the project's own TypeScript, so that its files mean here what they mean to it; ours where it has none.
 *
 * @throws {CannotCheckError} where there is none, or none that can be asked.
 */
export function loadTypeScript(folder: string): void {
  const found = [join(folder, 'package.json'), import.meta.url].map(requireFrom)
  const usable = found.find((candidate) => candidate !== undefined && canBeAsked(candidate.version))
  if (usable !== undefined) {
    ts = usable
    return
  }
  const other = found.find((candidate) => candidate !== undefined)
  const problem =
    other === undefined ? 'there is no TypeScript' : `TypeScript ${other.version} cannot be asked`
  throw new CannotCheckError(
    `${problem} for ${folder}: install one from ${OLDEST.join('.')} up to ${FIRST_WITHOUT - 1} with: npm install --save-dev "typescript@>=${OLDEST.join('.')} <${FIRST_WITHOUT}"`,
  )
}

function requireFrom(place: string): typeof TypeScript | undefined {
  const from = place.startsWith('file:') ? place : pathToFileURL(place)
  try {
    return createRequire(from)('typescript') as typeof TypeScript
  } catch {
    return undefined
  }
}

function canBeAsked(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  return isNewEnough && major < FIRST_WITHOUT
}

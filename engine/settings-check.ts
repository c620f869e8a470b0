import { SettingsMismatchError } from './errors.js'
import { KEY_CODEC, type PinnedSettings } from './operations.js'

/** The pinned settings as they are stored and shown. */
export function settingsText({ roots, fanout, codec = 1 }: PinnedSettings): string {
  return `roots ${roots}, fanout ${fanout}, codec ${codec}`
}

/** The same of a text that was stored by any version: the first ones had one codec, and did not name it. */
export function storedSettings(text: string): string {
  return text.includes('codec') ? text : `${text}, codec 1`
}

/** @throws {SettingsMismatchError} when a request is for keys in a code that this version does not know. */
export function checkCodec(requested: PinnedSettings): void {
  const { codec = 1 } = requested
  if (codec === KEY_CODEC) return
  const stored = settingsText({ ...requested, codec: KEY_CODEC })
  throw new SettingsMismatchError(
    `the Worker writes keys in code ${codec}, and the Durable Object in code ${KEY_CODEC}: they come from ` +
      'versions of kysely-fokos that do not go together',
    { stored, requested: settingsText(requested) },
  )
}

/** @throws {SettingsMismatchError} when the data was written with other settings than the request assumes. */
export function checkSettings(stored: string, requested: PinnedSettings): void {
  const text = settingsText(requested)
  if (text === stored) return
  throw new SettingsMismatchError(
    `the data was written with ${stored}, and this Worker declares ${text}. These can never change once data ` +
      'is written: declare what was written, or use another database name and copy the data',
    { stored, requested: text },
  )
}

/** The settings that a text says. */
export function readSettings(text: string): PinnedSettings {
  const [roots, fanout, codec] = [...text.matchAll(/\d+/g)].map(([number]) => Number(number))
  return { roots: roots as number, fanout: fanout as number, codec: codec ?? 1 }
}

import { SettingsMismatchError } from '../errors.js'
import type { PinnedSettings } from '../operations.js'

/** The pinned settings as they are stored and shown. */
export function settingsText({ roots, fanout }: PinnedSettings): string {
  return `roots ${roots}, fanout ${fanout}`
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

import type { Alarm } from '../ports.js'

/** What this file needs of a Durable Object's storage. */
interface AlarmStorage {
  setAlarm(at: number): Promise<void>
  deleteAlarm(): Promise<void>
}

/**
 * The alarm port over a Durable Object's alarm. Setting it is a write like any other: it is stored with what is
 * written in the same turn, and an answer waits for it.
 */
export function durableObjectAlarm(storage: AlarmStorage): Alarm {
  // If it cannot be stored, the object is reset, and nobody hears an answer.
  const stored = (done: Promise<void>) => void done.catch(() => {})
  return {
    set: (at) => stored(storage.setAlarm(at)),
    clear: () => stored(storage.deleteAlarm()),
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Ends a process and deletes a folder when their owner is gone, however it went: a test run that is itself
 * killed runs no `finally` and no exit handler, but its pipes close. The shell at the other end reads which
 * process is to be ended, of which only the last counts, and acts at the end of its input.
 */
export class Guard {
  readonly #shell: ChildProcess
  readonly #ended: Promise<unknown>

  /** @param folder is deleted in any case, as the last thing. */
  constructor(folder: string) {
    // Ctrl-C goes to the shell too, and must not stop what it is there for.
    const script = `pid=; trap '' INT TERM HUP
      while read -r line; do pid=$line; done
      [ -n "$pid" ] && kill -9 "$pid"
      rm -rf "$1"`
    this.#shell = spawn('/bin/sh', ['-c', script, 'guard', folder], { stdio: ['pipe', 'ignore', 'inherit'] })
    this.#ended = once(this.#shell, 'close')
    // Whoever waits for it below is told; nobody else needs to know.
    this.#ended.catch(() => {})
    this.#shell.stdin?.on('error', () => {})
  }

  /** @param pid the process that is to be ended from now on, or nothing when it has ended. */
  watch(pid: number | undefined): void {
    this.#shell.stdin?.write(`${pid ?? ''}\n`)
  }

  /** Has everything ended and deleted now, and waits for it. */
  async release(): Promise<void> {
    this.#shell.stdin?.end()
    await this.#ended
  }
}

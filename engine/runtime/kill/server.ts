import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { Guard } from './guard.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Nothing here takes so long: who waits longer than this waits for nothing. */
const PATIENCE = 30_000

/** The binary itself and not the script in front of it, which would be a process of its own to kill. */
const WORKERD = workerdOfWrangler()

/**
 * A Worker in a real workerd, with its Durable Objects on this machine's disk. It can be killed and started
 * again over what it had stored. Whoever makes one owns a process and a folder, and must `stop` it.
 */
export class KillableServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fokos-kill-'))
  readonly #guard = new Guard(this.#folder)
  #process: ServerProcess | undefined

  /**
   * @param entry the Worker's main module; a name is one in this folder.
   * @param alias packages that stand for others.
   */
  async start(entry: string | URL, alias: Record<string, string> = {}): Promise<void> {
    mkdirSync(join(this.#folder, 'storage'))
    // Before workerd is there, and in one go: esbuild leaves no process of its own behind.
    buildSync({
      entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
      outfile: join(this.#folder, 'worker.js'),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      alias,
      external: ['cloudflare:workers'],
    })
    writeFileSync(join(this.#folder, 'config.capnp'), CONFIG)
    await this.restart()
  }

  /** Starts it and waits until it answers. Each time it has another port, so that no old connection is used. */
  async restart(): Promise<void> {
    if (this.#process !== undefined) throw new Error('it runs already')
    const started = new ServerProcess(this.#folder, this.#guard)
    this.#process = started
    await patiently(started.listening, () => `workerd did not listen:\n${started.output}`)
    const response = await fetch(started.url, { signal: AbortSignal.timeout(PATIENCE) })
    if (!response.ok)
      throw new Error(`the Worker does not answer: ${await response.text()}\n${started.output}`)
    await response.body?.cancel()
  }

  /** Sends a request. @throws when no answer comes, which says nothing about what was done. */
  post(path: string, body: unknown): Promise<Response> {
    if (this.#process === undefined) throw new Error('it does not run')
    return fetch(this.#process.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    })
  }

  /** What this life of it has printed, for messages. */
  get output(): string {
    return this.#process?.output ?? ''
  }

  /** The folder of its partitions' files. */
  get partitions(): string {
    return join(this.#folder, 'storage', 'partitions')
  }

  /** Sends SIGKILL at once, before this returns, and waits until nothing of the process is left. */
  kill(): Promise<void> {
    const killed = this.#process
    if (killed === undefined) throw new Error('it does not run')
    this.#process = undefined
    return killed.kill()
  }

  /** Ends it, if it runs, and deletes all that it had stored. */
  async stop(): Promise<void> {
    try {
      await this.#process?.end()
    } finally {
      this.#process = undefined
      await this.#guard.release()
    }
  }
}

/** One life of the server. */
class ServerProcess {
  readonly #child: ChildProcess
  /** Resolves when the process has ended and nobody holds its pipes any more: a child of its own would. */
  readonly #gone: Promise<void>
  /** Resolves when it takes connections. */
  readonly listening: Promise<void>
  /** What it printed, for messages. */
  output = ''
  #port = 0

  constructor(folder: string, guard: Guard) {
    const child = spawn(WORKERD, ['serve', 'config.capnp', '--experimental', '--control-fd=3'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    guard.watch(child.pid)
    child.once('exit', () => guard.watch(undefined))
    this.#gone = new Promise((resolve) => child.once('close', () => resolve()))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        this.output += text
      })
    }
    this.listening = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', () => reject(new Error(`workerd has ended:\n${this.output}`)))
      createInterface({ input: child.stdio[3] as NodeJS.ReadableStream }).on('line', (line) => {
        const { event, port } = JSON.parse(line) as { event: string; port: number }
        if (event !== 'listen') return
        this.#port = port
        resolve()
      })
    })
    // Nobody may be waiting for it any more when the process ends.
    this.listening.catch(() => {})
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#end()
    // An audit of a server that ended by itself would say nothing about being killed.
    if (this.#child.signalCode !== 'SIGKILL')
      throw new Error(`workerd ended before its kill:\n${this.output}`)
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#end()
  }

  #end(): Promise<void> {
    return patiently(this.#gone, () => `process ${this.#child.pid} or a child of it is still there`)
  }
}

function workerdOfWrangler(): string {
  const wrangler = createRequire(import.meta.url).resolve('wrangler/package.json')
  return (createRequire(wrangler)('workerd') as { default: string }).default
}

/** The date that the project is deployed with. */
function compatibilityDate(): string {
  const [, date] = /^compatibility_date = "(.*)"$/m.exec(readFileSync(`${ROOT}wrangler.toml`, 'utf8')) ?? []
  if (date === undefined) throw new Error('wrangler.toml has no compatibility date')
  return date
}

// Port 0: the system picks a free one, and workerd tells it on its control descriptor.
const CONFIG = `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${compatibilityDate()}",
  durableObjectNamespaces = [
    (className = "FokosPartition", uniqueKey = "partitions", enableSql = true),
    (className = "FokosTopologyKeeper", uniqueKey = "keepers", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "storage"),
  bindings = [
    (name = "FOKOS_PARTITION", durableObjectNamespace = "FokosPartition"),
    (name = "FOKOS_TOPOLOGY", durableObjectNamespace = "FokosTopologyKeeper"),
  ],
);
`

async function patiently<T>(promise: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), PATIENCE)
  })
  try {
    return await Promise.race([promise, impatience])
  } finally {
    clearTimeout(timer)
  }
}

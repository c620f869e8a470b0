#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runCommand } from './command.js'

// Built, it lies in dist/, beside the package's manifest.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}
const { exitCode, output, errors } = runCommand(process.argv.slice(2), process.cwd(), version)
if (output !== '') process.stdout.write(`${output}\n`)
if (errors !== '') process.stderr.write(`${errors}\n`)
process.exitCode = exitCode

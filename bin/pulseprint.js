#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const program = new URL('../out/main/cli.js', import.meta.url)
if (!existsSync(fileURLToPath(program))) {
  process.stderr.write('Pulseprint is not built yet. Run `npm run build` (or `npm start`) first.\n')
  process.exit(1)
}
await import(program.href)

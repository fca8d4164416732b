// npm test: types, lint, unit, pty, crash and browser tests. Does its own set-up in a fresh clone.
import { join } from 'node:path'
import { build, hasCommand, install, root, run, say } from './setup.js'
import { existsSync } from 'node:fs'

install()
build()

const bin = (name, file) => join(root, 'node_modules', name, file)
const node = process.execPath
const step = (title, ...args) => {
  say(`\n== ${title}`)
  run(node, args)
}

if (!hasCommand('socat')) say('SKIPPED: pseudo-terminal tests need socat, which is not installed.')
if (!existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium')) say('SKIPPED: browser tests need Chromium; set CHROMIUM_PATH to its program.')

step('types', bin('typescript', 'bin/tsc'), '--noEmit', '-p', 'tsconfig.json')
step('types of the renderer', bin('svelte-check', 'bin/svelte-check'), '--tsconfig', 'tsconfig.web.json', '--fail-on-warnings', '--output', 'human')
step('lint', bin('eslint', 'bin/eslint.js'), '.')
for (const project of ['unit', 'crash', 'pty', 'web']) {
  step(`${project} tests`, bin('vitest', 'vitest.mjs'), 'run', '--project', project, ...process.argv.slice(2))
}

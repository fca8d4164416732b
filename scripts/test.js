// npm test: types, lint, unit, pty, crash and browser tests. Does its own set-up in a fresh clone. Every part is done, also after one that failed; what failed is said last.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, hasCommand, install, root, say } from './setup.js'

install()
build()

const bin = (name, file) => join(root, 'node_modules', name, file)
const folder = mkdtempSync(join(tmpdir(), 'pulseprint-test-'))
const failures = join(folder, 'failures')
const failed = []
const step = (title, ...args) => {
  say(`\n== ${title}`)
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PULSEPRINT_FAILURES: failures } })
  if (status !== 0) failed.push(title)
}

if (!hasCommand('socat')) say('SKIPPED: pseudo-terminal tests need socat, which is not installed.')
if (!hasCommand('redis-server')) say('SKIPPED: tests of shared grids need redis-server, which is not installed.')
if (!existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium')) say('SKIPPED: browser tests need Chromium; set CHROMIUM_PATH to its program.')

step('types', bin('typescript', 'bin/tsc'), '--noEmit', '-p', 'tsconfig.json')
step('types of the renderer', bin('svelte-check', 'bin/svelte-check'), '--tsconfig', 'tsconfig.web.json', '--fail-on-warnings', '--output', 'human')
step('lint', bin('eslint', 'bin/eslint.js'), '.')
for (const project of ['unit', 'crash', 'pty', 'web']) {
  step(`${project} tests`, bin('vitest', 'vitest.mjs'), 'run', '--project', project, '--reporter', 'default', '--reporter', join(root, 'scripts', 'failures-last.js'), ...process.argv.slice(2))
}

if (existsSync(failures)) say(`\n== failed tests\n${readFileSync(failures, 'utf8')}`)
rmSync(folder, { recursive: true })
say(failed.length === 0 ? '\nAll passed.' : `\nFailed: ${failed.join(', ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1

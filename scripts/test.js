// npm test: types, lint, unit, pty, crash and browser tests. Does its own set-up in a fresh clone. Every part is done, also after one that failed; what failed is said last.
import { spawn } from 'node:child_process'
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

/** Runs one part; `aside`: says what it has to say when it is over. */
const step = (title, args, { aside = false } = {}) =>
  new Promise((done) => {
    if (!aside) say(`\n== ${title}`)
    const part = spawn(process.execPath, args, { cwd: root, stdio: aside ? ['ignore', 'pipe', 'pipe'] : 'inherit', env: { ...process.env, PULSEPRINT_FAILURES: failures } })
    const said = []
    for (const stream of [part.stdout, part.stderr]) stream?.on('data', (chunk) => said.push(chunk))
    part.on('close', (status) => {
      if (aside) say(`\n== ${title}\n${Buffer.concat(said)}`)
      if (status !== 0) failed.push(title)
      done()
    })
  })
const tests = (project, options) =>
  step(`${project} tests`, [bin('vitest', 'vitest.mjs'), 'run', '--project', project, '--reporter', 'default', '--reporter', join(root, 'scripts', 'failures-last.js'), ...process.argv.slice(2)], options)

if (!hasCommand('socat')) say('SKIPPED: pseudo-terminal tests need socat, which is not installed.')
if (!hasCommand('redis-server')) say('SKIPPED: tests of shared grids need redis-server, which is not installed.')
if (!existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium')) say('SKIPPED: browser tests need Chromium; set CHROMIUM_PATH to its program.')

// Boards send in real time: those tests mostly wait, and there is room beside them.
const boards = tests('pty', { aside: true })
await step('types', [bin('typescript', 'bin/tsc'), '--noEmit', '-p', 'tsconfig.json'])
await step('types of the renderer', [bin('svelte-check', 'bin/svelte-check'), '--tsconfig', 'tsconfig.web.json', '--fail-on-warnings', '--output', 'human'])
await step('lint', [bin('eslint', 'bin/eslint.js'), '.'])
await tests('unit')
await boards
await tests('crash')
await tests('web')

if (existsSync(failures)) say(`\n== failed tests\n${readFileSync(failures, 'utf8')}`)
rmSync(folder, { recursive: true })
say(failed.length === 0 ? '\nAll passed.' : `\nFailed: ${failed.join(', ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1

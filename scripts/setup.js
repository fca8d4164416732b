import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** Installs the packages when the lock file is newer than what is installed. */
export function install() {
  const stamp = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs) return
  say('Installing packages ...')
  run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** Builds when a source is newer than the build. */
export function build() {
  const stamp = join(root, 'out', 'built')
  const sources = ['src-main', 'src-renderer', 'resources'].map((folder) => newest(join(root, folder)))
  const files = ['package-lock.json', 'electron.vite.config.ts', 'svelte.config.js'].map((file) => statSync(join(root, file)).mtimeMs)
  const fingerprint = String(Math.max(...sources, ...files))
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return
  say('Building ...')
  run(process.execPath, [join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'])
  writeFileSync(stamp, fingerprint)
}

/** Runs a command with our own streams; a failure ends this process with its exit code. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' && command === npm, ...options })
  if (result.error) throw result.error
  if (result.status !== 0) process.exit(result.status ?? 1)
}

export function say(line) {
  process.stderr.write(`${line}\n`)
}

export function hasCommand(command) {
  try {
    execFileSync(process.platform === 'win32' ? 'where' : 'which', [command], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function newest(folder) {
  let latest = statSync(folder).mtimeMs
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return latest
}

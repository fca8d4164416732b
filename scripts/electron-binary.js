import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.js'

const folder = join(root, 'node_modules', 'electron')
const downloadLimitMs = 300_000

/** Path of the Electron program, or `null`. Packages are installed without scripts, so the first start fetches it. */
export function electronBinary({ download }) {
  const found = installed()
  if (found || !download || !existsSync(join(folder, 'install.js'))) return found
  spawnSync(process.execPath, ['install.js'], { cwd: folder, stdio: 'ignore', timeout: downloadLimitMs })
  return installed()
}

function installed() {
  const pathFile = join(folder, 'path.txt')
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (!existsSync(pathFile)) return override && existsSync(join(override, 'electron')) ? join(override, 'electron') : null
  const path = join(override ?? join(folder, 'dist'), readFileSync(pathFile, 'utf8'))
  return existsSync(path) ? path : null
}

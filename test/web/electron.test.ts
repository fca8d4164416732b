import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { _electron } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { electronBinary } from '../../scripts/electron-binary.js'

const root = resolve(import.meta.dirname, '../..')
const executablePath = electronBinary({ download: false })
if (!executablePath) {
  process.stderr.write('SKIPPED: the desktop shell was not started, no Electron program resolves here. Its policy is tested against a fake.\n')
}

describe.skipIf(!executablePath)('the desktop app in real Electron', () => {
  it('opens a window on app:// without Node, and talks to the services', async () => {
    const userData = await mkdtemp(join(tmpdir(), 'pulseprint-electron-'))
    const app = await _electron.launch({
      executablePath: executablePath ?? '',
      args: [root, `--user-data-dir=${userData}`, ...(process.platform === 'linux' ? ['--no-sandbox'] : [])],
    })
    try {
      const window = await app.firstWindow()
      await window.waitForSelector('#app > *')
      expect(window.url()).toBe('app://pulseprint/')
      expect(await window.evaluate(() => typeof (globalThis as { require?: unknown }).require)).toBe('undefined')
      expect(await window.evaluate(() => (globalThis as { pulseprintHost?: unknown }).pulseprintHost)).toBe('electron')
      expect(await window.evaluate(() => globalThis.open('https://example.org'))).toBeNull()
      expect(app.windows()).toHaveLength(1)
    } finally {
      await app.close()
      await rm(userData, { recursive: true, force: true })
    }
  })
})

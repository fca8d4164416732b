import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCommand } from '../../scripts/setup.js'
import { addSubject, createDataset, drawnPixels, hasChromium, seconds, ServedApp } from './browser.ts'

const program = resolve(import.meta.dirname, '../../bin/pulseprint.js')
/** 60 for the figure in the release notes: `PULSEPRINT_WIDE_SECONDS=60`. */
const length = Number(process.env.PULSEPRINT_WIDE_SECONDS ?? 12)

describe.skipIf(!hasChromium || !hasCommand('socat'))('16 channels of 24 bit at 4 kHz through a serial port', () => {
  let app: ServedApp
  let board: ChildProcess
  beforeAll(async () => {
    app = await ServedApp.start()
    board = spawn('socat', [`PTY,link=${app.path('ttyWIDE')},raw,echo=0`, `EXEC:${process.execPath} ${program} simulate --device wide16 --source demo\\:3 --out -`], { stdio: 'ignore' })
  })
  afterAll(async () => {
    board.kill()
    await app.stop()
  })

  it('lose nothing while all of them are drawn live in the browser', async () => {
    await expect.poll(() => existsSync(app.path('ttyWIDE')), { timeout: 10_000 }).toBe(true)
    const page = await app.page()
    await createDataset(page, app.path('lab'), 'Wide')
    await page.getByPlaceholder('/dev/ttyUSB0').fill(app.path('ttyWIDE'))
    await page.locator('form.typed select').selectOption('wide16')
    await page.locator('form.typed').getByRole('button', { name: 'Connect', exact: true }).click()
    await addSubject(page)
    const start = page.getByRole('button', { name: 'Start recording' })
    await expect.poll(() => start.isEnabled(), { timeout: 30_000 }).toBe(true)
    await start.click()
    await expect.poll(() => drawnPixels(page), { timeout: 15_000 }).toBeGreaterThan(1000)
    await expect.poll(() => seconds(page, 'elapsed').catch(() => 0), { timeout: (length + 30) * 1000 }).toBeGreaterThanOrEqual(length)
    await page.getByRole('button', { name: 'Stop and finish' }).click()
    await page.getByTestId('summary').waitFor({ timeout: 60_000 })

    const files = await readdir(join(app.path('lab'), 'recordings'), { recursive: true })
    const [file] = files.filter((name) => name.endsWith('recording.json'))
    const stored = JSON.parse(await readFile(join(app.path('lab'), 'recordings', file), 'utf8')) as { rows: number; lanes: unknown[] }
    expect(stored).toMatchObject({ lostRows: 0, lossCertainty: 'certain', gaps: [], skippedBytes: 0 })
    expect(stored.lanes).toHaveLength(16)
    expect(stored.rows).toBeGreaterThan((length - 1) * 4000)
    expect(app.complaints).toEqual([])
  })
})

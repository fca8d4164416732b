import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addSubject, drawnPixels, hasChromium, seconds, ServedApp } from './browser.ts'

interface StoredRecording {
  state: string
  subject: string
  notes: string
  seconds: number
  lostRows: number
  gaps: unknown[]
  markers: { code: string; text: string; origin: string; row: number }[]
}

async function storedRecordings(dataset: string): Promise<StoredRecording[]> {
  const files = await readdir(join(dataset, 'recordings'), { recursive: true })
  const wanted = files.filter((file) => file.endsWith('recording.json')).sort()
  return Promise.all(wanted.map(async (file) => JSON.parse(await readFile(join(dataset, 'recordings', file), 'utf8')) as StoredRecording))
}

describe.skipIf(!hasChromium)('the technician', () => {
  let app: ServedApp
  let page: Page
  beforeAll(async () => {
    app = await ServedApp.start()
    page = await app.page()
  })
  afterAll(() => app.stop())

  it('sees live traces three clicks after the first screen, before anything is stored', async () => {
    await page.getByRole('button', { name: 'Create a dataset' }).click()
    await page.getByRole('textbox', { name: 'Folder' }).fill(app.path('lab'))
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('button', { name: 'Connect demo' }).click()
    await expect.poll(() => drawnPixels(page), { timeout: 15_000 }).toBeGreaterThan(2000)
    expect(await storedRecordings(app.path('lab')).catch(() => [])).toEqual([])
  })

  it('reads the heart rate and which lane it comes from', async () => {
    await expect.poll(async () => Number(await page.getByTestId('heart-rate').innerText()), { timeout: 20_000 }).toBeGreaterThan(40)
    await page.getByText(/from Channel \d/).waitFor()
  })

  it('cannot record without a subject, nor one who has not consented', async () => {
    const start = page.getByRole('button', { name: 'Start recording' })
    expect(await start.isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Add subject' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Code' }).fill('NO-CONSENT')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByText(/Without consent nothing can be recorded/).waitFor()
    expect(await start.isDisabled()).toBe(true)
  })

  it('records by protocol with markers at the time of the key press', async () => {
    const code = await addSubject(page)
    const protocols = page.getByRole('combobox', { name: 'Protocol' })
    const quick = (await protocols.locator('option').allInnerTexts()).find((name) => /quick/i.test(name))
    await protocols.selectOption({ label: quick })
    const start = page.getByRole('button', { name: 'Start recording' })
    await expect.poll(() => start.isEnabled(), { timeout: 20_000 }).toBe(true)
    await start.click()
    await page.getByText(`Recording ${code}`).waitFor()
    await expect.poll(() => seconds(page, 'elapsed'), { timeout: 15_000 }).toBeGreaterThanOrEqual(2)
    await page.keyboard.press('1')
    await page.keyboard.press('m')
    await page.getByRole('dialog').waitFor()
    const pressed = await seconds(page, 'elapsed')
    // Writing the text takes a while; the marker must not move with it.
    await page.waitForTimeout(2500)
    await page.keyboard.type('coughed')
    await page.keyboard.press('Enter')
    await page.getByRole('list', { name: 'Markers' }).getByText('coughed').waitFor()
    await expect.poll(() => seconds(page, 'elapsed'), { timeout: 15_000 }).toBeGreaterThanOrEqual(pressed + 4)

    await page.getByRole('button', { name: 'Stop and finish' }).click()
    await page.getByTestId('summary').waitFor()
    await page.getByText(/Read back and verified/).waitFor()
    await page.getByRole('textbox', { name: 'Notes' }).fill('first try')
    await page.getByRole('button', { name: 'Keep', exact: true }).click()
    await page.getByTestId('summary').waitFor({ state: 'detached' })

    const [stored] = await storedRecordings(app.path('lab'))
    expect(stored).toMatchObject({ state: 'finished', subject: code, notes: 'first try', lostRows: 0, gaps: [] })
    const cough = stored.markers.find((marker) => marker.text === 'coughed')
    const protocolKey = stored.markers.find((marker) => marker.origin === 'technician' && marker.code !== 'note')
    if (cough === undefined || protocolKey === undefined) throw new Error('A marker is missing.')
    // Both keys went down within one second; Cyton sends 250 rows a second.
    expect(Math.abs(cough.row - protocolKey.row)).toBeLessThan(250)
  })

  it('finds the recording in the library with a drawn thumbnail and opens it', async () => {
    await page.getByRole('link', { name: 'Library' }).click()
    const row = page.getByRole('listitem').filter({ hasText: 'usable' }).first()
    await row.waitFor()
    await expect
      .poll(() =>
        row.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
          const data = canvas.getContext('2d')?.getImageData(0, 0, Math.max(1, canvas.width), Math.max(1, canvas.height)).data ?? []
          let drawn = 0
          for (let at = 3; at < data.length; at += 4) if (data[at] > 0) drawn++
          return drawn
        }),
      )
      .toBeGreaterThan(100)
    await row.getByRole('link').click()
    const trace = page.getByTestId('stored-trace')
    await trace.waitFor()
    await expect.poll(() => trace.getAttribute('aria-label')).toContain('from 00:00')
    await trace.focus()
    const before = await trace.getAttribute('aria-label')
    await page.keyboard.press('+')
    await expect.poll(() => trace.getAttribute('aria-label')).not.toBe(before)
    await page.getByText('coughed').first().waitFor()
  })

  it('complained to nobody: no script error, nothing refused by the content policy', () => {
    expect(app.complaints).toEqual([])
  })
})

describe.skipIf(!hasChromium)('with the keyboard alone', () => {
  let app: ServedApp
  beforeAll(async () => {
    app = await ServedApp.start()
  })
  afterAll(() => app.stop())

  it('a recording is made from the first screen to the library', async () => {
    const page = await app.page({ reducedMotion: 'reduce' })
    const tabTo = async (name: string | RegExp) => {
      for (let step = 0; step < 60; step++) {
        const focused = await page.evaluate(() => {
          const element = document.activeElement
          return element === null || element === document.body ? '' : `${element.getAttribute('aria-label') ?? ''} ${(element as HTMLElement).innerText ?? ''}`.trim()
        })
        if (typeof name === 'string' ? focused === name || focused.endsWith(name) : name.test(focused)) return
        await page.keyboard.press('Tab')
      }
      throw new Error(`Tab never reached ${String(name)}`)
    }
    await page.getByText('Create a dataset').waitFor()
    await tabTo(/Create a dataset/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('x')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Control+a')
    await page.keyboard.type(app.path('keys'))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Connect a device' }).waitFor()
    await tabTo('Connect demo')
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)
    expect(ring).toBe('solid')
    await page.keyboard.press('Enter')
    await page.getByTestId('live-traces').waitFor()
    await tabTo('Add subject')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await expect.poll(() => dialog.getByRole('textbox', { name: 'Code' }).inputValue()).not.toBe('')
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => page.getByRole('button', { name: 'Start recording' }).isEnabled(), { timeout: 20_000 }).toBe(true)
    await page.keyboard.press('Shift+R')
    await expect.poll(() => seconds(page, 'elapsed').catch(() => 0), { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
    await page.keyboard.press('Shift+S')
    await page.getByTestId('summary').waitFor()
    await tabTo('Keep')
    await page.keyboard.press('Enter')
    await page.getByTestId('summary').waitFor({ state: 'detached' })
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.getByRole('listitem').filter({ hasText: 'usable' }).first().waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(app.complaints).toEqual([])
  })
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addSubject, createDataset, drawnPixels, hasChromium, seconds, ServedApp } from './browser.ts'

const sections = ['Record', 'Library', 'Subjects', 'Dataset'] as const

async function visit(page: Page, section: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: new RegExp(`${section}$`) }).click()
}

describe.skipIf(!hasChromium)('what a technician left is there again', () => {
  let app: ServedApp
  let page: Page
  beforeAll(async () => {
    app = await ServedApp.start()
    page = await app.page()
    await createDataset(page, app.path('lab'), 'Continuity')
    await page.getByRole('button', { name: 'Connect demo' }).click()
    await page.getByTestId('live-traces').waitFor()
  })
  afterAll(() => app.stop())

  it('the trace goes on after a visit to another screen', async () => {
    await page.waitForTimeout(5000)
    const before = await drawnPixels(page)
    await visit(page, 'Library')
    await page.getByTestId('live-traces').waitFor({ state: 'detached' })
    await visit(page, 'Record')
    // An empty sweep would take four seconds to draw as much.
    await expect.poll(() => drawnPixels(page).catch(() => 0), { timeout: 3000, interval: 100 }).toBeGreaterThan(0.8 * before)
  })

  it('display filters stay as chosen for this board', async () => {
    await page.getByRole('button', { name: 'Display filters' }).click()
    const notch = page.getByRole('radiogroup', { name: 'Mains notch' })
    await notch.getByText('60 Hz').click()
    await page.keyboard.press('Escape')
    // Nobody reloads within the blink in which the choice is written.
    await page.waitForTimeout(500)
    await page.reload()
    await page.getByRole('button', { name: 'Display filters' }).click()
    await expect.poll(() => page.getByRole('radio', { name: '60 Hz' }).isChecked()).toBe(true)
    await page.keyboard.press('Escape')
  })

  it('an undecided summary comes back after a reload, with the whole trace', async () => {
    await addSubject(page)
    await expect.poll(() => page.getByRole('button', { name: 'Start recording' }).isEnabled(), { timeout: 20_000 }).toBe(true)
    await page.getByRole('button', { name: 'Start recording' }).click()
    await expect.poll(() => seconds(page, 'elapsed').catch(() => 0), { timeout: 15_000 }).toBeGreaterThanOrEqual(2)
    await page.getByRole('button', { name: 'Stop and finish' }).click()
    await page.getByTestId('summary').waitFor()
    await page.reload()
    await page.getByTestId('summary').waitFor()
    const drawn = () =>
      page.getByTestId('recorded-trace').locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
        const data = canvas.getContext('2d')?.getImageData(0, 0, Math.max(1, canvas.width), Math.max(1, canvas.height)).data ?? []
        const colours = new Set<number>()
        for (let at = 0; at < data.length; at += 4) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2])
        return colours.size
      })
    // Background, separators, names and the strokes' soft edges.
    await expect.poll(drawn).toBeGreaterThan(10)
    await page.getByRole('button', { name: 'Keep', exact: true }).click()
    await page.getByTestId('summary').waitFor({ state: 'detached' })
    await page.reload()
    await page.getByTestId('live-traces').waitFor()
    expect(await page.getByTestId('summary').count()).toBe(0)
  })

  it.each(['light', 'dark'] as const)('no screen complains in the console (%s)', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    for (const section of sections) {
      await visit(page, section)
      await page.waitForTimeout(400)
    }
    await visit(page, 'Library')
    await page.getByRole('list', { name: 'Library' }).getByRole('link').first().click()
    await page.getByTestId('stored-trace').waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    expect(app.complaints).toEqual([])
  })
})

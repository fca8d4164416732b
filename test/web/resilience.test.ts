import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addSubject, createDataset, drawnPixels, hasChromium, seconds, ServedApp } from './browser.ts'

describe.skipIf(!hasChromium)('the recording and its window', () => {
  let app: ServedApp
  beforeAll(async () => {
    app = await ServedApp.start()
  })
  afterAll(() => app.stop())

  it('goes on without a gap while the window stalls for 30 s, is killed, and comes back with its draft', async () => {
    const context = await app.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    const page = await app.pageOf(context)
    await createDataset(page, app.path('lab'), 'Resilience')
    await page.getByRole('button', { name: 'Connect demo' }).click()
    const code = await addSubject(page)
    const start = page.getByRole('button', { name: 'Start recording' })
    await expect.poll(() => start.isEnabled(), { timeout: 20_000 }).toBe(true)
    await start.click()
    await expect.poll(() => seconds(page, 'elapsed').catch(() => 0), { timeout: 15_000 }).toBeGreaterThanOrEqual(1)

    // A draft that nobody has sent yet.
    await page.keyboard.press('m')
    await page.getByRole('dialog').getByRole('textbox').fill('unsent words')
    await page.waitForTimeout(600)

    // The window's one thread does nothing for half a minute.
    await page.evaluate(() => {
      const end = performance.now() + 30_000
      while (performance.now() < end) Math.sqrt(end)
    })
    await expect.poll(() => seconds(page, 'elapsed'), { timeout: 10_000 }).toBeGreaterThanOrEqual(31)

    const crashed = new Promise((settle) => page.once('crash', settle))
    const debug = await context.newCDPSession(page)
    void debug.send('Page.crash').catch(() => undefined)
    await crashed
    const again = await app.pageOf(context)
    await again.getByText(`Recording ${code}`).waitFor()
    await expect.poll(() => drawnPixels(again), { timeout: 15_000 }).toBeGreaterThan(1000)
    await again.keyboard.press('m')
    await expect.poll(() => again.getByRole('dialog').getByRole('textbox').inputValue()).toBe('unsent words')
    await again.keyboard.press('Escape')

    await again.getByRole('button', { name: 'Stop and finish' }).click()
    await again.getByTestId('summary').waitFor()
    await again.getByRole('textbox', { name: 'Notes' }).fill('kept words')
    await again.getByRole('button', { name: 'Keep', exact: true }).click()
    await again.getByTestId('summary').waitFor({ state: 'detached' })

    const files = await readdir(join(app.path('lab'), 'recordings'), { recursive: true })
    const [file] = files.filter((name) => name.endsWith('recording.json'))
    const stored = JSON.parse(await readFile(join(app.path('lab'), 'recordings', file), 'utf8')) as { gaps: unknown[]; lostRows: number; seconds: number; notes: string }
    expect(stored).toMatchObject({ gaps: [], lostRows: 0, notes: 'kept words' })
    expect(stored.seconds).toBeGreaterThan(31)
    await context.close()
  })

  it('says that the connection is lost, keeps trying, and shows traces again', async () => {
    const context = await app.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    // A page whose sockets can be cut and kept from opening, as when the host restarts.
    await context.addInitScript(() => {
      const sockets: WebSocket[] = []
      let cut = false
      const Real = window.WebSocket
      window.WebSocket = class extends Real {
        constructor(url: string | URL) {
          super(cut ? String(url).replace('/wire', '/nowhere') : url)
          sockets.push(this)
        }
      }
      Object.assign(window, {
        cutWire: () => {
          cut = true
          for (const socket of sockets) socket.close()
        },
        mendWire: () => {
          cut = false
        },
      })
    })
    const page = await context.newPage()
    await page.goto(app.url)
    await expect.poll(() => drawnPixels(page), { timeout: 20_000 }).toBeGreaterThan(1000)
    await page.evaluate(() => (window as unknown as { cutWire: () => void }).cutWire())
    await page.getByText('The connection to Pulseprint is lost.').waitFor()
    await page.getByText('Connection lost').waitFor()
    await page.evaluate(() => (window as unknown as { mendWire: () => void }).mendWire())
    await page.getByText('The connection to Pulseprint is lost.').waitFor({ state: 'detached' })
    const heart = page.getByTestId('heart-rate')
    await heart.waitFor()
    await expect.poll(() => drawnPixels(page), { timeout: 20_000 }).toBeGreaterThan(1000)
    await context.close()
  })

  it('keeps a half-typed subject over a reload and drops it on cancel', async () => {
    const page = await app.page()
    await page.getByRole('link', { name: 'Subjects' }).click()
    await page.getByRole('button', { name: 'Add subject' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Code' }).fill('HALF-1')
    await dialog.getByRole('textbox', { name: 'Notes' }).fill('left-handed')
    await page.waitForTimeout(300)
    await page.reload()
    await page.getByRole('button', { name: 'Add subject' }).click()
    await expect.poll(() => dialog.getByRole('textbox', { name: 'Code' }).inputValue()).toBe('HALF-1')
    await dialog.getByText('Your unsaved text was brought back.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Add subject' }).click()
    await expect.poll(() => dialog.getByRole('textbox', { name: 'Code' }).inputValue()).toMatch(/^S\d+$/)
  })

  it('switches language and appearance at run time and remembers both', async () => {
    const page = await app.page({ colorScheme: 'light' })
    await page.getByRole('link', { name: 'Library' }).waitFor()
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await paper()
    const appearance = page.getByRole('button', { name: /^Appearance/ })
    await appearance.click()
    await appearance.click()
    expect(await paper()).not.toBe(light)
    await page.getByRole('button', { name: '切换到中文' }).click()
    await page.getByRole('link', { name: '记录库' }).waitFor()
    expect(await page.getByText('Library').count()).toBe(0)
    await page.reload()
    await page.getByRole('link', { name: '记录库' }).waitFor()
    expect(await paper()).not.toBe(light)
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN')
  })

  it.each([[1280, 800], [1920, 1080]])('fits %i x %i without scrolling the page', async (width, height) => {
    const page = await app.page({ viewport: { width, height } })
    await page.getByTestId('live-traces').waitFor()
    const overflow = await page.evaluate(() => [document.documentElement.scrollWidth - window.innerWidth, document.documentElement.scrollHeight - window.innerHeight])
    expect(overflow).toEqual([0, 0])
    // Nothing that must be pressed is cut off.
    const box = await page.getByRole('button', { name: 'Start recording' }).boundingBox()
    expect(box === null ? Infinity : box.y + box.height).toBeLessThanOrEqual(height)
  })

  it('complained to nobody', () => {
    expect(app.complaints).toEqual([])
  })
})

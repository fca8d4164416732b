import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core'
import { vi } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
export const hasChromium = existsSync(chromiumPath)
if (!hasChromium) process.stderr.write('SKIPPED: browser tests need Chromium; set CHROMIUM_PATH to its program.\n')

const browserArguments = ['--no-sandbox', '--headless=new', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** The built program serving on loopback with a home of its own, and a browser. */
export class ServedApp {
  readonly folder: string
  readonly url: string
  readonly browser: Browser
  /** What pages complained about: console errors and warnings, uncaught errors, refused resources. */
  readonly complaints: string[] = []
  readonly #process: ChildProcess

  private constructor(folder: string, url: string, browser: Browser, process: ChildProcess) {
    this.folder = folder
    this.url = url
    this.browser = browser
    this.#process = process
  }

  static async start(): Promise<ServedApp> {
    const folder = await mkdtemp(join(tmpdir(), 'pulseprint-web-'))
    const environment = { ...process.env, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), XDG_STATE_HOME: join(folder, 'state') }
    const server = spawn(process.execPath, [join(root, 'bin/pulseprint.js'), 'serve', '--port', '0'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const url = await new Promise<string>((settle, fail) => {
      let said = ''
      const read = (chunk: Buffer) => {
        said += chunk.toString()
        const found = /http:\/\/\S+token=\S+/.exec(said)
        if (found) settle(found[0])
      }
      server.stdout.on('data', read)
      server.stderr.on('data', read)
      server.once('exit', (code) => fail(new Error(`serve ended with ${code}: ${said}`)))
    })
    const browser = await chromium.launch({ executablePath: chromiumPath, args: browserArguments })
    return new ServedApp(folder, url, browser, server)
  }

  async page(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', ...options })
    return this.pageOf(context)
  }

  async pageOf(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return
      // Counting drawn pixels is these tests' own doing; the app never reads a canvas back.
      if (!message.text().includes('Multiple readback operations')) this.complaints.push(message.text())
    })
    page.on('pageerror', (error) => this.complaints.push(error.message))
    await page.goto(this.url)
    return page
  }

  /** A page whose answers come late, so that one can leave a screen before they are there. */
  async slowPage(delayMs: number): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    await context.routeWebSocket(/\/wire/, (wire) => {
      const lab = wire.connectToServer()
      lab.onMessage((message) => void setTimeout(() => wire.send(message), delayMs))
    })
    return this.pageOf(context)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  async stop(): Promise<void> {
    await this.browser.close()
    const ended = new Promise((settle) => this.#process.once('exit', settle))
    this.#process.kill('SIGTERM')
    await ended
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Creates a dataset by the keyboard or pointer-free way of the first screen. */
export async function createDataset(page: Page, path: string, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Create a dataset' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('textbox', { name: 'Folder' }).fill(path)
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByRole('heading', { name: 'Connect a device' }).waitFor()
}

/** Adds a subject who has consented and chooses them for the next recording. */
export async function addSubject(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Add subject' }).click()
  const dialog = page.getByRole('dialog')
  const code = dialog.getByRole('textbox', { name: 'Code' })
  await page.waitForFunction((input) => (input as HTMLInputElement).value !== '', await code.elementHandle())
  await dialog.getByRole('radio', { name: /Consent granted/ }).check()
  const chosen = await code.inputValue()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  return chosen
}

/** Pixels of the live traces that are neither background nor transparent: 0 on an empty screen. */
export async function drawnPixels(page: Page): Promise<number> {
  return page.getByTestId('live-traces').evaluate((screen) => {
    let drawn = 0
    // The grid is the first canvas; the two after it hold the traces.
    for (const canvas of [...screen.querySelectorAll('canvas')].slice(1, 3)) {
      const context = canvas.getContext('2d')
      if (context === null || canvas.width === 0) continue
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
      for (let at = 3; at < data.length; at += 4) if (data[at] > 0) drawn++
    }
    return drawn
  })
}

export async function seconds(page: Page, testId: string): Promise<number> {
  const text = await page.getByTestId(testId).innerText()
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

/** Chooses a radio button, which its label covers; once more where what is above it came late and moved it away from under the click. */
export async function choose(radio: Locator): Promise<void> {
  await vi.waitFor(async () => {
    if (!(await radio.isChecked())) await radio.check({ force: true })
  }, { timeout: 30_000, interval: 200 })
}

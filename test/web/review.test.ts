import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabelEvent } from '../../src-main/contract/schemas/label.ts'
import { hasChromium, ServedApp } from './browser.ts'

const program = resolve(import.meta.dirname, '../../bin/pulseprint.js')

/** Every event of a person's layers in a dataset, in the order of the files. */
async function storedEvents(dataset: string, annotator: string): Promise<LabelEvent[]> {
  const files = await readdir(join(dataset, 'recordings'), { recursive: true })
  const texts = await Promise.all(files.filter((file) => file.endsWith(`labels.${annotator}.jsonl`)).map((file) => readFile(join(dataset, 'recordings', file), 'utf8')))
  return texts.flatMap((text) => text.split('\n').filter(Boolean)).map((line) => JSON.parse(line) as LabelEvent).filter((line) => ['basis', 'set', 'remove'].includes(line.type))
}

describe.skipIf(!hasChromium)('the reviewer', () => {
  let app: ServedApp
  let context: BrowserContext
  let page: Page
  /** True: the browser's wire to the lab is cut. */
  let cut = false

  beforeAll(async () => {
    app = await ServedApp.start()
    await promisify(execFile)(process.execPath, [program, 'demo', '--dataset', app.path('lab'), '--subjects', '1', '--sessions', '2', '--seconds', '20'])
    context = await app.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' })
    await context.routeWebSocket(/./, (client) => {
      if (cut) {
        void client.close()
        return
      }
      const server = client.connectToServer()
      client.onMessage((message) => {
        if (cut) void client.close()
        else server.send(message)
      })
      server.onMessage((message) => client.send(message))
    })
    page = await app.pageOf(context)
    await page.getByRole('button', { name: 'Open a dataset' }).click()
    await page.getByRole('textbox', { name: 'Folder' }).fill(app.path('lab'))
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByRole('link', { name: 'Library' }).click()
    await page.getByRole('listitem').filter({ hasText: 'usable' }).first().getByRole('link').click()
    await page.getByTestId('stored-trace').waitFor()
  })
  afterAll(() => app.stop())

  const layer = () => page.getByRole('combobox', { name: 'Layer', exact: true })
  const saved = () => page.getByTestId('save-state').getByRole('button').innerText()

  it('begins with the detector’s beats and asks once who labels', async () => {
    await expect.poll(() => layer().locator('option:checked').innerText()).toContain('detector')
    await page.getByTestId('stored-trace').focus()
    await page.keyboard.press('.')
    await page.keyboard.press('v')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Your name in labels' }).fill('mk')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => layer().inputValue()).toBe('mk')
    await expect.poll(async () => (await storedEvents(app.path('lab'), 'mk')).map(({ type }) => type)).toEqual(['basis', 'set'])
    await expect.poll(saved).toBe('All saved')
    const events = await storedEvents(app.path('lab'), 'mk')
    expect(events[1]).toMatchObject({ kind: 'beat', value: 'V' })
  })

  it('keeps edits that were made without a lab over a reload, and saves them when it is back', async () => {
    cut = true
    await page.getByTestId('stored-trace').focus()
    await page.keyboard.press('.')
    await page.keyboard.press('s')
    await page.getByText('The connection to Pulseprint is lost.').waitFor()
    await expect.poll(saved).toBe('1 not yet saved')
    expect((await storedEvents(app.path('lab'), 'mk')).filter(({ type }) => type === 'set')).toHaveLength(1)
    await page.close()
    cut = false
    page = await app.pageOf(context)
    await page.getByRole('link', { name: 'Library' }).click()
    await expect.poll(async () => (await storedEvents(app.path('lab'), 'mk')).filter(({ type }) => type === 'set').length).toBe(2)
    await page.getByRole('listitem').filter({ hasText: 'usable' }).first().getByRole('link').click()
    await expect.poll(saved).toBe('All saved')
  })

  it('undoes after the reload, as a new event', async () => {
    await page.getByTestId('stored-trace').focus()
    await expect.poll(() => page.getByRole('button', { name: /^Undo/ }).isEnabled()).toBe(true)
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await storedEvents(app.path('lab'), 'mk')).length).toBe(4)
    const events = await storedEvents(app.path('lab'), 'mk')
    expect(events[3]).toMatchObject({ type: 'set', value: 'N', supersedes: events[2].id })
  })

  it('labels a stretch by dragging and shows it in the list', async () => {
    const trace = page.getByTestId('stored-trace')
    const box = await trace.boundingBox()
    if (box === null) throw new Error('The trace has no place.')
    await page.getByRole('radiogroup', { name: 'What a press does' }).getByText('Label').click()
    await page.mouse.move(box.x + 250, box.y + 120)
    await page.mouse.down()
    await page.mouse.move(box.x + 420, box.y + 120, { steps: 6 })
    await page.mouse.up()
    await page.getByRole('list', { name: 'Labels' }).getByText('Rhythm: Atrial fibrillation').waitFor()
    await page.getByRole('button', { name: 'History' }).click()
    await page.getByRole('dialog').getByText('mk: Rhythm: Atrial fibrillation').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(async () => (await storedEvents(app.path('lab'), 'mk')).at(-1)).toMatchObject({ kind: 'rhythm', value: '(AFIB' })
  })

  it('averages the beats, compares layers and puts two days side by side', async () => {
    await page.getByRole('tab', { name: 'Mean beat' }).click()
    await page.getByRole('img', { name: /^Mean of \d+ beats/ }).waitFor()
    await page.getByRole('tab', { name: 'Agreement' }).click()
    await page.getByRole('button', { name: 'Compare', exact: true }).click()
    await page.getByText(/^F1 /).waitFor()
    await page.getByRole('button', { name: 'Put another recording beside this one' }).click()
    await page.getByRole('group', { name: 'Put another recording beside this one' }).getByRole('button').first().click()
    await page.getByRole('heading', { name: /two recordings$/ }).waitFor()
    await expect.poll(() => page.getByTestId('stored-trace').count()).toBe(2)
    await page.getByText(/^Correlation /).waitFor()
  })

  it('complained to nobody but about the wire that was cut', () => {
    expect(app.complaints.filter((text) => !/WebSocket|connection|Connection/.test(text))).toEqual([])
  })
})

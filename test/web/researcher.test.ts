import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicData } from '../signal/physionet.ts'
import { choose, createDataset, hasChromium, ServedApp } from './browser.ts'

const archive = publicData('ecgiddb')

interface StoredSplit {
  assignments: { recording: string; subject: string; session: string; role: string }[]
}

const readJson = async <T>(path: string) => JSON.parse(await readFile(path, 'utf8')) as T

/** The whole way of ECG-ID through the app, as a researcher walks it. */
describe.skipIf(!hasChromium || archive === null)('the researcher', () => {
  let app: ServedApp
  let page: Page
  beforeAll(async () => {
    app = await ServedApp.start()
    page = await app.page()
    await createDataset(page, app.path('lab'), 'Archive')
  })
  afterAll(() => app.stop())

  it('sees what an archive holds before anything is taken', async () => {
    await page.getByRole('link', { name: 'Library' }).click()
    await page.getByRole('button', { name: 'Import' }).first().click()
    await page.getByRole('textbox', { name: 'File or folder' }).fill(archive ?? '')
    await page.getByRole('button', { name: 'Look' }).click()
    await page.getByText(/90 subjects/).waitFor({ timeout: 60_000 })
    expect(await page.getByRole('combobox', { name: 'Archive' }).inputValue()).toBe('ecg-id')
    await page.getByRole('img', { name: /First seconds of Person_01/ }).waitFor()
    expect(await readdir(join(app.path('lab'), 'recordings'))).toEqual([])
  })

  it('imports it, with what is damaged kept and flagged', async () => {
    await page.getByRole('button', { name: 'Import 310 recordings' }).click()
    const report = page.getByTestId('import-report')
    await report.waitFor({ timeout: 180_000 })
    expect(await report.innerText()).toMatch(/310 recordings of 90 subjects/)
    await report.getByRole('button', { name: 'To the library' }).click()
    await page.getByText('310 recordings').first().waitFor()
    await page.getByRole('button', { name: /Flagged/ }).click()
    await page.getByText('11 of 310 recordings').waitFor()
  })

  it('keeps all of them but the damaged spans, by rule', async () => {
    await page.getByRole('link', { name: 'Curate' }).click()
    await expect.poll(() => page.getByTestId('kept-recordings').innerText(), { timeout: 30_000 }).toBe('310')
    await page.getByText(/cuts/).first().waitFor()
    await page.getByText('Cut 11').waitFor()
    await page.getByRole('combobox', { name: 'Add a rule' }).selectOption('sessions')
    await expect.poll(() => page.getByTestId('kept-recordings').innerText()).not.toBe('310')
    await page.getByRole('button', { name: 'Remove the rule: Sessions per subject' }).click()
    await expect.poll(() => page.getByTestId('kept-recordings').innerText()).toBe('310')
    await page.getByRole('button', { name: 'Freeze as a version' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Freeze' }).click()
    await page.getByText('Version v1 is frozen.').waitFor()
  })

  it('splits the version by days and is told what that can show', async () => {
    await page.getByRole('button', { name: 'Split v1' }).click()
    await page.getByText('Leak check').waitFor()
    await page.getByRole('combobox', { name: 'Strategy' }).selectOption('leave-last-day-out')
    await page.getByText('Subjects tested', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Save the split' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await page.getByText('Split s1 is saved.').waitFor()
    const { assignments } = await readJson<StoredSplit>(join(app.path('lab'), 'splits/s1.json'))
    const days = (role: string) => new Set(assignments.filter((one) => one.role === role).map((one) => `${one.subject} ${one.session}`))
    expect([...days('test')].filter((day) => days('enrol').has(day))).toEqual([])
    expect(days('test').size).toBe(20)
  })

  it.each([['EDF+', 'edf'], ['Parquet', 'parquet']])('exports %s with its papers', async (name, folder) => {
    await page.getByRole('link', { name: 'Export' }).click()
    await choose(page.getByRole('radio', { name: new RegExp(`^${name.replace('+', '\\+')}`) }))
    await page.getByRole('textbox', { name: 'Folder' }).fill(app.path(`out-${folder}`))
    await page.getByRole('button', { name: 'Start export' }).click()
    await page.getByTestId('export-report').waitFor({ timeout: 180_000 })
    for (const paper of ['datasheet.md', 'croissant.json', 'MANIFEST.sha256']) expect(existsSync(join(app.path(`out-${folder}`), paper)), paper).toBe(true)
  })

  it('leaves screens while their answers are on the way', async () => {
    const slow = await app.slowPage(300)
    await slow.getByRole('link', { name: 'Dataset' }).waitFor()
    for (const screen of ['exports', 'splits', 'curate', 'train', 'runs', 'ablations/new', 'identify', 'subjects', 'import']) {
      await slow.evaluate((name) => void (location.hash = `#/${name}`), screen)
      await slow.waitForTimeout(100)
      await slow.evaluate(() => void (location.hash = '#/dataset'))
      // Three requests one after the other.
      await slow.waitForTimeout(1000)
    }
    await slow.close()
  })

  it('complained to nobody', () => {
    expect(app.complaints).toEqual([])
  })
})

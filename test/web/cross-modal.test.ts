import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pairedLab, pairedRecipe } from '../runs/cross-modal/a-paired-lab.ts'
import { choose, hasChromium, ServedApp } from './browser.ts'

interface StoredRun {
  id: string
  state: string
  seed: number
  cell?: string
  recipe: { recipe: string; distillation: { kl: { weight: number }; mmd: { weight: number } } }
  models: { name: string; parameters: number; from?: string }[]
}

/** Two signals that teach one, and what each of the losses is worth, as a person walks it. */
describe.skipIf(!hasChromium)('the learner of two signals', () => {
  let app: ServedApp
  let page: Page
  let lab: string

  const runs = async (): Promise<StoredRun[]> => {
    // The windows' cache lies beside the runs.
    const folders = (await readdir(join(lab, 'runs')).catch(() => [])).filter((name) => !name.startsWith('.'))
    return Promise.all(folders.map(async (id) => JSON.parse(await readFile(join(lab, 'runs', id, 'run.json'), 'utf8')) as StoredRun))
  }
  const parametersOf = (run: StoredRun, name: string) => run.models.find((model) => model.name === name)?.parameters

  beforeAll(async () => {
    app = await ServedApp.start()
    const dataset = await pairedLab(app.folder)
    lab = dataset.path
    await dataset.close()
    page = await app.page()
    page.setDefaultTimeout(30_000)
    await page.getByRole('button', { name: 'Open a dataset' }).click()
    await page.getByRole('textbox', { name: 'Folder' }).fill(lab)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByRole('link', { name: 'Train' }).click()
  })
  afterAll(() => app.stop())

  it('sees which network sees which signal, and takes a small recipe as text', async () => {
    await choose(page.getByRole('radio', { name: /^Multi-modality/ }))
    await choose(page.getByRole('radio', { name: 'Recipe', exact: true }))
    const networks = page.getByRole('list', { name: 'Which network sees which signal' })
    await networks.getByText('Needs PPG alone when it is used.').waitFor()
    await page.getByRole('button', { name: 'As text…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill(JSON.stringify(pairedRecipe('fusion')))
    await dialog.getByRole('button', { name: 'Use this recipe' }).click()
    await networks.getByText('gate, 16').waitFor()
  })

  it('switches a loss on in the picture, by the keyboard, and trains it', async () => {
    const losses = page.getByRole('region', { name: 'Losses between teacher and student' })
    const mmd = losses.getByRole('switch', { name: /^MMD/ })
    expect(await mmd.getAttribute('aria-checked')).toBe('false')
    await mmd.focus()
    await page.keyboard.press('Space')
    await losses.getByRole('spinbutton', { name: 'Weight of MMD' }).fill('0.5')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Start', exact: true }).click({ timeout: 60_000 })
    await expect.poll(async () => (await runs())[0]?.state, { timeout: 120_000 }).toBe('finished')
    const [run] = await runs()
    expect(run.recipe).toMatchObject({ recipe: 'fusion', distillation: { kl: { weight: 1 }, mmd: { weight: 0.5 } } })
    expect(run.models.map(({ name }) => name)).toEqual(['teacher', 'encoder', 'fusion', 'student', 'scratch', 'lda', 'template'])
    expect(parametersOf(run, 'student')).toBe(parametersOf(run, 'scratch'))
    await choose(page.getByRole('radio', { name: /^Under way/ }))
    await page.getByText('The last run was').waitFor()
  })

  it('makes a grid of two variants and two seeds out of the paper’s table', async () => {
    await page.getByRole('navigation', { name: 'Training' }).getByRole('link', { name: 'Ablations' }).click()
    await page.getByRole('button', { name: 'Begin with the table of Multi-modality' }).click()
    await page.getByRole('button', { name: 'Take the recipe of the Train page' }).click()
    const table = page.getByRole('table', { name: 'Variants' })
    for (const row of ['COS', 'COS+KL', 'COS+MMD', 'KL+MMD', 'COS+KL+MMD']) await table.getByRole('button', { name: `Remove ${row}`, exact: true }).click()
    expect(await table.getByRole('switch', { name: 'MMD, γ of KL' }).getAttribute('aria-checked')).toBe('false')
    await page.getByRole('textbox', { name: 'Seeds' }).fill('1-2')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('losses')
    await page.getByText('4 cells: 2 variants × 2 seeds').waitFor()
    await page.getByRole('button', { name: 'Start', exact: true }).click({ timeout: 60_000 })
    await page.getByRole('heading', { name: 'losses' }).waitFor()
  })

  it('stops where it is and goes on to the end, training no model twice', async () => {
    await page.getByRole('link', { name: /: Training$/ }).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('button', { name: 'Go on', exact: true }).click({ timeout: 60_000 })
    await expect.poll(async () => (await runs()).filter(({ cell, state }) => cell !== undefined && state === 'finished').length, { timeout: 200_000 }).toBe(4)
    const cells = (await runs()).filter(({ cell }) => cell !== undefined)
    expect(cells).toHaveLength(4)
    // Of each seed one cell trained the teacher, the other has it from there.
    expect(cells.filter(({ models }) => models.some(({ name, from }) => name === 'teacher' && from === undefined)).length).toBeLessThanOrEqual(2)
    await page.getByRole('progressbar', { name: '4 of 4' }).waitFor()
    expect(await page.getByRole('table', { name: 'Cells by variant and seed' }).getByRole('link', { name: /: Finished$/ }).count()).toBe(4)
  })

  it('reads the table: every row with its figure, its difference and a verdict in words', async () => {
    const table = page.getByRole('table', { name: 'Result' })
    await expect.poll(() => table.getByRole('row').count()).toBe(1 + 4)
    for (const row of ['baseline', 'teacher', 'KL', 'MMD']) await table.getByRole('rowheader', { name: row }).first().waitFor()
    for (const row of ['KL', 'MMD']) {
      const text = await table.getByRole('row').filter({ has: page.getByRole('rowheader', { name: row, exact: true }) }).innerText()
      expect(text).toMatch(/\d+\.\d\d ± \d+\.\d\d/)
      expect(text).toMatch(/better|worse|no significant difference|too few|cannot be compared/)
    }
    await page.getByRole('button', { name: 'Copy or save' }).click()
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()])
    const csv = await readFile(await saved.path(), 'utf8')
    for (const row of ['baseline', 'KL', 'MMD']) expect(csv).toMatch(new RegExp(`(^|\\n)"?${row}"?,`))
  })

  it('complained to nobody', () => {
    expect(app.complaints).toEqual([])
  })
})

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as onnx from 'onnxruntime-node'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SplitOptions } from '../../src-main/contract/index.ts'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'
import { createSplitAt, createVersionAt, readRules } from '../../src-main/services/curation-tasks.ts'
import { analyseDatasetAt } from '../../src-main/services/import-tasks.ts'
import { addSubject, choose, hasChromium, seconds, ServedApp } from './browser.ts'

/** Everybody of the demo dataset of seed 1: its S001 is the person of the demo device of seed 1001 (demo-plan.ts). */
const demoSeed = 1
const personOf = { S001: 1001 } as const
const stranger = 77
const people = ['S001', 'S002', 'S003', 'S004', 'S005']

interface StoredRecording {
  id: string
  subject: string
  startedAt: string
  state: string
  lostRows: number
  gaps: unknown[]
}

interface StoredRun {
  id: string
  seed: number
  state: string
  recipe: { recipe: string }
}

async function stored<T>(folder: string, file: string): Promise<T[]> {
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).filter((path) => path.endsWith(file))
  return Promise.all(files.map(async (path) => JSON.parse(await readFile(join(folder, path), 'utf8')) as T))
}

/** The learning part as a person walks it: train, pause, resume, report, compare, export, identify, remove; with a recording going on beside it. */
describe.skipIf(!hasChromium)('the learner', () => {
  let app: ServedApp
  let page: Page
  let lab: string
  /** Code of the stranger, who is recorded meanwhile. */
  let strange: string
  let taught: StoredRun
  const runs = () => stored<StoredRun>(join(lab, 'runs'), 'run.json')
  const recordings = () => stored<StoredRecording>(join(lab, 'recordings'), 'recording.json')

  beforeAll(async () => {
    app = await ServedApp.start()
    lab = app.path('lab')
    await createDemoDataset(lab, { seed: demoSeed, subjects: 5, sessions: 3, secondsPerRecording: 25 })
    await analyseDatasetAt(lab, { all: true, workerUrl: null }, { signal: new AbortController().signal, onProgress: () => undefined })
    await createVersionAt(lab, { name: 'v1', note: '', rules: await readRules(null), overrides: [] })
    await createSplitAt(lab, 'v1', 's1', SplitOptions.parse({ strategy: 'leave-last-day-out' }))
    page = await app.page()
    page.setDefaultTimeout(30_000)
    await page.getByRole('button', { name: 'Open a dataset' }).click()
    await page.getByRole('textbox', { name: 'Folder' }).fill(lab)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByRole('link', { name: 'Train' }).waitFor()
  })
  afterAll(() => app.stop())

  const connectDemo = async (person: number): Promise<void> => {
    await page.getByRole('link', { name: 'Record' }).click()
    await page.getByRole('button', { name: 'Options…' }).or(page.getByRole('button', { name: 'Disconnect' })).first().waitFor()
    const disconnect = page.getByRole('button', { name: 'Disconnect' })
    if (await disconnect.isVisible()) await disconnect.click()
    await page.getByRole('button', { name: 'Options…' }).click()
    await page.getByRole('dialog').getByRole('spinbutton', { name: 'Person' }).fill(String(person))
    await page.getByRole('dialog').getByRole('button', { name: 'Connect', exact: true }).click()
    await expect.poll(async () => Number(await page.getByTestId('heart-rate').innerText()), { timeout: 30_000 }).toBeGreaterThan(40)
  }

  /** Commits a field of the recipe as leaving it does. */
  const set = async (section: Locator, label: string, value: string): Promise<void> => {
    await section.getByLabel(label, { exact: true }).fill(value)
    await section.getByLabel(label, { exact: true }).press('Enter')
  }

  it('records beside it all', async () => {
    await connectDemo(stranger)
    strange = await addSubject(page)
    const start = page.getByRole('button', { name: 'Start recording' })
    await expect.poll(() => start.isEnabled(), { timeout: 20_000 }).toBe(true)
    await start.click()
    await expect.poll(() => seconds(page, 'elapsed')).toBeGreaterThanOrEqual(1)
  })

  it('sees what a run would be of before anything is trained', async () => {
    await page.getByRole('link', { name: 'Train' }).click()
    await page.getByRole('heading', { name: 'What this run would be' }).waitFor({ timeout: 60_000 })
    expect(await page.getByRole('combobox', { name: 'Split' }).inputValue()).toBe('s1')
    await expect.poll(() => page.getByRole('status').filter({ hasText: /Ready: [\d,]+ windows of 5 people/ }).count(), { timeout: 60_000 }).toBe(1)
    await page.getByRole('row', { name: /^Student resnet|^Student deit/ }).waitFor()
    expect(await runs()).toEqual([])
  })

  it('refuses a recipe that is wrong in itself, by name', async () => {
    await choose(page.getByRole('radio', { name: 'Recipe' }))
    const teacher = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Teacher', exact: true }) })
    await set(teacher, 'Epochs', '0')
    await page.getByText('A value of the recipe is not valid.').waitFor()
    expect(await page.getByRole('button', { name: 'Start', exact: true }).isDisabled()).toBe(true)
    const student = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Student', exact: true }) })
    for (const [section, steps] of [[teacher, '150'], [student, '150']] as const) {
      await set(section, 'Epochs', '1')
      await set(section, 'Steps, at least', steps)
    }
    await set(page.locator('section').filter({ has: page.getByRole('heading', { name: 'Evaluation', exact: true }) }), 'Draws', '200')
    await page.getByRole('switch', { name: /The same student alone/ }).uncheck({ force: true })
    await expect.poll(() => page.getByRole('button', { name: 'Start', exact: true }).isEnabled(), { timeout: 60_000 }).toBe(true)
  })

  it('trains a teacher and its student: pauses, goes on where it was, finishes', async () => {
    await choose(page.getByRole('radio', { name: 'Check', exact: true }))
    const planned = Number(await page.getByRole('row', { name: /^Teacher/ }).getByRole('cell').nth(2).innerText())
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByText('1 run queued.').waitFor()
    await page.getByText(new RegExp(`^epoch [2-9] of ${planned}$`)).waitFor({ timeout: 90_000 })
    await page.getByRole('slider', { name: 'Loss by term' }).waitFor()
    await page.getByText('triplet', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    const halted = page.getByRole('region', { name: 'Paused and interrupted' })
    await halted.waitFor({ timeout: 60_000 })
    const [{ id }] = await runs()
    const epochs = async () => (await readFile(join(lab, 'runs', id, 'metrics.jsonl'), 'utf8')).split('\n').slice(0, -1)
    const before = await epochs()
    expect(before.length).toBeGreaterThanOrEqual(2)
    await halted.getByRole('button', { name: /^Resume/ }).click()
    await page.getByText('Training the student', { exact: true }).waitFor({ timeout: 120_000 })
    // The student's terms: what the teacher teaches at every level.
    for (const term of ['logit', 'stage 1', 'embedding', 'distances']) await page.getByText(term, { exact: true }).first().waitFor()
    await expect.poll(async () => (await runs())[0].state, { timeout: 120_000 }).toBe('finished')
    const after = await epochs()
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after).toHaveLength(2 * planned)
    ;[taught] = await runs()
  })

  it('lost no sample of what was recorded meanwhile', async () => {
    await page.getByRole('link', { name: 'Record' }).click()
    await page.getByRole('button', { name: 'Stop and finish' }).click()
    await page.getByTestId('summary').waitFor()
    await page.getByText(/Read back and verified/).waitFor()
    await page.getByRole('button', { name: 'Keep', exact: true }).click()
    await page.getByTestId('summary').waitFor({ state: 'detached' })
    const recording = (await recordings()).find(({ subject }) => subject === strange)
    expect(recording).toMatchObject({ state: 'finished', lostRows: 0, gaps: [] })
  })

  const openRun = async (name: RegExp): Promise<void> => {
    await page.getByRole('link', { name: 'Train' }).first().click()
    await page.getByRole('navigation', { name: 'Training' }).getByRole('link', { name: 'Runs' }).click()
    await page.getByRole('table', { name: 'Runs' }).getByRole('link', { name }).click()
  }

  it('reads what came of it: headline, errors traded off, confidence', async () => {
    await openRun(/^THKD/)
    await page.getByRole('button', { name: 'Open the report' }).click()
    await page.getByRole('heading', { name: 'What it says' }).waitFor()
    const { systems } = JSON.parse(await readFile(join(lab, 'runs', taught.id, 'report.json'), 'utf8')) as { systems: Record<string, { evaluation: { byBeats: { eer: { value: number } }[] } }> }
    const cards = page.getByRole('radiogroup', { name: /Choose a model/ })
    expect(Object.keys(systems).sort()).toEqual(['lda', 'student', 'teacher', 'template'])
    for (const [name, system] of [['Student', 'student'], ['Teacher', 'teacher'], ['PCA + LDA', 'lda'], ['Template', 'template']]) {
      const text = await cards.locator('label').filter({ has: page.getByText(name, { exact: true }) }).innerText()
      const shown = Number(/EER\s+([\d.]+)%/.exec(text)?.[1])
      expect(Math.abs(shown - 100 * systems[system].evaluation.byBeats[0].eer.value), text).toBeLessThanOrEqual(0.05)
    }
    for (const plot of ['Detection error trade-off', 'Identification by rank', 'Scores', 'Confidence against accuracy']) await page.getByRole('heading', { name: plot, exact: true }).waitFor()
    await page.getByText('No leak found in what this run did.').waitFor()
  })

  it('goes from the report to identifying with the model it was about', async () => {
    await choose(page.getByRole('radiogroup', { name: /Choose a model/ }).getByRole('radio', { name: /^Teacher/ }))
    await page.getByRole('button', { name: 'Identify with it' }).click()
    await expect.poll(() => page.getByRole('combobox', { name: 'Run' }).inputValue()).toBe(taught.id)
    await page.getByRole('radio', { name: 'Teacher', exact: true }).and(page.locator(':checked')).waitFor({ state: 'attached' })
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('queues another recipe with two seeds and compares', async () => {
    await page.getByRole('link', { name: 'Train' }).first().click()
    await choose(page.getByRole('radio', { name: /^PCA \+ LDA/ }))
    await page.getByRole('textbox', { name: 'Seeds' }).fill('1-2')
    await page.getByRole('button', { name: 'Queue 2 runs' }).click()
    await expect.poll(async () => (await runs()).filter(({ state }) => state === 'finished').length, { timeout: 60_000 }).toBe(3)
    await page.getByRole('navigation', { name: 'Training' }).getByRole('link', { name: 'Runs' }).click()
    const boxes = page.getByRole('table', { name: 'Runs' }).getByRole('checkbox')
    await expect.poll(() => boxes.count()).toBe(3)
    for (const box of await boxes.all()) await box.check()
    await page.getByRole('button', { name: 'Compare' }).click()
    const models = page.getByRole('table', { name: 'Runs and models' })
    // Four models of the first run, PCA + LDA and the template of both others.
    await expect.poll(() => models.getByRole('row').count()).toBe(1 + 4 + 2 + 2)
    // What is linear draws nothing: two seeds are one result.
    await expect.poll(() => page.getByRole('table', { name: 'Over seeds' }).getByRole('row', { name: /PCA \+ LDA s1 PCA \+ LDA 2/ }).innerText()).toMatch(/± 0\.00/)
  })

  it('exports the student as a file that another program runs', async () => {
    const out = app.path('student.onnx')
    await openRun(/^THKD/)
    await page.getByRole('button', { name: 'Export a model…', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await choose(dialog.getByRole('radio', { name: 'Student', exact: true }))
    await dialog.getByRole('textbox', { name: 'File' }).fill(out)
    await dialog.getByRole('button', { name: 'Export', exact: true }).click()
    await dialog.getByRole('heading', { name: 'Exported' }).waitFor({ timeout: 60_000 })
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    const session = await onnx.InferenceSession.create(out)
    expect(session.inputNames).toHaveLength(1)
    await session.release()
  })

  const chooseRecording = async (subject: string): Promise<void> => {
    await page.getByRole('button', { name: /^(Choose a recording|Another recording)$/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Subject' }).selectOption(subject)
    await dialog.getByRole('radio').last().check()
    await dialog.getByRole('button', { name: 'Take this one' }).click()
  }
  const decide = async (words: RegExp): Promise<string> => {
    const decision = page.getByTestId('decision')
    await page.getByRole('button', { name: 'Decide' }).click()
    await expect.poll(() => decision.innerText(), { timeout: 30_000 }).toMatch(words)
    return decision.innerText()
  }

  it('enrols people from their early sessions', async () => {
    await page.getByRole('link', { name: 'Identify' }).click()
    await page.getByRole('combobox', { name: 'Run' }).selectOption(taught.id)
    await choose(page.getByRole('radio', { name: 'Student', exact: true }))
    await page.getByRole('button', { name: 'Enrol', exact: true }).click()
    const dialog = page.getByRole('dialog')
    let chosen = 0
    for (const subject of people) {
      await dialog.getByRole('combobox', { name: 'Subject' }).selectOption(subject)
      const boxes = await dialog.getByRole('checkbox').all()
      // Oldest first: the last session stays unseen.
      for (const box of boxes.slice(0, -1)) await box.check()
      chosen += boxes.length - 1
    }
    await dialog.getByRole('button', { name: `Enrol from ${chosen} recordings` }).click()
    await page.getByText('5 people enrolled.').waitFor({ timeout: 60_000 })
    for (const subject of people) await page.getByRole('rowheader', { name: subject }).waitFor()
  })

  it('knows people again in a session that was never seen', async () => {
    await choose(page.getByRole('radio', { name: 'A recording' }))
    for (const subject of ['S002', 'S003']) {
      await chooseRecording(subject)
      const said = await decide(new RegExp(`recording of ${subject}`))
      expect(said).toContain('as recorded')
      expect(said.split('\n')[0]).toBe(subject)
    }
  })

  it('accepts a true claim, refuses a false one, and does not know a stranger', async () => {
    await choose(page.getByRole('radio', { name: 'Is it who they say?' }))
    const claim = page.getByRole('combobox', { name: 'They say they are' })
    await claim.selectOption('S003')
    expect(await decide(/ACCEPTED/)).toContain('It is S003, as claimed.')
    await claim.selectOption('S002')
    expect(await decide(/REFUSED/)).toContain('Not like S002 enough.')
    await choose(page.getByRole('radio', { name: 'Who is it?' }))
    await chooseRecording(strange)
    await decide(/UNKNOWN/)
  })

  it('says live who is on the electrodes', async () => {
    await connectDemo(personOf.S001)
    await page.getByRole('link', { name: 'Identify' }).click()
    await choose(page.getByRole('radio', { name: 'Live device' }))
    await page.getByRole('button', { name: 'Start listening' }).click()
    await expect.poll(async () => (await page.getByTestId('decision').innerText()).split('\n')[0], { timeout: 40_000 }).toBe('S001')
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByText('Not listening').waitFor()
  })

  it('finds splits, versions and runs again after the page was loaded anew', async () => {
    for (const [hash, there] of [['#/splits', page.getByRole('region', { name: 'Saved splits' }).getByText('s1')], ['#/exports', page.getByRole('combobox', { name: 'Version' })], ['#/runs', page.getByRole('link', { name: /^THKD/ })]] as const) {
      await page.evaluate((to) => (location.hash = to), hash)
      await page.reload()
      await there.first().waitFor()
    }
  })

  it('removes a run only when its id is typed', async () => {
    await openRun(/^THKD/)
    await page.getByRole('button', { name: 'Remove…' }).click()
    const dialog = page.getByRole('dialog')
    const remove = dialog.getByRole('button', { name: 'Remove for good' })
    await dialog.getByRole('textbox').fill(taught.id.slice(0, -1))
    expect(await remove.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill(taught.id)
    await remove.click()
    await page.getByText('The run is removed.').waitFor()
    expect(existsSync(join(lab, 'runs', taught.id))).toBe(false)
    await expect.poll(() => page.getByRole('table', { name: 'Runs' }).getByRole('checkbox').count()).toBe(2)
  })

  it('complained to nobody', () => {
    expect(app.complaints).toEqual([])
  })
})

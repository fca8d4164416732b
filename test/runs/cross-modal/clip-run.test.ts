import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ModelName, Recipe, RunId, RunRecord } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { begin, execute, hashes, pausing } from '../a-small-lab.ts'
import { pairedLab, pairedRecipe } from './a-paired-lab.ts'

let folder: string
let dataset: Dataset

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-clip-'))
  // The fifth has nothing for the teacher: none of these windows has a partner.
  dataset = await pairedLab(folder, { people: 5, has: (person) => (person <= 4 ? ['ecg', 'ppg'] : ['ppg']) })
})
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

const recipe = (change: object = {}) => pairedRecipe('clip', change)
/** Teacher and towers are small, and learn for a single epoch: where it does not matter how well they do. */
function hasty(change: object = {}): Recipe {
  const made = recipe()
  if (made.recipe !== 'clip') throw new Error('another recipe')
  const fit = { ...made.alignment.fit, epochs: 1, minimumSteps: 1 }
  return recipe({ teacher: { ...made.teacher, network: made.student.network, fit }, alignment: { ...made.alignment, fit }, ...change })
}
const folderOf = (id: RunId) => new RunStore(dataset.files, dataset.path).folder(id)
let whole: RunRecord

it('trains the teacher, the towers, and a student that needs one modality and no more weights than its twin', { timeout: 120_000 }, async () => {
  const id = await begin(dataset, recipe())
  const record = (whole = await execute(dataset, id))
  expect(record).toMatchObject({ state: 'finished', error: null })
  expect(record.models.map(({ name }) => name)).toEqual(['teacher', 'alignment', 'student', 'scratch', 'lda', 'template'])
  const of = (name: ModelName) => record.models.find((model) => model.name === name)
  expect(of('student')?.parameters).toBe(of('scratch')?.parameters)
  expect(hashes(record).student).not.toBe(hashes(record).scratch)

  const epochs = await folderOf(id).epochs()
  const towers = epochs.filter(({ phase }) => phase === 'alignment')
  expect(towers.map(({ terms }) => Object.keys(terms).sort())).toEqual([['contrast', 'total'], ['contrast', 'total']])
  expect(towers[1].terms.contrast).toBeLessThan(towers[0].terms.contrast)
  // They recognise nobody by themselves: the newest weights count.
  for (const { validation } of towers) expect(validation).toEqual({ eer: null, rank1: null })
  expect(of('alignment')?.bestEpoch).toBe(2)
  const taught = epochs.filter(({ phase }) => phase === 'student')
  expect(Object.keys(taught[0].terms).sort()).toEqual(['angle', 'assessed', 'assessment', 'distance', 'identity', 'logit', 'second head', 'total'])
  // The curve of what the teacher's classifier makes of the student: parts of the windows.
  for (const { terms } of taught) expect(terms.assessed).toBeGreaterThanOrEqual(0)
  for (const { terms } of taught) expect(terms.assessed).toBeLessThanOrEqual(1)

  const report = await folderOf(id).report()
  expect(report.leaks).toEqual([])
  expect(Object.keys(report.systems).sort()).toEqual(['lda', 'scratch', 'student', 'teacher', 'template'])
  for (const [name, system] of Object.entries(report.systems)) {
    const people = name === 'teacher' ? 4 : 5
    expect(system.evaluation.subjects.tested).toBe(people)
    // All of them were learnt from; a visit of 30 s has more than ten windows.
    expect(system.nShot).toMatchObject({ draws: 20, seed: 7 })
    expect(system.nShot?.results.map(({ people: group, shots, beats, subjects, short }) => [group, shots, beats, subjects, short])).toEqual([1, 3, 5, 10].map((shots) => ['seen', shots, 1, people, 0]))
  }
  // Whoever was tested on other people is not compared.
  expect([...new Set(report.comparisons.map(({ system, reference }) => `${system} ${reference}`))].sort()).toEqual(['lda template', 'scratch lda', 'student lda', 'student scratch'])
})

it('with every weight 0 the student is its twin from scratch, bit for bit', { timeout: 120_000 }, async () => {
  const off = { weight: 0 }
  const id = await begin(dataset, hasty({ distillation: { logit: off, relation: off, assessment: off } }))
  const { models } = await execute(dataset, id)
  const of = (name: ModelName) => folderOf(id).model(name, models)
  expect((await of('student')).arrays).toEqual((await of('scratch')).arrays)
})

it('goes on from checkpoints of the towers and of the student to the same weights', { timeout: 120_000 }, async () => {
  const id = await begin(dataset, recipe())
  // Fifty steps each: within the towers' second epoch, and then within the student's first.
  for (const [steps, phase] of [[90, 'alignment'], [30, 'student']] as const) {
    await expect(execute(dataset, id, pausing(steps))).rejects.toMatchObject({ code: 'cancelled', data: { phase } })
  }
  expect(hashes(await execute(dataset, id))).toEqual(hashes(whole))
})

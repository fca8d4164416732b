import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunEpoch } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { begin, execute, hashes, pausing } from '../a-small-lab.ts'
import { pairedLab } from './a-paired-lab.ts'
import { folderOf, learner, matcher, shortRecipe, shortRun, studentEpochs, termsOf, told } from './a-short-bridge.ts'

let folder: string
let dataset: Dataset

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-sembridge-'))
  dataset = await pairedLab(folder)
})
afterAll(async () => {
  await dataset.close()
  await rm(folder, { recursive: true })
})

const usual = ['base', 'embedding', 'identity', 'map', 'second head', 'total']
const slow = { timeout: 120_000 }

it('trains a matcher from synchronous pairs, and a student with no more weights than its twin, re-matched as it learns', slow, async () => {
  const { record, student } = await shortRun(dataset, { matcher: { ...matcher, pairs: 'synchronous' }, excludeSynchronous: true, rematch: { first: 0.5 }, scratch: true })
  expect(record.models.map(({ name }) => name)).toEqual(['teacher', 'matcher', 'student', 'scratch', 'lda', 'template'])
  const of = (name: string) => record.models.find((model) => model.name === name)
  expect(of('student')?.parameters).toBe(of('scratch')?.parameters)
  expect(of('student')?.hash).not.toBe(of('scratch')?.hash)
  expect(student.map(termsOf)).toEqual([[...usual, ...told, 'partners'].sort(), [...usual, ...told, 'pairs changed'].sort()])
  expect(student[0].terms.partners).toBe(1)
  const report = await folderOf(dataset, record).report()
  expect(report.leaks).toEqual([])
  expect(Object.keys(report.systems).sort()).toEqual(['lda', 'scratch', 'student', 'teacher', 'template'])
})

it('with every weight but the task\'s 0 the student is its twin from scratch, bit for bit, and nothing is matched', slow, async () => {
  const { record, student } = await shortRun(dataset, { weights: { task: 1, base: 0, alignment: 0 }, matcher: { ...matcher, pairs: 'none' }, scratch: true })
  const of = (name: string) => folderOf(dataset, record).model(name as 'student', record.models)
  expect((await of('student')).arrays).toEqual((await of('scratch')).arrays)
  expect(student.map(termsOf)).toEqual(Array(2).fill(['identity', 'second head', 'total']))
})

it('paused right after a re-matching, and again in the middle between two, it goes on to the same bits', slow, async () => {
  const change = { matcher: { ...matcher, pairs: 'none' }, rematch: { first: 0.34, step: 0.34 }, student: { ...learner, fit: { ...learner.fit, epochs: 3, minimumSteps: 75 } } }
  const straight = await shortRun(dataset, change)
  expect(straight.student.map(({ terms }) => 'pairs changed' in terms)).toEqual([false, true, true])
  const id = await begin(dataset, shortRecipe(change))
  // Steps of the student's second epoch, which begins with a re-matching.
  for (const steps of [1, 11]) {
    const asked = pausing(steps)
    let second = steps > 1
    const world = { onEpoch: ({ phase, epoch }: RunEpoch) => void (second ||= phase === 'student' && epoch === 1), request: () => (second ? asked.request() : 'go') }
    await expect(execute(dataset, id, world)).rejects.toMatchObject({ code: 'cancelled' })
  }
  const record = await execute(dataset, id)
  expect(hashes(record)).toEqual(hashes(straight.record))
  const reproducible = ({ epoch, terms: { 'matching seconds': _, ...terms } }: RunEpoch) => ({ epoch, terms })
  const epochs = await studentEpochs(dataset, record)
  expect(epochs.map(reproducible)).toEqual(straight.student.map(reproducible))
})

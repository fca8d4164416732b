import { describe, expect, it } from 'vitest'
import type { RunEpoch, RunRecord } from '../../src-main/contract/schemas/learning.ts'
import { curvesOf, mergeEpoch, mergeEpochs, phasesOf } from '../../src-renderer/state/run-curves.ts'
import { arrangeRuns, type RunFilter } from '../../src-renderer/state/run-list.ts'
import { runIds, sampleEpoch, sampleRecipe, sampleReport, sampleRun } from './run-samples.ts'

const [a, b, c] = runIds

describe('curves', () => {
  it('keep phases apart and epochs in order, however they come', () => {
    const told = [sampleEpoch('teacher', 2), sampleEpoch('teacher', 1), sampleEpoch('student', 1), sampleEpoch('teacher', 3)]
    const merged = told.reduce<RunEpoch[]>(mergeEpoch, [])
    expect(merged.map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(['teacher 1', 'teacher 2', 'teacher 3', 'student 1'])
    expect(phasesOf(merged)).toEqual(['teacher', 'student'])
    expect(mergeEpochs(merged, merged)).toEqual(merged)
  })

  it('have the total first, holes where nothing was validated, and the epoch that is kept', () => {
    const epochs = [sampleEpoch('student', 1), sampleEpoch('student', 2, { validation: null, best: false }), sampleEpoch('student', 3, { best: false })]
    const curves = curvesOf(epochs, 'student')
    expect(curves.terms.map(({ name }) => name).slice(0, 2)).toEqual(['total', 'identity'])
    expect(curves.eer.map(({ y }) => y === null)).toEqual([false, true, false])
    expect([curves.best, curves.epochs]).toEqual([1, 16])
  })

  it('leave out what matching told, which is no part of a loss', () => {
    const terms = { total: 2, identity: 1, 'transmission cost': 1, partners: 1, 'pairs changed': 0.2, similarity: 0.7, comparisons: 12_000, 'matching seconds': 0.4 }
    expect(curvesOf([sampleEpoch('student', 1, { terms })], 'student').terms.map(({ name }) => name)).toEqual(['total', 'identity', 'transmission cost'])
  })

  it('do not draw a total that is its only term', () => {
    expect(curvesOf([sampleEpoch('scratch', 1, { terms: { total: 2, identity: 2 } })], 'scratch').terms.map(({ name }) => name)).toEqual(['identity'])
  })
})

describe('the table of runs', () => {
  const all: RunFilter = { text: '', state: 'all', recipe: '', split: '' }
  const at = (day: number) => `2026-01-0${day}T10:00:00.000+01:00`
  const list = [
    sampleRun(a, { name: 'first', seed: 2, createdAt: at(1), seconds: 30 }),
    sampleRun(b, { name: 'second', seed: 10, createdAt: at(2), seconds: 20, recipe: sampleRecipe('lda'), state: 'failed' }),
    sampleRun(c, { name: 'third', seed: 1, createdAt: at(3), seconds: 10, split: { ...sampleRun(a).split, name: 's2' } }),
  ]
  const reports = new Map([[a as string, sampleReport(a, { student: { eer: 0.05, rank1: 0.9 } })], [c as string, sampleReport(c, { student: { eer: 0.03, rank1: 0.8 } })]])
  const ids = (runs: readonly RunRecord[]) => runs.map(({ id }) => id)

  it('is sorted by any column; runs without the figure come last both ways', () => {
    expect(ids(arrangeRuns(list, reports, all, 'created', true))).toEqual([c, b, a])
    expect(ids(arrangeRuns(list, reports, all, 'seed', false))).toEqual([c, a, b])
    expect(ids(arrangeRuns(list, reports, all, 'eer', false))).toEqual([c, a, b])
    expect(ids(arrangeRuns(list, reports, all, 'eer', true))).toEqual([a, c, b])
    expect(ids(arrangeRuns(list, reports, all, 'duration', true))).toEqual([a, b, c])
    expect(ids(arrangeRuns(list, reports, all, 'name', false))).toEqual([a, b, c])
  })

  it('is found by words, state, recipe and split', () => {
    expect(ids(arrangeRuns(list, reports, { ...all, text: 'THI' }, 'created', true))).toEqual([c])
    expect(ids(arrangeRuns(list, reports, { ...all, state: 'failed' }, 'created', true))).toEqual([b])
    expect(ids(arrangeRuns(list, reports, { ...all, recipe: 'thkd', split: 's1' }, 'created', true))).toEqual([a])
    expect(arrangeRuns(list, reports, { ...all, text: 'first second' }, 'created', true)).toEqual([])
  })
})

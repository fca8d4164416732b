import { render } from 'svelte/server'
import { describe, expect, it, vi } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import { CoverageReason } from '../../src-main/contract/schemas/coverage.ts'
import type { Recipe } from '../../src-main/contract/schemas/learning.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { TrainingState } from '../../src-renderer/state/training.svelte.ts'
import { en } from '../../src-renderer/strings/en.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'
import CoveragePane from '../../src-renderer/views/train/CoveragePane.svelte'
import { reasonWords, sessionsOf } from '../../src-renderer/views/train/coverage-words.ts'
import { coverageOf } from './coverage-samples.ts'
import { FakeLab, type FakeHandlers } from './fake-lab.ts'
import { sampleCheck, sampleRecipe } from './run-samples.ts'

async function setUp(handlers: FakeHandlers = {}) {
  const lab = new FakeLab({
    'learning.recipe': ({ recipe }) => sampleRecipe(recipe), 'learning.engines': () => [], 'runs.check': ({ recipe }) => sampleCheck(recipe as Recipe),
    'splits.get': () => {
      throw new LabError('split-not-found', 'None.')
    },
    'splits.coverage': ({ name, student = 'ppg' }) => coverageOf(name, student), ...handlers,
  })
  const connection = new Connection(() => Promise.resolve(lab))
  await connection.start()
  const training = new TrainingState(connection)
  training.split = 's1'
  return { lab, training }
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('what the signals of a split allow', () => {
  it('is asked once for a recipe of two signals, again for another student’s signal, and never for one', async () => {
    const { lab, training } = await setUp()
    training.edit(sampleRecipe('thkd'))
    await settled()
    expect(lab.inputs('splits.coverage')).toEqual([])
    training.edit(sampleRecipe('fusion'))
    training.edit(sampleRecipe('clip'))
    await settled()
    expect(lab.inputs('splits.coverage')).toEqual([{ name: 's1', student: 'ppg' }])
    training.set('windows.lane', 'ecg')
    await settled()
    expect(training.coverage?.student).toBe('ecg')
    training.edit(sampleRecipe('lda'))
    expect(training.coverage).toBeNull()
  })

  it('keeps nobody from training when it cannot be told', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { training } = await setUp({
      'splits.coverage': () => {
        throw new LabError('internal-error', 'No.')
      },
    })
    training.edit(sampleRecipe('fusion'))
    await settled()
    expect([training.coverage, training.ready]).toEqual([null, true])
    expect(warned).toHaveBeenCalledOnce()
    warned.mockRestore()
  })

  it('has words for every reason in both languages, with its numbers', () => {
    for (const t of [en, zhCN]) {
      const words = CoverageReason.shape.code.options.map((code) => reasonWords({ code, blocks: true, lane: 'ppg', subjects: 3, of: 12 }, { student: 'ppg', teacher: 'ecg' }, t, new Format('en')))
      expect(new Set(words).size).toBe(words.length)
      for (const text of words) expect(text).not.toMatch(/undefined/)
    }
    expect(reasonWords({ code: 'without-teacher', blocks: false, lane: 'ecg', subjects: 3, of: 12 }, { student: 'ppg', teacher: 'ecg' }, en, new Format('en'))).toBe('3 of 12 people have no ECG: they learn from labels alone.')
  })

  it('is shown by recipe, by role, and by person and session in order of time', () => {
    language.locale = 'en'
    const coverage = coverageOf('s1', 'ppg')
    expect(sessionsOf(coverage)).toEqual(['2026-03-01', '2026-03-02'])
    const text = render(CoveragePane, { props: { coverage } }).body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
    const train = en.splits.roles.train
    for (const part of ['Multi-modality cannot be trained', 'None of 12 people who train has both signals of one moment.', 'CLIP alignment can be trained', `S001 ECG 1 ${train} ECG 1 PPG 1 ${train} · 1 together`, `S002 PPG 2 ${train}`]) expect(text).toContain(part)
  })
})

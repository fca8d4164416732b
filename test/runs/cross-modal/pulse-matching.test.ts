import { afterAll, beforeAll, expect, it } from 'vitest'
import { LabError, WindowOptions, type SembridgeRecipe } from '../../../src-main/contract/index.ts'
import type { WindowSet } from '../../../src-main/learning/data/window-set.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { loadEngine } from '../../../src-main/learning/engine/load-engine.ts'
import { teacherPhase } from '../../../src-main/learning/recipes/teacher.ts'
import { fitPhase } from '../../../src-main/learning/training/fit.ts'
import { planBridgedStudent, planMatcher } from '../../../src-main/runs/cross-modal/sembridge-models.ts'
import type { StoredModel } from '../../../src-main/runs/embedding-models.ts'
import { epochsOf } from '../../../src-main/runs/fit-models.ts'
import { settingOf } from '../../../src-main/runs/planned-models.ts'
import type { RunData } from '../../../src-main/runs/run-data.ts'
import { batchSource, type TrainingData } from '../../../src-main/runs/training-data.ts'
import { zScored } from '../../../src-main/signal/segmentation.ts'
import { filterZeroPhase, ppgBandPass } from '../../../src-main/signal/zero-phase.ts'
import { untrained } from '../../learning/recipes/tiny-phases.ts'
import { ecgAt, noise, pulseAt } from '../../signal/synthetic-heart.ts'
import { pairedRecipe } from './a-paired-lab.ts'
import { planningWith } from './unasked.ts'

const [people, each, seconds] = [4, 40, 4]
const rates = { ecg: 50, ppg: 25 }
let engine: Engine
beforeAll(async () => {
  engine = await loadEngine('onnx', { threads: 1, provider: 'cpu' })
})
afterAll(() => engine.dispose())

interface Made {
  readonly data: TrainingData
  readonly bpm: readonly number[]
}

/** Windows of hearts at 55 to 110 a minute, one modality alone, nothing of the other's time; and how fast each beats. */
function windowsOf(kind: 'ecg' | 'ppg', seed: number): Made {
  const rateHz = rates[kind]
  const length = seconds * rateHz
  const random = noise(seed)
  const bpm = Array.from({ length: people * each }, (_, k) => 55 + 55 * Math.abs(Math.sin(seed * 7.1 + k * 1.37)))
  const samples = new Float32Array(bpm.length * length)
  for (const [k, rate] of bpm.entries()) {
    const times: number[] = []
    for (let at = 0; at < 30; at += (60 / rate) * (1 + 0.04 * Math.sin(times.length * 1.3))) times.push(at)
    const from = 10 + Math.abs(random())
    const wave = Float32Array.from({ length: length + 4 * rateHz }, (_, i) => (kind === 'ecg' ? ecgAt(from + i / rateHz, times) + 0.03 * random() : pulseAt(from + i / rateHz, times) + 40 * random()))
    const filtered = kind === 'ppg' ? Float32Array.from(filterZeroPhase(ppgBandPass(rateHz), wave, { rateHz })) : wave
    samples.set(zScored(filtered.slice(2 * rateHz, 2 * rateHz + length)), k * length)
  }
  const rows = Int32Array.from(bpm.keys())
  const persons = Int32Array.from({ length: people }, (_, person) => person)
  const of = rows.map((row) => Math.floor(row / each))
  const set: WindowSet = {
    rateHz, length, channels: 1, samples, subject: of, recording: of, role: new Uint8Array(rows.length), row: Float64Array.from(rows, (row) => 1000 * row), subjects: Array.from(persons, (person) => `S${person}`), contentHash: '', roles: ['train'],
    recordings: Array.from(persons, (person) => ({ id: `${kind}-${person}`, session: '', subject: person, startedAt: '', rowRateHz: 100 })),
  }
  const none = new Int32Array(0)
  return { bpm, data: { set, training: rows, validation: none, enrolment: none, test: none, classes: { subjects: persons, classOf: persons }, closedSet: true, heldOut: false } }
}

/** Both modalities' windows, and a recipe for them whose matcher learns for a hundred and fifty steps. */
function plannedFor(): { readonly recipe: SembridgeRecipe; readonly run: RunData; readonly ecg: Made; readonly ppg: Made } {
  const [ecg, ppg] = [windowsOf('ecg', 1), windowsOf('ppg', 2)]
  const cut = { mode: 'window', seconds, strideSeconds: seconds } as const
  const network = { preset: 'resnet18-w16', embedding: 32 } as const
  const usual = pairedRecipe('sembridge') as SembridgeRecipe
  const fit = { ...usual.matcher.fit, minimumSteps: 150, rate: 1e-3 }
  const recipe: SembridgeRecipe = {
    ...usual, windows: WindowOptions.parse({ ...cut, lane: 'ppg', rateHz: rates.ppg }), teacherWindows: WindowOptions.parse({ ...cut, lane: 'ecg', rateHz: rates.ecg }),
    matcher: { ...usual.matcher, network: { ...network, patch: null }, projection: 32, fit },
  }
  // What was built on disk is not asked for.
  const built = null as unknown as RunData['built']
  const run: RunData = { windows: recipe.windows, built, data: ppg.data, teacher: { windows: recipe.teacherWindows, built, data: ecg.data, pairs: new Int32Array(ppg.bpm.length).fill(-1), transits: [] } }
  return { recipe, run, ecg, ppg }
}

it('a matcher that saw no pulse but those made of ECG finds, for a real pulse, the same person\'s ECG of about the same rhythm', { timeout: 120_000 }, async () => {
  const { recipe, run, ecg, ppg } = plannedFor()
  const stored = (name: 'teacher' | 'matcher', model: Extract<StoredModel, { kind: 'network' }>['model']): StoredModel => ({ kind: 'network', name, model, use: { windows: recipe.windows, rateHz: 1, length: 1, channels: 1, people: [], scale: 1 } })
  const teacher = stored('teacher', untrained(teacherPhase(recipe.teacher, settingOf(ecg.data))))
  const context = { recipe, run, seed: 3, ...planningWith(engine) }

  const { phase, data } = await planMatcher(recipe, { ...context, before: [teacher] })
  const batches = batchSource(data, phase.fit, 3)
  const world = { engine, request: () => 'go' as const, now: () => 0, memoryBytes: () => 0, onEpoch: () => Promise.resolve(), onProgress: () => undefined, save: () => Promise.resolve() }
  const plan = { phase: { ...phase, fit: { ...phase.fit, epochs: epochsOf(phase.fit, batches) } }, seed: 3, batches, validate: () => Promise.resolve({ eer: null, rank1: null }) }
  const matcher = stored('matcher', (await fitPhase(plan, world)).model)

  const apart = (partners: Int32Array): number => partners.reduce((sum, partner, row) => sum + Math.abs(ecg.bpm[partner] - ppg.bpm[row]), 0) / partners.length
  const pairsBy = async (change: SembridgeRecipe): Promise<Int32Array> => (await planBridgedStudent(change, { ...context, recipe: change, before: [teacher, matcher] })).phase.guidance?.pairs ?? new Int32Array(0)
  const byMatcher = await pairsBy(recipe)
  const byHearts = await pairsBy({ ...recipe, matcher: { ...recipe.matcher, pairs: 'none' } })
  const byChance = apart(byMatcher.map((_, row) => each * Math.floor(row / each) + ((7 * row) % each)))
  for (const pairs of [byMatcher, byHearts]) expect(pairs.every((partner, row) => Math.floor(partner / each) === Math.floor(row / each))).toBe(true)
  expect(byChance).toBeGreaterThan(15)
  expect(apart(byHearts)).toBeLessThan(4)
  expect(apart(byMatcher)).toBeLessThan(0.5 * byChance)
})

it('no pulse can be made of anything but an ECG, nor be matched with anything but PPG; one person alone teaches a matcher nothing', async () => {
  const { recipe, run } = plannedFor()
  const codeOf = async (changed: SembridgeRecipe, of = run): Promise<string> => {
    try {
      await planMatcher(changed, { recipe: changed, run: of, seed: 1, before: [], ...planningWith(engine) })
    } catch (thrown) {
      return LabError.from(thrown).code
    }
    return 'none'
  }
  expect(await codeOf(recipe)).toBe('none')
  expect(await codeOf({ ...recipe, windows: recipe.teacherWindows })).toBe('recipe-invalid')
  expect(await codeOf({ ...recipe, teacherWindows: recipe.windows })).toBe('recipe-invalid')
  // Synchronous pairs of nobody, and of the first person alone.
  const synchronous = { ...recipe, matcher: { ...recipe.matcher, pairs: 'synchronous' as const } }
  const paired = (share: (row: number) => boolean): RunData => ({ ...run, teacher: run.teacher && { ...run.teacher, pairs: run.teacher.pairs.map((_, row) => (share(row) ? row : -1)) } })
  expect(await codeOf(synchronous)).toBe('pairs-missing')
  expect(await codeOf(synchronous, paired((row) => row < each))).toBe('pairs-missing')
  expect(await codeOf(synchronous, paired((row) => row < each + 5))).toBe('none')
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CrossModalReport, RunReport, type FitOptions, type FusionRecipe, type ModelName, type OverlapCell, type RunEpoch } from '../../../src-main/contract/index.ts'
import type { Dataset } from '../../../src-main/dataset/dataset.ts'
import { crossModalSentences } from '../../../src-main/learning/evaluation/cross-modal-sentences.ts'
import type { EmbeddingSet } from '../../../src-main/learning/evaluation/embedding-set.ts'
import { crossModalReport, type CrossModalSetting, type ModelInput } from '../../../src-main/runs/cross-modal/cross-modal-report.ts'
import { evaluateAgain } from '../../../src-main/runs/evaluate-again.ts'
import { crossModalParts } from '../../../src-main/runs/cross-modal/report-section.ts'
import { markupOf } from '../../../src-main/runs/html-parts.ts'
import { reportPage } from '../../../src-main/runs/report-page.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { vennPlot } from '../../../src-main/runs/svg/venn-plot.ts'
import { syntheticInput } from '../../learning/evaluation/synthetic-people.ts'
import { aRecord, aReport, someEpochs } from '../a-report.ts'
import { begin, execute, onnx } from '../a-small-lab.ts'
import { malformations } from '../well-formed.ts'
import { pairedLab, pairedRecipe } from './a-paired-lab.ts'

const people = 12
const beats = 5
const input = (seed: number, noise: number, dimension = 8): ModelInput => syntheticInput({ people, dimension, recordingNoise: 0.3, beatNoise: noise, beats, seed })

/** Windows of the parts as `syntheticInput` has them: validation, then test; enrolment apart. Those of `unpaired` have no partner. */
function setting(inputs: Partial<Record<ModelName, ModelInput>>, { recipe = 'fusion', unpaired = () => false, epochs = [], beatsPerProbe = [5] }: {
  readonly recipe?: 'fusion' | 'clip' | 'sembridge'; readonly unpaired?: (row: number) => boolean; readonly epochs?: readonly RunEpoch[]; readonly beatsPerProbe?: number[]
} = {}): CrossModalSetting {
  const size = people * beats
  const rows = (from: number): Int32Array => Int32Array.from({ length: size }, (_, i) => from + i)
  const parts = { validation: rows(0), test: rows(size) }
  const pairs = Int32Array.from({ length: 2 * size }, (_, row) => (unpaired(row) ? -1 : row))
  const modality = (lane: 'ecg' | 'ppg') => ({ windows: { lane }, data: parts })
  return {
    record: { seed: 3, recipe: pairedRecipe(recipe, { evaluation: { replicates: 200, beatsPerProbe } }) },
    // Of a run this much is looked at.
    run: { ...modality('ppg'), teacher: { ...modality('ecg'), pairs, transits: [] } } as unknown as CrossModalSetting['run'],
    inputs: new Map(Object.entries(inputs) as [ModelName, ModelInput][]), epochs,
  }
}

const only = (input: ModelInput, keep: (row: number) => boolean): ModelInput => {
  const picked = (set: EmbeddingSet): EmbeddingSet => {
    const rows = [...set.subject.keys()].filter(keep)
    return { ...set, vectors: Float32Array.from(rows.flatMap((row) => [...set.vectors.subarray(row * set.dimension, (row + 1) * set.dimension)])), subject: Int32Array.from(rows, (row) => set.subject[row]), recording: Int32Array.from(rows, (row) => set.recording[row]) }
  }
  return { ...input, test: picked(input.test) }
}

describe('the panels', () => {
  it('find a student that became its teacher, and one that did not', () => {
    const [teacher, alone] = [input(1, 0.2), input(2, 0.2)]
    const report = CrossModalReport.parse(crossModalReport(setting({ teacher, fusion: teacher, scratch: alone, student: teacher })))
    expect(report.lanes).toEqual({ teacher: 'ecg', student: 'ppg' })
    expect(report.teachability.teacher).toBe('fusion')
    const [test, validation] = report.teachability.parts
    expect([test.part, validation.part]).toEqual(['test', 'validation'])
    expect(test).toMatchObject({ windows: 60, paired: 60, dimensions: { teacher: 8, student: 8 } })
    expect(test.end?.mmd).toBeCloseTo(0, 12)
    expect(test.end?.cosineDistance).toBeCloseTo(0, 6)
    expect(test.end?.pearson).toBeCloseTo(1, 6)
    expect(test.end?.cka).toBeCloseTo(1, 6)
    expect(test.start?.cosineDistance).toBeGreaterThan(0.8)
    expect(test.start?.cka).toBeLessThan(0.5)
  })

  it('of a teacher with other dimensions know the alignment alone', () => {
    const { teachability } = crossModalReport(setting({ teacher: input(1, 0.2, 12), scratch: input(2, 0.2), student: input(3, 0.2) }, { recipe: 'clip' })) as CrossModalReport
    expect(teachability).toMatchObject({ teacher: 'teacher', parts: [{ dimensions: { teacher: 12, student: 8 }, start: { pearson: null, cosineDistance: null, mmd: null }, end: { pearson: null } }, {}] })
    expect(teachability.parts[0].end?.cka).toBeGreaterThan(0)
  })

  it('give every partner its own window where some have none', () => {
    const teacher = input(1, 0.2)
    const size = people * beats
    const unpaired = (row: number): boolean => row >= size && row % 3 === 0
    // The fusion saw windows with a partner only.
    const fusion = only(teacher, (row) => !unpaired(size + row))
    const { teachability: { parts: [test] }, overlaps: [one] } = crossModalReport(setting({ teacher, fusion, scratch: input(2, 0.2), student: teacher }, { unpaired, beatsPerProbe: [1] })) as CrossModalReport
    expect(test).toMatchObject({ part: 'test', windows: 40, paired: 40 })
    expect(test.end?.mmd).toBeCloseTo(0, 12)
    expect(test.end?.cosineDistance).toBeCloseTo(0, 6)
    // Student and teacher are one model here: had they been given windows of different moments they would not agree on every trial.
    expect(one.kinds.flatMap(({ cells }) => cells).filter(({ student, other, trials }) => student !== other && trials > 0)).toEqual([])
    expect(one.probes).toBe(40)
  })

  it('count what a better student has right, at thresholds of validation, deciding by one beat and by the headline\'s', () => {
    const { overlaps } = crossModalReport(setting({ teacher: input(1, 0.3), scratch: input(2, 2.5), student: input(3, 0.3) })) as CrossModalReport
    expect(overlaps.map(({ beats: each, probes, templates, other }) => [each, probes, templates, other])).toEqual([[1, 60, 12, 'teacher'], [5, 12, 12, 'teacher']])
    const [genuine, impostor] = overlaps[0].kinds
    expect([genuine.trials, impostor.trials]).toEqual([60, 660])
    expect(genuine.cells.reduce((sum, { trials }) => sum + trials, 0)).toBe(60)
    expect(genuine.fixed.trials).toBeGreaterThan(genuine.broken.trials)
    expect(genuine.difference.interval?.low).toBeGreaterThan(0)
    expect(genuine.mcnemarP).toBeLessThan(0.01)
    expect(overlaps[0].thresholds.other?.rule).toBe('validation-eer')
  })

  it('say when thresholds are those of the trials themselves, and compare two alone where the other modality has nothing', () => {
    const without = (of: ModelInput): ModelInput => ({ ...of, validation: null })
    const report = crossModalReport(setting({ scratch: without(input(2, 0.9)), student: without(input(3, 0.9)) }, { recipe: 'sembridge', unpaired: () => true, beatsPerProbe: [1] })) as CrossModalReport
    expect(report.teachability.parts).toEqual([])
    expect(report.overlaps).toHaveLength(1)
    expect(report.overlaps[0]).toMatchObject({ other: null, thresholds: { scratch: { rule: 'own-eer' }, student: { rule: 'own-eer' }, other: null }, kinds: [{ kind: 'genuine', trials: 60, fixed: { otherRight: null } }, { trials: 660 }] })
    expect(crossModalSentences(report, 1).map(({ code }) => code)).toEqual(['nothing-recorded-together', 'trials-fixed', 'trials-fixed', 'thresholds-of-the-test'])
  })

  it('read the assessment and every matching from what was told of the training, once each and in order', () => {
    const told = (epoch: number, terms: Record<string, number>, phase: ModelName = 'student'): RunEpoch => ({ ...someEpochs()[0], phase, epoch, terms: { total: 1, ...terms } })
    const epochs = [
      told(1, { assessed: 0.5, partners: 0.9, similarity: 0.25, comparisons: 900, 'matching seconds': 0.5, 'transmission cost': 3 }), told(2, { assessed: 0.6, 'transmission cost': 2 }), told(4, { assessed: 0.8, 'pairs changed': 0.2 }),
      told(3, { assessed: 0.7 }), told(4, { assessed: 0.9, 'pairs changed': 0.1 }), told(1, { assessed: 0.1, comparisons: 7 }, 'matcher'),
    ]
    const report = crossModalReport(setting({}, { recipe: 'sembridge', epochs })) as CrossModalReport
    expect(report.teachability.assessment).toEqual([{ epoch: 1, rate: 0.5 }, { epoch: 2, rate: 0.6 }, { epoch: 3, rate: 0.7 }, { epoch: 4, rate: 0.9 }])
    expect(report.matching).toEqual([
      { epoch: 1, partners: 0.9, changed: null, similarity: 0.25, comparisons: 900, seconds: 0.5, transmissionCost: 3 }, { epoch: 4, partners: null, changed: 0.1, similarity: null, comparisons: null, seconds: null, transmissionCost: null },
    ])
    expect(crossModalSentences(report, 5)).toContainEqual({ code: 'matching', data: { rounds: 2, changed: 0.1, seconds: 0.5, comparisons: 900 } })
    expect(crossModalReport(setting({}, { epochs: Array.from({ length: 900 }, (_, i) => told(i + 1, { assessed: 0.5 })) }))?.teachability.assessment).toHaveLength(200)
  })
})

/** As `aReport`, of a recipe for two modalities. */
function crossModal(): CrossModalReport {
  const told = Array.from({ length: 3 }, (_, i): RunEpoch => ({ ...someEpochs()[0], epoch: 2 * i + 1, terms: { assessed: 0.311 + 0.1 * i, partners: 0.811 + i / 10, 'pairs changed': 0.9177 / (i + 1), similarity: 0.3519 + i / 10, comparisons: 12_345 + i, 'matching seconds': 1.177 + i, 'transmission cost': 0.4433 + i } }))
  return CrossModalReport.parse(crossModalReport(setting({ teacher: input(1, 0.5), fusion: input(4, 0.4), scratch: input(2, 1.4), student: input(3, 0.7) }, { epochs: told })))
}

describe('the page', () => {
  const report = RunReport.parse({ ...aReport(), crossModal: crossModal() })
  const page = reportPage(aRecord('A run'), report, someEpochs())

  it('is well-formed, and needs nothing from anywhere', () => {
    expect(malformations(page)).toEqual([])
    expect(page.match(/https?:|\/\/[\w.]|\burl\(|\bsrc=|\bhref=|<script|\bon\w+=|\sstyle="/gi)).toBeNull()
    expect(page).toContain('<h2>Across modalities</h2>')
    expect(page.match(/<circle class="curve area/g)).toHaveLength(12)
  })

  it('draws every count inside the circles of who is wrong, and no others', () => {
    for (const other of ['teacher', null]) {
      const cells: OverlapCell[] = [true, false].flatMap((scratch) => [true, false].flatMap((student) => (other === null ? [null] : [true, false]).map((each) => ({ scratch, student, other: each, trials: 0 })))).map((cell, i) => ({ ...cell, trials: 100 + i }))
      const drawn = vennPlot('Trials', cells, other)
      const circles = [...drawn.matchAll(/<circle [^>]*cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"/g)].map((found) => found.slice(1).map(Number))
      const counts = [...drawn.matchAll(/<text class="title" x="([\d.]+)" y="([\d.]+)" dy[^>]*>(\d+)</g)].map((found) => found.slice(1).map(Number))
      expect(counts).toHaveLength(cells.length)
      for (const [x, y, trials] of counts) {
        const { scratch, student, other: third } = cells[trials - 100]
        expect(circles.map(([cx, cy, r]) => Math.hypot(cx - x, cy - y) < r)).toEqual([scratch, student, third].slice(0, circles.length).map((right) => !right))
      }
    }
  })

  it('shows every figure: another one makes another page', () => {
    const shown = (of: CrossModalReport): string => crossModalParts(of, 'window').map(markupOf).join('')
    const [told, all] = [crossModal(), shown(crossModal())]
    const silent = leaves(told).filter(({ path, value }) => {
      // Of no trials nobody is right.
      if (path.at(-1) === 'otherRight' && value === 0) return false
      const other = typeof value === 'number' ? value * 1.7 + 3 : typeof value === 'boolean' ? !value : path.at(-1) === 'rule' ? 'own-eer' : 'changed'
      return shown(withLeaf(told, path, other)) === all
    })
    expect(silent).toEqual([])
  })

  it('is without the section for a recipe of one modality, whose reports stay readable', () => {
    const old = RunReport.parse(JSON.parse(JSON.stringify(aReport())))
    expect(old.crossModal).toBeUndefined()
    expect(reportPage(aRecord('A run'), old, someEpochs())).not.toContain('Across modalities')
  })
})

type Path = readonly (string | number)[]

const leaves = (value: unknown, path: Path = []): { path: Path; value: unknown }[] =>
  value === null || value === undefined ? [] : typeof value === 'object' ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key])) : [{ path, value }]

function withLeaf<T>(root: T, path: Path, value: unknown): T {
  const copy = structuredClone(root)
  let at = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[path[path.length - 1]] = value
  return copy
}

describe('a run', () => {
  let folder: string
  let dataset: Dataset
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pulseprint-panels-'))
    dataset = await pairedLab(folder)
  })
  afterAll(async () => {
    await dataset.close()
    await rm(folder, { recursive: true })
  })

  it('of recipe fusion has the panels in report.json and report.html, and the same when it is evaluated again', { timeout: 120_000 }, async () => {
    const { teacher, encoder, student, fusion } = pairedRecipe('fusion') as FusionRecipe
    const short = <Part extends { fit: FitOptions }>(part: Part): Part => ({ ...part, fit: { ...part.fit, epochs: 1, minimumSteps: 1 } })
    const id = await begin(dataset, pairedRecipe('fusion', { teacher: short(teacher), encoder: short(encoder), student: short(student), fusion: short(fusion) }))
    await execute(dataset, id)
    const run = new RunStore(dataset.files, dataset.path).folder(id)
    const { crossModal: found, sentences } = await run.report()
    expect(found?.teachability).toMatchObject({ teacher: 'fusion', assessment: [], parts: [{ part: 'test', dimensions: { teacher: 16, student: 16 } }, { part: 'validation' }] })
    const [test] = found?.teachability.parts ?? []
    expect(test.windows).toBeGreaterThan(100)
    for (const likeness of [test.start, test.end]) expect(Object.values(likeness ?? { none: null })).not.toContain(null)
    expect(found?.overlaps).toHaveLength(1)
    expect(found?.overlaps[0]).toMatchObject({ beats: 1, other: 'teacher', templates: 4, thresholds: { student: { rule: 'validation-eer' }, other: { rule: 'validation-eer' } } })
    expect(found?.overlaps[0].kinds.map(({ kind, trials }) => [kind, trials])).toEqual([['genuine', test.paired], ['impostor', 3 * test.paired]])
    expect(sentences.map(({ code }) => code)).toEqual(expect.arrayContaining(['teachability', 'trials-fixed']))
    expect(await readFile(join(run.path, 'report.html'), 'utf8')).toContain('Who is wrong where, deciding by 1 window')
    const again = await evaluateAgain(dataset, id, {
      program: 'test', signal: new AbortController().signal, now: () => performance.now(), wallMs: () => Date.now(), onDone: () => undefined, chooseEngine: async () => ({ engine: await onnx(), reasons: [] }),
    })
    expect(again.crossModal?.overlaps).toEqual(found?.overlaps)
  })
})

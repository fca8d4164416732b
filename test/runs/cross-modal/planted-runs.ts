import { Recipe, type ModelName, type SeedComparison, type WindowOptions } from '../../../src-main/contract/index.ts'
import { samplesOf } from '../../../src-main/learning/data/window-rows.ts'
import type { WindowSet } from '../../../src-main/learning/data/window-set.ts'
import type { Engine } from '../../../src-main/learning/engine/engine.ts'
import { selectRows } from '../../../src-main/learning/evaluation/embedding-set.ts'
import { evaluate, type EvaluatedSystem } from '../../../src-main/learning/evaluation/evaluate.ts'
import { holm } from '../../../src-main/learning/evaluation/holm.ts'
import { comparePairedSeeds } from '../../../src-main/learning/evaluation/paired-seeds.ts'
import { fitPhase } from '../../../src-main/learning/training/fit.ts'
import { makeEmbedder, type StoredModel } from '../../../src-main/runs/embedding-models.ts'
import { epochsOf } from '../../../src-main/runs/fit-models.ts'
import { fittedAmong } from '../../../src-main/runs/frozen-answers.ts'
import { modelsOf, planModel } from '../../../src-main/runs/planned-models.ts'
import { pairing, type Modality, type RunData } from '../../../src-main/runs/run-data.ts'
import { batchSource, embeddingSet, trainingData } from '../../../src-main/runs/training-data.ts'
import { ppgRateHz, windowLength, type PlantedSet, type Situation } from '../../learning/recipes/planted-set.ts'
import { planningWith } from './unasked.ts'

export type CrossModal = 'fusion' | 'clip' | 'sembridge'
export const crossModal: readonly CrossModal[] = ['fusion', 'clip', 'sembridge']

const fitOf = (minimumSteps: number) => ({
  epochs: 1, minimumSteps, people: 30, windowsPerPerson: 2, rate: 5e-3, weightDecay: 1e-3, schedule: { kind: 'cosine', warmUp: 0.1, floor: 0.05 }, augmentation: { shiftMs: 0, amplitude: 0.1, noise: 0.3 },
})
/** One patch as long as the window: where a wave lies in the window is what tells the person from the stranger, and a network that averages over time cannot see it. */
const network = { preset: 'deit-micro', embedding: 16, patch: windowLength }
const margin = { scale: 16, margin: 0 }

/** Weights that a person would set: a gain where there is one to be had, and no harm where there is none. And much more than that, for what must hurt. */
const teaching = {
  fusion: (times: number) => ({ distillation: { kl: { weight: times, temperature: 0.1 } } }),
  clip: (times: number) => ({ distillation: { logit: { weight: 0.15 * times, temperature: 1.6, scale: 16 }, relation: { weight: 0.015 * times }, assessment: { weight: 0.1 * times, temperature: 1.6, scale: 16 } } }),
  sembridge: (times: number) => ({ base: { form: 'kd', temperature: 1.6, scale: 16 }, weights: { task: 1, base: 0.25 * times, alignment: 0 } }),
} as const

/** The smallest network there is, trained for a second or two. `times`: how much more than usual the teacher counts; `effort`: of the usual steps. */
export function plantedRecipe(recipe: CrossModal, { times = 1, effort = 1 }: { readonly times?: number; readonly effort?: number } = {}): Recipe {
  const windows = { mode: 'window', seconds: windowLength / ppgRateHz, strideSeconds: windowLength / ppgRateHz, rateHz: ppgRateHz }
  const fit = (steps: number) => fitOf(Math.round(effort * steps))
  const encoder = (steps: number) => ({ network, fit: fit(steps), margin, triplet: {} })
  const own = {
    // The encoder is there for the fusion alone, which is to look at the ECG.
    fusion: { encoder: encoder(25), fusion: { embedding: 16, fit: fit(110), margin } },
    clip: { alignment: { network, projection: 16, fit: fit(150) } },
    sembridge: { matcher: { pairs: 'synchronous', network, projection: 16, fit: fit(100) } },
  }
  return Recipe.parse({
    recipe, holdOut: 0.25, evaluation: { replicates: 1000, beatsPerProbe: [1] }, windows: { ...windows, lane: 'ppg' }, teacherWindows: { ...windows, lane: 'ecg' }, teacher: encoder(190),
    student: { network, fit: fit(190), margin }, ...own[recipe], ...teaching[recipe](times),
  })
}

const subjectDisjoint = { options: { strategy: 'subject-disjoint', subjectDisjoint: true } } as Parameters<typeof trainingData>[1]
const nothingLeftOut = { recordings: [], total: { wanted: 0, kept: 0, edge: 0, missing: 0, flat: 0, lowQuality: 0, moved: 0, outliers: 0, tooFew: 0 }, failedToAcquire: [] }

/** The planted windows, as a run has those that it cuts. */
function plantedRun({ ppg, ecg }: PlantedSet, recipe: Recipe): RunData {
  if (!('teacherWindows' in recipe)) throw new RangeError(`${recipe.recipe} has no teacher of another modality`)
  const modality = (windows: WindowOptions, set: WindowSet, side: 'teacher' | 'student'): Modality => ({
    windows, built: { set, report: nothingLeftOut, cached: false }, data: trainingData(set, subjectDisjoint, recipe, null, side),
  })
  return { ...modality(recipe.windows, ppg, 'student'), teacher: { ...modality(recipe.teacherWindows, ecg, 'teacher'), ...pairing(recipe, ecg, ppg) } }
}

/** One network, fitted by the code that fits it in a run. Of one recording a person there is no validation across recordings: the last epoch counts. */
async function fitted(name: ModelName, recipe: Recipe, run: RunData, before: readonly StoredModel[], seed: number, engine: Engine): Promise<StoredModel> {
  const { phase, data, windows } = await planModel(name, { recipe, run, before, seed, ...planningWith(engine) })
  const batches = batchSource(data, phase.fit, seed)
  const { model } = await fitPhase(
    { phase: { ...phase, fit: { ...phase.fit, epochs: epochsOf(phase.fit, batches) } }, seed, batches, validate: () => Promise.resolve({ eer: null, rank1: null }) },
    { engine, request: () => 'go', now: () => 0, memoryBytes: () => 0, onEpoch: () => Promise.resolve(), onProgress: () => undefined, save: () => Promise.resolve() },
  )
  const { rateHz, length, channels } = data.set
  return { kind: 'network', name, use: { windows, rateHz, length, channels, people: [], scale: phase.margin.scale }, model }
}

/** Unit-length vectors of all PPG windows, judged on the test people: single windows against templates of the other day. */
export function judged({ ppg }: PlantedSet, dimension: number, vectors: Float32Array, seed: number, replicates = 1000): EvaluatedSystem {
  const all = embeddingSet(ppg, Int32Array.from(ppg.subject.keys()), vectors, 'test')
  const of = (role: 'enrol' | 'test') => ({ ...selectRows({ ...all, dimension }, [...ppg.role.keys()].filter((row) => ppg.roles[ppg.role[row]] === role)), role })
  return evaluate(
    {
      subjects: ppg.subjects, recordings: ppg.recordings, enrol: of('enrol'), test: of('test'), validation: null, cohort: null, logits: null, scale: margin.scale, normalisation: { kind: 'none', subtractMean: false },
      failureToAcquire: null,
    },
    { beats: [1], replicates, seed },
  )
}

/** What is made of the PPG alone, which is the same in all situations of a seed: made once. */
export interface OfPpgAlone {
  readonly models: Map<string, StoredModel>
  scratch: EvaluatedSystem | null
}

export const nothingYet = (): OfPpgAlone => ({ models: new Map<string, StoredModel>(), scratch: null })

/** Student and scratch of one recipe on one planted set. `known`: of this seed; this call adds to it. */
export async function plantedPair(
  set: PlantedSet, recipe: Recipe, { seed, engine, known, replicates }: { readonly seed: number; readonly engine: Engine; readonly known: OfPpgAlone; readonly replicates?: number },
): Promise<{ readonly student: EvaluatedSystem; readonly scratch: EvaluatedSystem }> {
  const run = plantedRun(set, recipe)
  const models: StoredModel[] = []
  for (const name of modelsOf(recipe).filter((one) => one !== 'lda' && one !== 'template')) {
    const ofPpgAlone = name === 'encoder' || name === 'scratch'
    const model = (ofPpgAlone ? known.models.get(name) : undefined) ?? (await fitted(name, recipe, run, models, seed, engine))
    if (ofPpgAlone) known.models.set(name, model)
    models.push(model)
  }
  const evaluated = async (name: ModelName): Promise<EvaluatedSystem> => {
    const embedder = await makeEmbedder(fittedAmong(models, name), engine)
    try {
      const { dimensions, embeddings } = await embedder.embed(samplesOf(set.ppg, Int32Array.from(set.ppg.subject.keys())))
      return judged(set, dimensions, embeddings, seed, replicates)
    } finally {
      embedder.dispose()
    }
  }
  known.scratch ??= await evaluated('scratch')
  return { student: await evaluated('student'), scratch: known.scratch }
}

export interface SituationFigures {
  readonly situation: Situation
  /** EER of single windows, one a seed. */
  readonly student: readonly number[]
  readonly scratch: readonly number[]
}

export type Verdict = 'better' | 'worse' | 'no-significant-difference'

/** Paired over the seeds, p corrected (Holm) over the situations: what a report says of several seeds. */
export function verdicts(figures: readonly SituationFigures[]): (Pick<SeedComparison, 'meanDifference' | 'interval' | 'p' | 'dz'> & { readonly situation: Situation; readonly adjustedP: number; readonly verdict: Verdict })[] {
  const compared = figures.map(({ student, scratch }) => comparePairedSeeds(student, scratch))
  const adjusted = holm(compared.map(({ p }) => p ?? 1))
  return compared.map(({ meanDifference, interval, p, dz }, i) => ({
    situation: figures[i].situation, meanDifference, interval, p, dz, adjustedP: adjusted[i], verdict: adjusted[i] >= 0.05 ? 'no-significant-difference' : meanDifference < 0 ? 'better' : 'worse',
  }))
}

export const eerOf = ({ evaluation }: EvaluatedSystem): number => evaluation.byBeats[0].eer.value ?? Number.NaN

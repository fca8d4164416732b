import { RunReport, type DatasetSplit, type ModelName, type RunEpoch, type RunLeakFacts, type RunRecord, type SplitRole } from '../contract/index.ts'
import { isSubjectDisjoint } from '../curation/split-roles.ts'
import { windowsOf } from '../learning/data/window-rows.ts'
import type { Engine } from '../learning/engine/engine.ts'
import { compareSystems } from '../learning/evaluation/compare.ts'
import { crossModalSentences } from '../learning/evaluation/cross-modal-sentences.ts'
import type { EmbeddingSet } from '../learning/evaluation/embedding-set.ts'
import { evaluate, type EvaluationInput, type SystemReplicates } from '../learning/evaluation/evaluate.ts'
import { nShot, usualShots } from '../learning/evaluation/n-shot.ts'
import { reportSentences } from '../learning/evaluation/report-sentences.ts'
import { checkRunLeaks } from '../learning/evaluation/run-leak-checks.ts'
import type { ClassScores } from '../learning/evaluation/temperature.ts'
import { crossModalModels, crossModalReport, type ModelInput } from './cross-modal/cross-modal-report.ts'
import { makeEmbedder, type Embedder, type StoredModel } from './embedding-models.ts'
import { answersTo, type FrozenAnswers } from './frozen-answers.ts'
import { paced, partOf, type Pace } from './pace.ts'
import { fixThresholds, type Thresholds } from './fixed-thresholds.ts'
import { measureLatency } from './latency.ts'
import { testData } from './planned-models.ts'
import type { RunData } from './run-data.ts'
import { embeddingSet, thinnedRows, type TrainingData } from './training-data.ts'

export interface EvaluationSetting {
  readonly record: RunRecord
  readonly split: DatasetSplit
  readonly run: RunData
  readonly models: readonly StoredModel[]
  readonly engine: Engine
  readonly frozen: FrozenAnswers
  readonly program: string
  readonly evaluatedAt: string
  readonly failureToAcquire: EvaluationInput['failureToAcquire']
  /** What was told of the training. */
  readonly epochs: readonly RunEpoch[]
  now(): number
  onProgress(done: number): void
  /** From which plain cosine on two are one person: what enrolled people are compared by (fixed-thresholds.ts). */
  onThresholds(model: ModelName, thresholds: Thresholds | null): void
  /** Of every model on the same draws of people. */
  onReplicates(systems: ReadonlyMap<ModelName, SystemReplicates>): Promise<void>
}

/** Cohort people need no more windows than this to have a mean. */
const mostCohortWindows = 20_000

/** Luck of the enrolment windows, and of the people: enough for intervals of two digits in some two seconds per model. */
const nShotEffort = { draws: 20, replicates: 200 }

/** Every model on the same test, with the same draws of subjects: what goes into report.json. */
export async function evaluateRun(setting: EvaluationSetting): Promise<RunReport> {
  const { record, split, run, models, engine } = setting
  const systems: RunReport['systems'] = {}
  const replicates = new Map<ModelName, SystemReplicates>()
  const inputs = new Map<ModelName, ModelInput>()
  for (const [place, stored] of models.entries()) {
    // Embedding takes the first half of a model's time; it is told of and heard in between.
    const pace = partOf(paced((done) => setting.onProgress((place + done) / models.length)), 0, 0.5)
    const data = await testData(stored.name, setting, partOf(pace, 0, 0.2))
    if (data === null) continue
    const embedder = await makeEmbedder(stored, engine)
    try {
      const input = await evaluationInput(data, setting.failureToAcquire, stored, { embedder, pace: partOf(pace, 0.2, 1) })
      if (run.teacher && crossModalModels.has(stored.name)) inputs.set(stored.name, { enrol: input.enrol, test: input.test, validation: input.validation, recordings: input.recordings })
      setting.onThresholds(stored.name, fixThresholds(input.validation, input.enrol, input.recordings, beatsOf(record)))
      const { evaluation, replicates: draws } = evaluate(input, { beats: beatsOf(record), replicates: record.recipe.evaluation.replicates, seed: record.seed })
      replicates.set(stored.name, draws)
      const made = record.models.find(({ name }) => name === stored.name)
      systems[stored.name] = {
        evaluation, modelHash: made?.hash ?? null,
        figures: made ? { parameters: made.parameters, macs: made.macs, latencyMs: await measureLatency(stored, engine, setting.now) } : null,
        ...(run.teacher ? { nShot: nShot({ ...input, seen: new Set(data.classes.subjects) }, { ...nShotEffort, shots: usualShots, beats: beatsOf(record), seed: record.seed }) } : {}),
      }
    } finally {
      embedder.dispose()
    }
    setting.onProgress((place + 1) / models.length)
  }
  // A modality that some people do not have is tested on fewer of them, or on nobody: what was not tested on the same people is not compared.
  const peopleOf = (name: ModelName): string | undefined => replicates.get(name)?.subjects.join()
  await setting.onReplicates(replicates)
  const comparisons = compareSystems(replicates, pairsOf(models.map(({ name }) => name)).filter(([system, reference]) => peopleOf(system) !== undefined && peopleOf(system) === peopleOf(reference)))
  const leaks = checkRunLeaks(leakFacts(run, split, models))
  const crossModal = crossModalReport({ record, run, inputs, epochs: setting.epochs })
  return RunReport.parse({
    formatVersion: 1,
    run: record.id,
    facts: {
      recipe: record.recipe.recipe, version: record.split.version, versionHash: record.split.versionHash, split: record.split.name, splitHash: record.split.hash, strategy: split.options.strategy,
      windowsHash: run.data.set.contentHash, program: setting.program, engine: { engine: engine.name, provider: engine.provider, threads: engine.threads, version: engine.version },
      processor: record.environment?.processor ?? '', seeds: [record.seed], evaluatedAt: setting.evaluatedAt,
    },
    systems, comparisons, seedComparisons: [], leaks,
    sentences: [...reportSentences({ systems, comparisons, leaks }), ...(crossModal ? crossModalSentences(crossModal, beatsOf(record)[0]) : [])],
    crossModal,
  })
}

const beatsOf = ({ recipe }: RunRecord): readonly number[] => recipe.evaluation.beatsPerProbe

/** Who is compared with whom: the student with its twin, its teacher, and everybody with the classical baseline. */
function pairsOf(names: readonly ModelName[]): [ModelName, ModelName][] {
  const wanted: [ModelName, ModelName][] = [['student', 'scratch'], ['student', 'teacher'], ['student', 'fusion'], ['student', 'encoder'], ['fusion', 'encoder'], ['student', 'lda'], ['teacher', 'lda'], ['scratch', 'lda'], ['lda', 'template']]
  return wanted.filter(([system, reference]) => names.includes(system) && names.includes(reference))
}

async function evaluationInput(data: TrainingData, failureToAcquire: EvaluationSetting['failureToAcquire'], stored: StoredModel, { embedder, pace }: { readonly embedder: Embedder; readonly pace: Pace }): Promise<EvaluationInput> {
  const { set } = data
  let parts = 0
  const embed = async (rows: Int32Array, role: SplitRole): Promise<{ embeddings: EmbeddingSet; cosines: Float32Array }> => {
    const answers = await answersTo(embedder, set, rows, partOf(pace, parts / 4, ++parts / 4))
    return { embeddings: embeddingSet(set, rows, answers.embeddings, role), cosines: answers.cosines }
  }
  const test = await embed(data.test, 'test')
  const validation = data.validation.length > 0 ? await embed(data.validation, 'validation') : null
  // People of the test must not be their own cohort.
  const strangers = data.closedSet ? new Int32Array(0) : thinnedRows(windowsOf(set, ['train']), mostCohortWindows)
  const logitsOf = (rows: Int32Array, cosines: Float32Array): ClassScores | null => classScores(data, rows, cosines)
  const testLogits = data.closedSet ? logitsOf(data.test, test.cosines) : null
  return {
    subjects: set.subjects,
    recordings: set.recordings,
    enrol: (await embed(data.enrolment, 'enrol')).embeddings,
    test: test.embeddings,
    validation: validation?.embeddings ?? null,
    cohort: strangers.length > 0 ? (await embed(strangers, 'train')).embeddings : null,
    logits: testLogits && { test: testLogits, validation: validation && logitsOf(data.validation, validation.cosines) },
    scale: stored.use.scale,
    normalisation: { kind: 'as-norm', subtractMean: true },
    failureToAcquire,
  }
}

/** What the classifier head says of windows of people it knows; `null` when there are none, or the model has no head. */
function classScores({ set, classes }: TrainingData, rows: Int32Array, cosines: Float32Array): ClassScores | null {
  const people = classes.subjects.length
  if (cosines.length === 0) return null
  const known = [...rows.keys()].filter((place) => classes.classOf[set.subject[rows[place]]] >= 0)
  if (known.length === 0) return null
  const picked = new Float32Array(known.length * people)
  known.forEach((place, to) => picked.set(cosines.subarray(place * people, (place + 1) * people), to * people))
  return { cosines: picked, classes: people, label: Int32Array.from(known, (place) => classes.classOf[set.subject[rows[place]]]) }
}

/** What the models that taught had seen: of which kind each counts for recognition.md C4, check 9. */
const teaching: Partial<Record<ModelName, RunLeakFacts['teachers'][number]['kind']>> = { teacher: 'teacher', encoder: 'teacher', fusion: 'fusion-teacher', alignment: 'pairs', matcher: 'gallery' }

function leakFacts({ data, teacher }: RunData, split: DatasetSplit, models: readonly StoredModel[]): RunLeakFacts {
  const roles = (of: TrainingData): SplitRole[] => [...new Set(Array.from(of.training, (row) => of.set.roles[of.set.role[row]]))]
  const sources = (name: ModelName): TrainingData[] => (teacher === null ? [data] : name === 'teacher' ? [teacher.data] : name === 'fusion' || name === 'alignment' || name === 'matcher' ? [data, teacher.data] : [data])
  const role: SplitRole | null = data.validation.length > 0 ? 'validation' : null
  const tested = testedStretches(data)
  return {
    fitted: models.filter(({ kind }) => kind !== 'template').map(({ name }) => ({ what: name, roles: [...new Set(sources(name).flatMap(roles))] })),
    chosen: ['epoch', 'threshold', 'temperature'].map((what) => ({ what, role })),
    teachers: models.flatMap(({ name }) => {
      const kind = teaching[name]
      return kind ? [{ name, kind, ...seen(sources(name).map((of) => [of, of.training] as const), tested) }] : []
    }),
    test: seen([[data, data.test]], tested),
    subjectDisjoint: isSubjectDisjoint(split.options),
  }
}

/** From the first to behind the last row that is tested, by recording. */
type Stretches = ReadonlyMap<string, { readonly from: number; readonly to: number }>

function stretchOf({ set }: TrainingData, row: number): { id: string; from: number; to: number } {
  const { id, rowRateHz } = set.recordings[set.recording[row]]
  return { id, from: set.row[row], to: set.row[row] + (set.length / set.rateHz) * rowRateHz }
}

function testedStretches(data: TrainingData): Stretches {
  const stretches = new Map<string, { from: number; to: number }>()
  for (const row of data.test) {
    const { id, from, to } = stretchOf(data, row)
    const before = stretches.get(id)
    stretches.set(id, { from: Math.min(from, before?.from ?? from), to: Math.max(to, before?.to ?? to) })
  }
  return stretches
}

/**
 * Whom these windows are of, and which recordings. A split may test the end of a recording whose beginning is learnt: of a recording that is tested only windows that reach into what is tested count.
 */
function seen(windows: readonly (readonly [TrainingData, Int32Array])[], tested: Stretches): { subjects: string[]; recordings: string[] } {
  const subjects = new Set<string>()
  const recordings = new Set<string>()
  for (const [of, rows] of windows) {
    for (const row of rows) {
      subjects.add(of.set.subjects[of.set.subject[row]])
      const { id, from, to } = stretchOf(of, row)
      const test = tested.get(id)
      if (test === undefined || (from < test.to && to > test.from)) recordings.add(id)
    }
  }
  return { subjects: [...subjects], recordings: [...recordings] }
}

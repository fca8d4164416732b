import { z } from 'zod'
import { LaneKind } from './device.ts'

/** Best first: the order in which they are tried. */
export const EngineName = z.enum(['onnx', 'tensorflow', 'wasm', 'cpu'])
export type EngineName = z.infer<typeof EngineName>

/** One engine as found on this computer. */
export const EngineStatus = z.object({
  name: EngineName,
  available: z.boolean(),
  /** Why not. */
  reason: z.string().nullable(),
  version: z.string().nullable(),
  threads: z.number().int().nullable(),
  providers: z.array(z.string()),
  /** Largest relative difference from the reference in the self-check; `null` when it did not get that far. */
  selfCheckError: z.number().nullable(),
})
export type EngineStatus = z.infer<typeof EngineStatus>

/** What a run computes on. `auto`: the first engine that works. */
export const EngineChoice = z.strictObject({
  engine: z.enum(['auto', ...EngineName.options]).default('auto'),
  /** Execution provider of the onnx engine. */
  provider: z.enum(['auto', 'cpu', 'cuda', 'dml', 'webgpu', 'coreml']).default('auto'),
  /** `null`: as many as this computer has cores, one less while a recording goes on. */
  threads: z.number().int().min(1).max(256).nullable().default(null),
})
export type EngineChoice = z.infer<typeof EngineChoice>

/** How recordings become windows: recognition.md A0.2-A0.4. Part of what a run is. */
export const WindowOptions = z.strictObject({
  lane: LaneKind.extract(['ecg', 'ppg']).default('ecg'),
  /** Which of a recording's lanes of that kind, from 0 (ECG-ID: 0 raw, 1 filtered); `null`: the one with the most usable seconds. */
  channel: z.number().int().min(0).max(63).nullable().default(null),
  /** Layer whose beats are taken; `null`: the detectors'. */
  annotator: z.string().nullable().default(null),
  mode: z.enum(['beat', 'summary-beat', 'window']).default('beat'),
  rateHz: z.number().positive().max(4000).default(250),
  filtered: z.boolean().default(true),
  /** `window`: length and stride, s. */
  seconds: z.number().positive().max(60).default(5),
  strideSeconds: z.number().positive().max(60).default(2.5),
  /** `summary-beat`: beats per group. */
  beatsPerGroup: z.number().int().min(2).max(60).default(6),
  /** The transient at the beginning of a recording, s. */
  dropFirstSeconds: z.number().min(0).max(60).default(1.5),
  /** Beats less like their recording's median beat are left out, but never below three; `null`: none is. */
  minimumCorrelation: z.number().min(-1).max(1).nullable().default(0.5),
})
export type WindowOptions = z.infer<typeof WindowOptions>

export const NetworkPreset = z.enum(['resnet34-w64', 'resnet34-w32', 'resnet18-w64', 'resnet18-w32', 'resnet18-w16', 'deit-tiny', 'deit-mini', 'deit-micro'])
export type NetworkPreset = z.infer<typeof NetworkPreset>

export const NetworkOptions = z.strictObject({
  preset: NetworkPreset,
  /** Dimensions of the embedding. */
  embedding: z.number().int().min(8).max(2048).default(256),
  /** Samples per patch of a DeiT; `null`: as fits the window. */
  patch: z.number().int().min(2).max(512).nullable().default(null),
})
export type NetworkOptions = z.infer<typeof NetworkOptions>

export const Schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cosine'), warmUp: z.number().min(0).max(0.5).default(0.05), floor: z.number().min(0).max(1).default(0) }),
  z.strictObject({ kind: z.literal('exponential'), warmUp: z.number().min(0).max(0.5).default(0.05), floor: z.number().positive().max(1).default(5e-4) }),
  z.strictObject({
    kind: z.literal('plateau'), warmUp: z.number().min(0).max(0.5).default(0.05), patience: z.number().int().min(1).max(100).default(2), factor: z.number().positive().max(1).default(0.5),
  }),
])
export type Schedule = z.infer<typeof Schedule>

/** How one network is fitted. */
export const FitOptions = z.strictObject({
  epochs: z.number().int().min(1).max(2000),
  /** Little data makes short epochs: there are as many of them as so many steps take. */
  minimumSteps: z.number().int().min(0).max(1_000_000).default(0),
  /** Batch-by-identity: P people x K windows, a person's windows from two or more recordings. */
  people: z.number().int().min(2).max(256),
  windowsPerPerson: z.number().int().min(2).max(64),
  optimizer: z.enum(['adamw', 'sgd']).default('adamw'),
  rate: z.number().positive().max(10),
  weightDecay: z.number().min(0).max(1),
  schedule: Schedule,
  /** Gradients longer than this are shortened to it; `null`: not. */
  clipNorm: z.number().positive().nullable().default(5),
  /** Exponential moving average of the weights, used for validation and as the result; `null`: none. */
  averageDecay: z.number().min(0.5).max(0.99999).nullable().default(null),
  /** Epochs without a better validation value after which it stops; `null`: never. */
  patience: z.number().int().min(1).max(1000).nullable().default(null),
  augmentation: z.strictObject({
    shiftMs: z.number().min(0).max(500).default(16),
    /** Parts of the amplitude, and of the standard deviation. */
    amplitude: z.number().min(0).max(1).default(0.1),
    noise: z.number().min(0).max(2).default(0.05),
  }),
})
export type FitOptions = z.infer<typeof FitOptions>

/** Additive angular margin (ArcFace): recognition.md A0.6. */
export const MarginOptions = z.strictObject({
  scale: z.number().positive().max(256).default(32),
  margin: z.number().min(0).max(1.5).default(0.2),
})
export type MarginOptions = z.infer<typeof MarginOptions>

export const TeacherOptions = z.strictObject({
  network: NetworkOptions,
  fit: FitOptions,
  margin: MarginOptions,
  triplet: z.strictObject({ weight: z.number().min(0).max(100).default(1), margin: z.number().min(0).max(2).default(0.3), form: z.enum(['hinge', 'softplus']).default('hinge') }),
})
export type TeacherOptions = z.infer<typeof TeacherOptions>

/** The levels of THKD's hierarchical loss, each of which can be weighted and switched off (weight 0): recognition.md A1. */
export const DistillationOptions = z.strictObject({
  /** The student's own task gets 1 - weight. */
  logit: z.strictObject({ form: z.enum(['soft', 'hard']).default('soft'), weight: z.number().min(0).max(1).default(0.5), temperature: z.number().positive().max(100).default(1), scale: z.number().positive().max(256).default(16) }),
  stage: z.strictObject({
    form: z.enum(['exit-heads', 'tokens', 'relations']).default('exit-heads'),
    weight: z.number().min(0).max(10_000).default(1),
    /** Of stages 1-4. */
    stageWeights: z.tuple([z.number().min(0), z.number().min(0), z.number().min(0), z.number().min(0)]).default([0.25, 0.25, 0.25, 0.25]),
    gamma: z.number().min(0.5).max(3).default(1.5),
  }),
  embedding: z.strictObject({ weight: z.number().min(0).max(1000).default(1) }),
  relation: z.strictObject({ weight: z.number().min(0).max(1000).default(0.1), distance: z.number().min(0).default(25), angle: z.number().min(0).default(50) }),
})
export type DistillationOptions = z.infer<typeof DistillationOptions>

export const StudentOptions = z.strictObject({
  network: NetworkOptions,
  fit: FitOptions,
  margin: MarginOptions,
  distillation: DistillationOptions,
})
export type StudentOptions = z.infer<typeof StudentOptions>

export const EvaluationOptions = z.strictObject({
  /** Beats of a decision; 0 means all of a recording. */
  beatsPerProbe: z.array(z.number().int().min(0).max(1000)).min(1).max(6).default([1, 5, 0]),
  replicates: z.number().int().min(100).max(20_000).default(1000),
})
export type EvaluationOptions = z.infer<typeof EvaluationOptions>

/** This part of every training recording's windows, its end, is held out for validation, beside what the split has for it. `null`: none; a split without a validation part is then refused. */
const holdOut = z.number().min(0.05).max(0.5).nullable().default(null)

const common = { windows: WindowOptions.prefault({}), evaluation: EvaluationOptions.prefault({}), holdOut }

/** ResNet teacher with triplet loss, DeiT student by hierarchical distillation, and the same student from scratch beside it. */
export const ThkdRecipe = z.strictObject({ recipe: z.literal('thkd'), ...common, teacher: TeacherOptions, student: StudentOptions, scratch: z.boolean().default(true) })
export type ThkdRecipe = z.infer<typeof ThkdRecipe>
/** The teacher alone. */
export const TeacherRecipe = z.strictObject({ recipe: z.literal('teacher'), ...common, teacher: TeacherOptions })
export type TeacherRecipe = z.infer<typeof TeacherRecipe>
/** The student alone, without a teacher. */
export const ScratchRecipe = z.strictObject({ recipe: z.literal('scratch'), ...common, student: StudentOptions.omit({ distillation: true }) })
export type ScratchRecipe = z.infer<typeof ScratchRecipe>
/** PCA to `components` dimensions, then regularised linear discriminants. */
export const LdaRecipe = z.strictObject({ recipe: z.literal('lda'), ...common, components: z.number().int().min(1).max(512).default(60), shrinkage: z.number().min(0).max(1).default(0.1) })
export type LdaRecipe = z.infer<typeof LdaRecipe>
/** Cosine to the mean beat. Learns nothing. */
export const TemplateRecipe = z.strictObject({ recipe: z.literal('template'), ...common })
export type TemplateRecipe = z.infer<typeof TemplateRecipe>

export const Recipe = z.discriminatedUnion('recipe', [ThkdRecipe, TeacherRecipe, ScratchRecipe, LdaRecipe, TemplateRecipe])
export type Recipe = z.infer<typeof Recipe>
export const RecipeName = z.enum(['thkd', 'teacher', 'scratch', 'lda', 'template'])
export type RecipeName = z.infer<typeof RecipeName>

/** How much time there is: `quick` in minutes on a laptop, `standard` over lunch, `paper` over night. */
export const RecipePreset = z.enum(['quick', 'standard', 'paper'])
export type RecipePreset = z.infer<typeof RecipePreset>

export const ModelName = z.enum(['teacher', 'student', 'scratch', 'lda', 'template'])
export type ModelName = z.infer<typeof ModelName>

export const RunId = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/).brand<'RunId'>()
export type RunId = z.infer<typeof RunId>

export const RunState = z.enum(['queued', 'running', 'paused', 'stopped', 'failed', 'interrupted', 'finished'])
export type RunState = z.infer<typeof RunState>

/** After every epoch, and (validation `null`) within long ones. */
export const RunEpoch = z.object({
  phase: ModelName,
  epoch: z.number().int(),
  epochs: z.number().int(),
  steps: z.number().int(),
  /** Means over the epoch, by term; `total` is their weighted sum. */
  terms: z.record(z.string(), z.number()),
  /** Windows of the epoch whose nearest class centre was their own's. */
  trainAccuracy: z.number().nullable(),
  validation: z.object({ eer: z.number().nullable(), rank1: z.number().nullable() }).nullable(),
  rate: z.number(),
  gradientNorm: z.number(),
  windowsPerSecond: z.number(),
  /** Part of the time in which the engine waited for data. */
  idle: z.number(),
  memoryBytes: z.number(),
  seconds: z.number(),
  best: z.boolean(),
})
export type RunEpoch = z.infer<typeof RunEpoch>

/** What one model of a run came to. */
export const RunModel = z.object({
  name: ModelName,
  network: z.string(),
  parameters: z.number().int(),
  macs: z.number().nullable(),
  epochs: z.number().int(),
  bestEpoch: z.number().int().nullable(),
  stoppedEarly: z.boolean(),
  seconds: z.number(),
  /** SHA-256 of the weights. */
  hash: z.string(),
})
export type RunModel = z.infer<typeof RunModel>

/** runs/<id>/run.json: everything that is needed to say what was done, and to do it again. */
export const RunRecord = z.object({
  formatVersion: z.literal(1),
  id: RunId,
  name: z.string().max(120),
  state: RunState,
  recipe: Recipe,
  preset: RecipePreset.nullable(),
  seed: z.number().int(),
  split: z.object({ name: z.string(), hash: z.string(), version: z.string(), versionHash: z.string(), strategy: z.string() }),
  engine: EngineChoice,
  /** What computed, once it began; `reasons`: why those before it in the order did not. */
  ran: z.object({ engine: EngineName, provider: z.string(), threads: z.number().int(), version: z.string(), reasons: z.array(z.object({ engine: EngineName, reason: z.string() })) }).nullable(),
  environment: z.object({ program: z.string(), node: z.string(), platform: z.string(), processor: z.string(), memoryBytes: z.number() }).nullable(),
  windows: z
    .object({
      contentHash: z.string(), rateHz: z.number(), length: z.number().int(), channels: z.number().int(), byRole: z.record(z.string(), z.number().int()), subjects: z.number().int(),
      recordings: z.number().int(), dropped: z.record(z.string(), z.number().int()),
    })
    .nullable(),
  models: z.array(RunModel),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** Of training, all sittings together. */
  seconds: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** What did not stop it but should be known: a checkpoint that was damaged, so that it went on from the one before. */
  notes: z.array(z.object({ code: z.string(), message: z.string() })).optional(),
  /** Recordings that were erased since: the models were trained with a person who withdrew. */
  containsWithdrawn: z.boolean().default(false),
})
export type RunRecord = z.infer<typeof RunRecord>

/** Where a run is now; told while it goes on. */
export const RunProgress = z.object({
  id: RunId,
  state: RunState,
  /** What it does: cutting windows, fitting a model, evaluating. */
  stage: z.enum(['waiting', 'windows', 'compiling', 'teacher', 'student', 'scratch', 'lda', 'template', 'evaluating', 'done']),
  /** Of the whole run, 0-1. */
  done: z.number(),
  etaSeconds: z.number().nullable(),
  latest: RunEpoch.nullable(),
})
export type RunProgress = z.infer<typeof RunProgress>

/** What a run would be made of, said before it starts. */
export const RunCheck = z.object({
  recipe: Recipe,
  models: z.array(z.object({ name: ModelName, network: z.string(), parameters: z.number().int(), macs: z.number().nullable(), trainingBytes: z.number().nullable() })),
  windows: z.object({ byRole: z.record(z.string(), z.number().int()), subjects: z.number().int(), trainingSubjects: z.number().int(), length: z.number().int(), dropped: z.record(z.string(), z.number().int()) }),
  stepsPerEpoch: z.record(z.string(), z.number().int()),
  /** As they will be: with little data one goes through it several times, and the fewest steps may take more of them than the recipe says. */
  epochs: z.record(z.string(), z.number().int()),
  /** The ends of the training recordings validate too. */
  heldOut: z.boolean(),
  closedSet: z.boolean(),
})
export type RunCheck = z.infer<typeof RunCheck>

/** What was exported, and how far the file's own numbers are from the trainer's. */
export const ModelExport = z.object({
  out: z.string(),
  card: z.string(),
  bytes: z.number(),
  parameters: z.number().int(),
  windows: z.number().int(),
  /** Largest difference of an embedding's element between the file, run by ONNX Runtime, and the trainer. */
  largestDifference: z.number(),
  quantised: z.object({ out: z.string(), bytes: z.number(), meanCosine: z.number(), eerBefore: z.number().nullable(), eerAfter: z.number().nullable(), kept: z.boolean() }).nullable(),
})
export type ModelExport = z.infer<typeof ModelExport>

import { z } from 'zod'
import { ClipRecipe, FusionRecipe, SembridgeRecipe } from './cross-modal.ts'
import { EngineChoice, EngineName, recipeBasics, StudentOptions, TeacherOptions } from './training-options.ts'
import { visibleText } from './visible-text.ts'

export * from './cross-modal.ts'
export * from './training-options.ts'

/** ResNet teacher with triplet loss, DeiT student by hierarchical distillation, and the same student from scratch beside it. */
export const ThkdRecipe = z.strictObject({ recipe: z.literal('thkd'), ...recipeBasics, teacher: TeacherOptions, student: StudentOptions, scratch: z.boolean().default(true) })
export type ThkdRecipe = z.infer<typeof ThkdRecipe>
/** The teacher alone. */
export const TeacherRecipe = z.strictObject({ recipe: z.literal('teacher'), ...recipeBasics, teacher: TeacherOptions })
export type TeacherRecipe = z.infer<typeof TeacherRecipe>
/** The student alone, without a teacher. */
export const ScratchRecipe = z.strictObject({ recipe: z.literal('scratch'), ...recipeBasics, student: StudentOptions.omit({ distillation: true }) })
export type ScratchRecipe = z.infer<typeof ScratchRecipe>
/** PCA to `components` dimensions, then regularised linear discriminants. */
export const LdaRecipe = z.strictObject({ recipe: z.literal('lda'), ...recipeBasics, components: z.number().int().min(1).max(512).default(60), shrinkage: z.number().min(0).max(1).default(0.1) })
export type LdaRecipe = z.infer<typeof LdaRecipe>
/** Cosine to the mean beat. Learns nothing. */
export const TemplateRecipe = z.strictObject({ recipe: z.literal('template'), ...recipeBasics })
export type TemplateRecipe = z.infer<typeof TemplateRecipe>

export const Recipe = z.discriminatedUnion('recipe', [ThkdRecipe, FusionRecipe, ClipRecipe, SembridgeRecipe, TeacherRecipe, ScratchRecipe, LdaRecipe, TemplateRecipe])
export type Recipe = z.infer<typeof Recipe>
export const RecipeName = z.enum(['thkd', 'fusion', 'clip', 'sembridge', 'teacher', 'scratch', 'lda', 'template'])
export type RecipeName = z.infer<typeof RecipeName>

/** How much time there is: `quick` in minutes on a laptop, `standard` over lunch, `paper` over night. */
export const RecipePreset = z.enum(['quick', 'standard', 'paper'])
export type RecipePreset = z.infer<typeof RecipePreset>

/**
 * `encoder`: the teacher's twin for the student's modality; `fusion`: joins both; `alignment` and `matcher`: two towers that bring windows of two modalities into one space. None of these is needed when a
 * student is used.
 */
export const ModelName = z.enum(['teacher', 'encoder', 'fusion', 'alignment', 'matcher', 'student', 'scratch', 'lda', 'template'])
export type ModelName = z.infer<typeof ModelName>
/** Those that see windows of two signals at once: nobody is enrolled with them, and none is a file of its own. */
export const joinedModels: readonly ModelName[] = ['fusion', 'alignment', 'matcher']

/** A name that a person gives to a run; empty: none. */
export const RunName = visibleText().max(120)

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
  /** SHA-256 of all that it was made from: recipe, windows, seed, engine, version of the program (runs/ablation/model-key.ts). */
  key: z.string().optional(),
  /** The run that trained it, where it was taken over from one with the same key instead of being trained again. */
  from: RunId.optional(),
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
      /** Kept although a limit of motion was set: nobody measured it there. */
      unmeasured: z.number().int().optional(),
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
  /** The cell of an ablation that this run is (runs/ablation/cells.ts). */
  cell: z.string().optional(),
  /** Recordings that were erased since: the models were trained with a person who withdrew. */
  containsWithdrawn: z.boolean().default(false),
})
export type RunRecord = z.infer<typeof RunRecord>

/** Where a run is now; told while it goes on. */
export const RunProgress = z.object({
  id: RunId,
  state: RunState,
  /** What it does: cutting windows, fitting a model, evaluating. */
  stage: z.enum(['waiting', 'windows', 'compiling', ...ModelName.options, 'evaluating', 'done']),
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
  windows: z.object({ byRole: z.record(z.string(), z.number().int()), subjects: z.number().int(), trainingSubjects: z.number().int(), length: z.number().int(), dropped: z.record(z.string(), z.number().int()), unmeasured: z.number().int().optional() }),
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

import { z } from 'zod'
import { EngineChoice, ModelName, Recipe, RecipeName, RecipePreset, RunId, RunState } from './learning.ts'
import { ComparisonVerdict, Estimate, EstimateInterval } from './report.ts'
import { visibleText } from './visible-text.ts'

/** What a row of a table is called: one line. */
export const AblationLabel = visibleText()
  .min(1)
  .max(60)
  .refine((text) => text === text.trim(), 'no space at its ends')

/** As earlier versions took them too. */
const StoredLabel = z.string().min(1)

/** Dotted path in the recipe -> value: `{ "distillation.mmd.weight": 1 }`. */
export const RecipeChanges = z.record(z.string(), z.json())
export type RecipeChanges = z.infer<typeof RecipeChanges>

export const AblationSeed = z.number().int().min(0).max(2 ** 31 - 1)
const beatsOfTables = z.array(z.number().int().min(0).max(1000)).min(1).max(6)

/**
 * A grid as a person writes it: every variant with every seed is a cell, and a cell is a run. Either `variants`, or `axes` whose product is taken.
 * @example { "name": "losses", "split": "s1", "recipe": "fusion", "variants": { "KL": {}, "MMD": { "distillation.kl.weight": 0, "distillation.mmd.weight": 1 } }, "also": { "baseline": "scratch" }, "seeds": [1, 2, 3], "baseline": "baseline" }
 */
export const AblationGrid = z.strictObject({
  /** Part of the id, and of every run's name: letters, digits, `.`, `_`, `-`. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, 'letters, digits, dot, dash or underscore; 1 to 40 characters'),
  split: z.string().min(1).max(64).optional(),
  /** A recipe by name, filled in by `preset`, or a whole one: what every variant changes. */
  recipe: z.union([RecipeName, z.record(z.string(), z.json())]),
  preset: RecipePreset.optional(),
  variants: z.record(AblationLabel, RecipeChanges).optional(),
  /** A list of values for the path that the axis is called by, or named levels with changes of their own. */
  axes: z.record(z.string().min(1).max(120), z.union([z.array(z.json()).min(1).max(50), z.record(AblationLabel, RecipeChanges)])).optional(),
  /** The model that a variant is judged by; left out: the student, where the recipe has one. */
  model: ModelName.optional(),
  /** Rows for models that the first variant has beside it: its twin from scratch, its teacher. */
  also: z.record(AblationLabel, ModelName).default({}),
  seeds: z.array(AblationSeed).min(1).max(100),
  engine: EngineChoice.prefault({}),
  /** The row that all others are compared with. */
  baseline: AblationLabel,
  /** Beats per decision that tables are made for; left out: those of the recipe. */
  beats: beatsOfTables.optional(),
})
export type AblationGrid = z.infer<typeof AblationGrid>

/** Name of the grid and the beginning of the hash of all that its cells depend on: the same grid on the same split has the same id everywhere. */
export const AblationId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}-[0-9a-f]{12}$/).brand<'AblationId'>()
export type AblationId = z.infer<typeof AblationId>

/** ablations/<id>.json: a grid with every value filled in. What became of it the runs say. */
export const Ablation = z.object({
  formatVersion: z.literal(1),
  id: AblationId,
  name: AblationGrid.shape.name,
  createdAt: z.string(),
  /** Version of the program: another one's figures are not comparable, and make another ablation. */
  program: z.string(),
  split: z.object({ name: z.string(), hash: z.string(), strategy: z.string() }),
  preset: RecipePreset.nullable(),
  /** `asWritten`: the recipe of a file that an earlier version wrote, without the fields that have come since; its cells are known by that one. */
  variants: z.array(z.object({ name: StoredLabel, recipe: Recipe, asWritten: z.json().optional() })).min(1),
  model: ModelName,
  also: z.array(z.object({ name: StoredLabel, model: ModelName })),
  seeds: z.array(AblationSeed).min(1),
  engine: EngineChoice,
  baseline: StoredLabel,
  beats: beatsOfTables,
})
export type Ablation = z.infer<typeof Ablation>

export const AblationCell = z.object({
  variant: StoredLabel,
  seed: AblationSeed,
  /** SHA-256 of split, recipe, seed, engine and version of the program: its run is found again by it. Two variants of one recipe are one cell. */
  key: z.string(),
  run: RunId.nullable(),
  /** `waiting`: there is no run yet. */
  state: z.enum(['waiting', ...RunState.options]),
  seconds: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type AblationCell = z.infer<typeof AblationCell>

/** `incomplete`: nobody works on it now. `finished`: every cell is, or has failed. */
export const AblationState = z.enum(['running', 'incomplete', 'finished'])
export type AblationState = z.infer<typeof AblationState>

const counts = { state: AblationState, cells: z.number().int(), finished: z.number().int(), failed: z.number().int() }

export const AblationSummary = z.object({
  id: AblationId, name: z.string(), createdAt: z.string(), program: z.string(), recipe: RecipeName, split: z.string(), variants: z.number().int(), seeds: z.number().int(), ...counts,
})
export type AblationSummary = z.infer<typeof AblationSummary>

export const AblationStatus = AblationSummary.omit({ cells: true }).extend({ ablation: Ablation, cells: z.array(AblationCell) })
export type AblationStatus = z.infer<typeof AblationStatus>

/** Of one row against the baseline. `difference`: row - baseline. */
export const AblationComparison = z.object({
  difference: z.number().nullable(),
  interval: EstimateInterval.nullable(),
  /** `paired-seeds`: t test over the seeds that both have; `subject-bootstrap`: one run each, on the same draws of people. */
  test: z.enum(['paired-seeds', 'subject-bootstrap', 'none']),
  /** Seeds that both have. */
  seeds: z.number().int(),
  p: z.number().nullable(),
  /** After Holm, over all rows of this measure and number of beats. */
  adjustedP: z.number().nullable(),
  /** Cohen's d_z over seeds. */
  dz: z.number().nullable(),
  verdict: ComparisonVerdict,
})
export type AblationComparison = z.infer<typeof AblationComparison>

/** Over the seeds of a row. */
export const AblationFigure = z.object({
  mean: z.number().nullable(),
  /** Standard deviation of the sample; `null` with one seed. */
  deviation: z.number().nullable(),
  /** 95 %: of the mean over seeds (Student's t); with one seed, over drawn people. */
  interval: EstimateInterval.nullable(),
  seeds: z.number().int(),
  /** `null` for the baseline itself. */
  comparison: AblationComparison.nullable(),
})
export type AblationFigure = z.infer<typeof AblationFigure>

export const AblationRow = z.object({
  name: z.string(),
  /** `also`: a model beside the variants. */
  kind: z.enum(['variant', 'also']),
  model: ModelName,
  baseline: z.boolean(),
  runs: z.array(z.object({ seed: z.number().int(), run: RunId, eer: Estimate, rank1: Estimate })),
  eer: AblationFigure,
  rank1: AblationFigure,
  parameters: z.number().int().nullable(),
  /** Training of this model alone, s: mean over the seeds. */
  seconds: z.number().nullable(),
})
export type AblationRow = z.infer<typeof AblationRow>

export const AblationTable = z.object({
  beats: z.number().int(),
  /** People that were tested; `null`: nobody yet, or not the same number in all runs. */
  subjects: z.number().int().nullable(),
  rows: z.array(AblationRow),
})
export type AblationTable = z.infer<typeof AblationTable>

/** A table of an ablation, or of chosen runs. Its words are made from it: LaTeX, CSV, HTML. */
export const AblationResult = z.object({
  title: z.string(),
  split: z.string(),
  strategy: z.string(),
  program: z.string(),
  baseline: z.string(),
  /** What a decision is made of. */
  unit: z.enum(['beat', 'window']),
  seeds: z.array(z.number().int()),
  tables: z.array(AblationTable),
  /** Cells without figures: rows rest on those that have some. */
  missing: z.array(z.object({ variant: z.string(), seed: z.number().int(), state: AblationCell.shape.state, error: AblationCell.shape.error })),
})
export type AblationResult = z.infer<typeof AblationResult>

export const TableFormat = z.enum(['latex', 'csv', 'html'])
export type TableFormat = z.infer<typeof TableFormat>

/** Told while a grid is worked on. */
export const AblationProgress = z.object({
  id: AblationId,
  cells: z.number().int(),
  finished: z.number().int(),
  failed: z.number().int(),
  /** The cell that this program works on. */
  current: z.object({ variant: z.string(), seed: z.number().int(), run: RunId }).nullable(),
  /** Something that the person should know meanwhile. */
  note: z.string().nullable(),
})
export type AblationProgress = z.infer<typeof AblationProgress>

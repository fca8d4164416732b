import type { AblationGrid, RecipeChanges, RecipePreset } from '../../contract/index.ts'
import { parseGrid } from './grid.ts'

type BuiltIn = Pick<AblationGrid, 'variants' | 'also' | 'baseline'> & { readonly recipe: 'fusion' | 'thkd' | 'clip' | 'sembridge' }

/** Paths of losses, each on or off by its weight. */
type Losses<K extends string> = Readonly<Record<K, { readonly path: string; readonly on: number }>>

/** Every loss that is not named has the weight 0. */
function onlyOf<K extends string>(losses: Losses<K>, ...names: readonly K[]): RecipeChanges {
  return Object.fromEntries(Object.entries<Losses<K>[K]>(losses).map(([name, { path, on }]) => [path, names.includes(name as K) ? on : 0]))
}

const fusion: Losses<'COS' | 'KL' | 'MMD'> = {
  COS: { path: 'distillation.cosine.weight', on: 1 }, KL: { path: 'distillation.kl.weight', on: 1 }, MMD: { path: 'distillation.mmd.weight', on: 1 },
}
const thkd: Losses<'logit' | 'stage' | 'embedding' | 'relation'> = {
  logit: { path: 'student.distillation.logit.weight', on: 0.5 }, stage: { path: 'student.distillation.stage.weight', on: 1 }, embedding: { path: 'student.distillation.embedding.weight', on: 1 },
  relation: { path: 'student.distillation.relation.weight', on: 0.1 },
}
const clip: Losses<'KD' | 'relation' | 'assessment'> = {
  KD: { path: 'distillation.logit.weight', on: 1 }, relation: { path: 'distillation.relation.weight', on: 0.1 }, assessment: { path: 'distillation.assessment.weight', on: 1 },
}
const alignmentOff = { 'weights.alignment': 0 }
const twin = { baseline: 'scratch', teacher: 'teacher' } as const

/** The tables of the papers, row by row: the student alone, the losses one by one and together, the teacher last (recognition.md A1-A4). */
const grids: Readonly<Record<BuiltIn['recipe'], BuiltIn>> = {
  fusion: {
    recipe: 'fusion',
    variants: {
      COS: onlyOf(fusion, 'COS'), KL: onlyOf(fusion, 'KL'), MMD: onlyOf(fusion, 'MMD'), 'COS+KL': onlyOf(fusion, 'COS', 'KL'), 'COS+MMD': onlyOf(fusion, 'COS', 'MMD'), 'KL+MMD': onlyOf(fusion, 'KL', 'MMD'),
      'COS+KL+MMD': onlyOf(fusion, 'COS', 'KL', 'MMD'),
    },
    also: { baseline: 'scratch', teacher: 'fusion' },
    baseline: 'baseline',
  },
  thkd: {
    recipe: 'thkd',
    variants: {
      logit: onlyOf(thkd, 'logit'), stage: onlyOf(thkd, 'stage'), embedding: onlyOf(thkd, 'embedding'), relation: onlyOf(thkd, 'relation'), 'without logit': onlyOf(thkd, 'stage', 'embedding', 'relation'),
      'without stage': onlyOf(thkd, 'logit', 'embedding', 'relation'), 'without embedding': onlyOf(thkd, 'logit', 'stage', 'relation'), 'without relation': onlyOf(thkd, 'logit', 'stage', 'embedding'),
      'all levels': onlyOf(thkd, 'logit', 'stage', 'embedding', 'relation'),
    },
    also: twin,
    baseline: 'baseline',
  },
  clip: {
    recipe: 'clip',
    variants: {
      KD: onlyOf(clip, 'KD'), relation: onlyOf(clip, 'relation'), assessment: onlyOf(clip, 'assessment'), 'KD+relation': onlyOf(clip, 'KD', 'relation'), 'KD+assessment': onlyOf(clip, 'KD', 'assessment'),
      'relation+assessment': onlyOf(clip, 'relation', 'assessment'), 'KD+relation+assessment': onlyOf(clip, 'KD', 'relation', 'assessment'),
    },
    also: twin,
    baseline: 'baseline',
  },
  sembridge: {
    recipe: 'sembridge',
    variants: {
      KD: { 'base.form': 'kd', ...alignmentOff }, 'KD+alignment': { 'base.form': 'kd' }, 'KD+Sinkhorn': { 'base.form': 'kd', 'alignment.plan': 'sinkhorn' }, RKD: { 'base.form': 'relations', ...alignmentOff },
      'RKD+alignment': { 'base.form': 'relations' }, DKD: { 'base.form': 'decoupled', ...alignmentOff }, 'DKD+alignment': { 'base.form': 'decoupled' }, LSKD: { 'base.form': 'standardised', ...alignmentOff },
      'LSKD+alignment': { 'base.form': 'standardised' }, COS: { 'base.form': 'cosine', ...alignmentOff }, MMD: { 'base.form': 'mmd', ...alignmentOff }, 'alignment only': { 'weights.base': 0 },
    },
    also: twin,
    baseline: 'baseline',
  },
}

/** Three seeds: fewer say nothing about luck (recognition.md B5). */
const seeds = [1, 2, 3]

/** A grid that comes with the program, `null`: there is none of this name. @example builtInGrid('fusion')?.baseline // 'baseline' */
export function builtInGrid(name: string, preset: RecipePreset = 'quick'): AblationGrid | null {
  if (!Object.hasOwn(grids, name)) return null
  return parseGrid({ name, preset, seeds, ...grids[name as BuiltIn['recipe']] })
}

export const builtInGrids = (): AblationGrid[] => Object.keys(grids).flatMap((name) => builtInGrid(name) ?? [])

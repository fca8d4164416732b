import { normaliseRows, type EmbeddingSet } from './embedding-set.ts'
import { cosineScores, type ScoreMatrix } from './scores.ts'
import { makeTemplates, type TemplateSet } from './templates.ts'

export type NormalisationKind = 'none' | 'as-norm' | 's-norm'

/** Fewer cohort subjects give no usable mean and deviation. Source: recognition.md C3. */
export const fewestCohort = 30
/** Cohort scores of either side that AS-norm uses. Source: recognition.md C3 (wespeaker). */
const topScores = 100

/** What a cohort is good for. */
export interface Cohort {
  /** One mean embedding per subject, of length 1. */
  readonly subjects: TemplateSet
  /** Mean of all embeddings, not of length 1. */
  readonly mean: Float64Array
}

/** Of the training part; its subjects must not be in the trials (the split's leak check sees to it). */
export function makeCohort(train: EmbeddingSet): Cohort {
  const { dimension, vectors, subject } = train
  const mean = new Float64Array(dimension)
  for (let i = 0; i < vectors.length; i++) mean[i % dimension] += vectors[i] / subject.length
  return { subjects: makeTemplates(train, () => ''), mean }
}

/** Embeddings relative to a mean, scaled to length 1 again. @example [1, 0] with the mean [0.5, 0.5]: [0.7071, -0.7071] */
export function subtractMean(set: EmbeddingSet, mean: Float64Array): EmbeddingSet {
  const moved = Float32Array.from(set.vectors, (value, i) => value - mean[i % set.dimension])
  return { ...set, vectors: normaliseRows(moved, set.dimension) }
}

/** Cohort scores that count. */
export const cohortTop = (kind: NormalisationKind, cohort: number): number | null => (kind === 'none' ? null : kind === 's-norm' ? cohort : Math.min(topScores, cohort))

/**
 * Scores relative to how alike both sides are to strangers: ½ [(s - μ_t) / σ_t + (s - μ_p) / σ_p] with mean and standard deviation of the template's (the probe's) scores against its
 * `top` most similar cohort subjects (AS-norm), or all of them (S-norm). Source: recognition.md C3, wespeaker's score_norm.
 * @returns `null` where no row of a side has cohort scores with any spread (a collapsed model).
 * @example s = 0.8, cohort of the template 0.1, 0.3 (μ 0.2, σ 0.1), of the probe 0, 0.4 (μ 0.2, σ 0.2): ½ (6 + 3) = 4.5
 */
export function normaliseScores(matrix: ScoreMatrix, probes: EmbeddingSet, templates: TemplateSet, cohort: TemplateSet, top: number): ScoreMatrix | null {
  const probeSide = sideStatistics(cosineScores(probes, cohort), top)
  const templateSide = sideStatistics(cosineScores(templates, cohort), top)
  if (!probeSide || !templateSide) return null
  const columns = matrix.templateSubject.length
  const scores = Float32Array.from(matrix.scores, (score, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    return ((score - templateSide.mean[column]) / templateSide.deviation[column] + (score - probeSide.mean[row]) / probeSide.deviation[row]) / 2
  })
  return { ...matrix, scores }
}

/** Cosines of 32 bits differ by about 1e-7 where they should be equal. */
const leastDeviation = 1e-6

function sideStatistics({ scores, probeSubject, templateSubject }: ScoreMatrix, top: number): { mean: Float64Array; deviation: Float64Array } | null {
  const columns = templateSubject.length
  const [mean, deviation] = [new Float64Array(probeSubject.length), new Float64Array(probeSubject.length)]
  for (let row = 0; row < probeSubject.length; row++) {
    const best = scores.slice(row * columns, (row + 1) * columns).sort().subarray(columns - top)
    let sum = 0
    for (const score of best) sum += score
    mean[row] = sum / top
    let squares = 0
    for (const score of best) squares += (score - mean[row]) ** 2
    // A single row without spread is a zero embedding, whose scores are 0 like their mean.
    deviation[row] = Math.max(leastDeviation, Math.sqrt(squares / top))
  }
  return deviation.every((value) => value === leastDeviation) ? null : { mean, deviation }
}

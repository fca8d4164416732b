import { LabError, type Decision, type Gallery, type ModelName, type RecordingId, type RunId, type SubjectCode } from '../contract/index.ts'
import type { Template } from '../dataset/template-files.ts'
import { thresholdFor } from './fixed-thresholds.ts'

export interface DecisionInput {
  readonly run: RunId
  readonly model: ModelName
  readonly templates: readonly Template[]
  readonly thresholds: Gallery['thresholds']
  /** Unit-length rows, one per window. */
  readonly embeddings: Float32Array
  readonly refused: number
  /** Windows that were asked for; 0: all there are. */
  readonly asked: number
  readonly claim: SubjectCode | null
  readonly recording: RecordingId | null
  readonly at: string
}

const mostCandidates = 20

/** @throws LabError `template-not-found` when nobody, or not the claimed person, is enrolled. */
export function requireTemplates(templates: readonly Template[], claim: SubjectCode | null, where: { readonly run: RunId; readonly model: ModelName }): void {
  if (templates.length === 0) throw new LabError('template-not-found', 'Nobody is enrolled with this model.', { ...where })
  if (claim !== null && !templates.some(({ info }) => info.subject === claim)) throw new LabError('template-not-found', `${claim} is not enrolled with this model.`, { ...where, subject: claim })
}

/**
 * Who these windows are of: the mean of their embeddings against every template. Without a threshold the most alike is named all the same, and `threshold` says so; a claim is then neither
 * accepted nor refused.
 * @throws LabError `template-not-found` when nobody, or not the claimed person, is enrolled.
 * @example templates [1, 0] (A) and [0, 1] (B), embeddings [0.8, 0.6] and [0.6, 0.8], threshold 0.7: A and B score 0.7071, A is named
 */
export function decide({ run, model, templates, thresholds, embeddings, refused, asked, claim, recording, at }: DecisionInput): Decision {
  requireTemplates(templates, claim, { run, model })
  const dimensions = templates[0].vector.length
  const beats = embeddings.length / dimensions
  const mean = new Float64Array(dimensions)
  for (let i = 0; i < embeddings.length; i++) mean[i % dimensions] += embeddings[i]
  const norm = Math.hypot(...mean)
  const scores = templates
    .map(({ info, vector }) => ({ subject: info.subject, score: norm > 0 ? vector.reduce((sum, value, i) => sum + value * mean[i], 0) / norm : 0 }))
    .sort((a, b) => b.score - a.score || (a.subject < b.subject ? -1 : 1))
  const threshold = thresholdFor(thresholds, beats, asked)
  const known = threshold === null || scores[0].score >= threshold
  const own = scores.find(({ subject }) => subject === claim)
  return {
    run, model, beats, refused, threshold, claim, recording, at,
    subject: known ? scores[0].subject : null,
    candidates: scores.slice(0, mostCandidates),
    accepted: own && threshold !== null ? own.score >= threshold : null,
  }
}

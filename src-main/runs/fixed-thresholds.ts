import { join } from 'node:path'
import { z } from 'zod'
import { Gallery, LabError, type ModelName, type RunRecord } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import { selectRows, type EmbeddingSet, type EvaluatedRecording } from '../learning/evaluation/embedding-set.ts'
import { equalErrorRate } from '../learning/evaluation/equal-error-rate.ts'
import { errorCurve, fnmrAtFmr } from '../learning/evaluation/error-rates.ts'
import { makeProbes } from '../learning/evaluation/probes.ts'
import { cosineScores, scoreLists } from '../learning/evaluation/scores.ts'
import { makeTemplates } from '../learning/evaluation/templates.ts'
import { validationSides } from '../learning/evaluation/validation-sides.ts'
import type { RunFolder } from './run-folder.ts'

export type Thresholds = NonNullable<Gallery['thresholds']>

/** A false match rate that a door can live with; the report shows the same point. */
const strictFmr = 0.01
/** More scores than this fix a threshold no better. */
const mostScores = 4_000_000
const fileName = 'thresholds.json'

const ThresholdContent = z.object({
  formatVersion: z.literal(1),
  /** `modelHash`: thresholds are of one model's scores. */
  models: z.record(z.string(), z.object({ modelHash: z.string(), thresholds: Gallery.shape.thresholds })),
})

/**
 * From which cosine on two are one person, by beats of a decision, fixed on validation as the report's thresholds are. Those are of normalised scores where the run has a cohort; a person
 * who is enrolled later is compared by the plain cosine, whose thresholds these are.
 * @returns `null` where validation has no second recording of anybody, or nobody to be taken for.
 */
export function fixThresholds(validation: EmbeddingSet | null, enrol: EmbeddingSet, recordings: readonly EvaluatedRecording[], beats: readonly number[]): Thresholds | null {
  const sides = validation && validationSides(validation, enrol, recordings)
  if (!sides) return null
  const templates = makeTemplates(sides.enrol, (recording) => recordings[recording].session)
  const fixed = beats.flatMap((count): Thresholds => {
    const curve = errorCurve(scoreLists(cosineScores(someOf(makeProbes(sides.probe, count).probes, templates.subject.length), templates)))
    if (!curve) return []
    const strict = fnmrAtFmr(curve, strictFmr)
    return [
      { beats: count, threshold: equalErrorRate(curve).threshold, rule: 'validation-eer' },
      ...(strict && Number.isFinite(strict.threshold) ? [{ beats: count, threshold: strict.threshold, rule: 'validation-fmr-1-percent' as const }] : []),
    ]
  })
  return fixed.length > 0 ? fixed : null
}

/** Spread evenly over all people. */
export function someOf(probes: EmbeddingSet, templates: number): EmbeddingSet {
  const all = probes.subject.length
  const most = Math.max(1, Math.floor(mostScores / Math.max(1, templates)))
  return all <= most ? probes : selectRows(probes, Array.from({ length: most }, (_, i) => Math.floor((i * all) / most)))
}

/** runs/<id>/thresholds.json. @throws LabError of writing. */
export async function writeThresholds(folder: RunFolder, { models }: Pick<RunRecord, 'models'>, fixed: ReadonlyMap<ModelName, Thresholds | null>): Promise<void> {
  const entries = models.flatMap(({ name, hash }) => (fixed.has(name) ? [[name, { modelHash: hash, thresholds: fixed.get(name) ?? null }] as const] : []))
  await folder.writeText(fileName, `${JSON.stringify({ formatVersion: 1, models: Object.fromEntries(entries) } satisfies z.input<typeof ThresholdContent>)}\n`)
}

/** `null`: the run has no validation, was not evaluated, or the model is another one since. @throws LabError `run-invalid`, `file-read-failed`. */
export async function readThresholds(files: Files, folder: RunFolder, model: ModelName, modelHash: string): Promise<Thresholds | null> {
  const path = join(folder.path, fileName)
  if ((await files.stat(path)) === null) return null
  const damaged = (reason: string): LabError => new LabError('run-invalid', `${path} is damaged: ${reason}.`, { path, reason })
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(await files.readFile(path)))
  } catch (thrown) {
    throw thrown instanceof LabError ? thrown : damaged(thrown instanceof Error ? thrown.message : String(thrown))
  }
  const read = ThresholdContent.safeParse(value)
  if (!read.success) throw damaged(`${read.error.issues[0].path.map(String).join('.')}: ${read.error.issues[0].message}`)
  const own = read.data.models[model] as z.infer<typeof ThresholdContent>['models'][string] | undefined
  return own?.modelHash === modelHash ? own.thresholds : null
}

/**
 * The threshold of a decision from `beats` windows: of the largest number that is not above it; with fewer than any has, that of the fewest. `asked` 0, all of a recording: its own where there is one.
 * @example thresholds for 1, 5 and all: thresholdFor(thresholds, 7, 7) is that of 5, thresholdFor(thresholds, 40, 0) that of all
 */
export function thresholdFor(thresholds: Gallery['thresholds'], beats: number, asked: number): number | null {
  const points = (thresholds ?? []).filter(({ rule }) => rule === 'validation-eer')
  const all = points.find((point) => point.beats === 0)
  if (asked === 0 && all) return all.threshold
  const counted = points.filter((point) => point.beats > 0).sort((a, b) => a.beats - b.beats)
  return (counted.findLast((point) => point.beats <= beats) ?? counted.at(0) ?? all)?.threshold ?? null
}

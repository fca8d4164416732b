import { z } from 'zod'
import { Estimate } from './estimate.ts'
import { ModelName } from './learning.ts'
import { WindowOptions } from './training-options.ts'

const rate = z.number().min(0).max(1)
const count = z.number().int().nonnegative()
const lane = WindowOptions.shape.lane.unwrap()

/** How alike the embeddings are that two models make of the same moments. `null`: a figure that these cannot give (other dimensions, no spread). */
export const EmbeddingLikeness = z.object({
  /** Correlation over the windows, mean over the dimensions. */
  pearson: z.number().min(-1).max(1).nullable(),
  /** 1 - cosine, mean over the windows. */
  cosineDistance: z.number().min(0).max(2).nullable(),
  /** Squared, biased, under the sum of five Gaussian kernels that the loss has. */
  mmd: z.number().min(0).max(10).nullable(),
  /** Linear centred kernel alignment: needs no equal dimensions and does not see a rotation. */
  cka: rate.nullable(),
  /** The same when windows are paired at random: its mean over all pairings. Few windows of many dimensions are alike by chance. */
  ckaByChance: rate.nullable(),
})
export type EmbeddingLikeness = z.infer<typeof EmbeddingLikeness>

/** What could be learnt from the teacher, on windows that both modalities have. */
export const Teachability = z.object({
  /** Whose embedding stands for the teacher's. */
  teacher: ModelName,
  parts: z.array(
    z.object({
      part: z.enum(['test', 'validation']),
      /** Windows looked at, of those that have a partner. */
      windows: count,
      paired: count,
      dimensions: z.object({ teacher: count, student: count }),
      /** The student that nobody taught, and the taught one; `null`: the run has no such model. */
      start: EmbeddingLikeness.nullable(),
      end: EmbeddingLikeness.nullable(),
    }),
  ),
  /** Part of the training windows that the teacher's classifier knew by the student's features, after every epoch. */
  assessment: z.array(z.object({ epoch: count, rate })).max(200),
})
export type Teachability = z.infer<typeof Teachability>

/** Trials by who judged them rightly. `other` null: there is no model of the other modality, or nothing for it to judge. */
export const OverlapCell = z.object({ scratch: z.boolean(), student: z.boolean(), other: z.boolean().nullable(), trials: count })
export type OverlapCell = z.infer<typeof OverlapCell>

/** Fixed where `validation` has its EER, else where these very trials have it: then it knows what it should not. */
export const OverlapThreshold = z.object({ threshold: z.number(), rule: z.enum(['validation-eer', 'own-eer']) })
export type OverlapThreshold = z.infer<typeof OverlapThreshold>

export const OverlapByKind = z.object({
  kind: z.enum(['genuine', 'impostor']),
  trials: count,
  cells: z.array(OverlapCell),
  /** Wrong alone and right when taught, and the other way round; how many of them the other modality had right. */
  fixed: z.object({ trials: count, otherRight: count.nullable() }),
  broken: z.object({ trials: count, otherRight: count.nullable() }),
  /** (fixed - broken) / trials, with an interval over drawn subjects. */
  difference: Estimate,
  /** McNemar's exact test, two-sided, of fixed against broken. It takes trials for independent, which those of one person are not: the interval is what counts. */
  mcnemarP: rate,
})
export type OverlapByKind = z.infer<typeof OverlapByKind>

/** The same trials judged by the student alone, the taught student and the model of the other modality, each by plain cosine at its own threshold. */
export const TrialOverlap = z.object({
  beats: count,
  other: ModelName.nullable(),
  probes: count,
  templates: count,
  thresholds: z.object({ scratch: OverlapThreshold, student: OverlapThreshold, other: OverlapThreshold.nullable() }),
  kinds: z.array(OverlapByKind),
})
export type TrialOverlap = z.infer<typeof TrialOverlap>

/** One matching of windows that were not recorded together; `null`: it was not told. The first is by the matcher, those after it by what student and teacher say of the windows: their similarities do not compare. */
export const MatchingRound = z.object({
  epoch: count,
  /** Part of the student's windows that have a partner. */
  partners: z.number().nullable(),
  /** Part of the pairs that are other ones than at first. */
  changed: z.number().nullable(),
  similarity: z.number().nullable(),
  comparisons: z.number().nullable(),
  seconds: z.number().nullable(),
  /** Mean over the epoch, of an entropic plan. */
  transmissionCost: z.number().nullable(),
})
export type MatchingRound = z.infer<typeof MatchingRound>

/** What each of them is called in metrics.jsonl, where it stands among the terms of the loss of the epoch that follows. */
export const matchingMeasures = {
  partners: 'partners', changed: 'pairs changed', similarity: 'similarity', comparisons: 'comparisons', seconds: 'matching seconds', transmissionCost: 'transmission cost',
} as const satisfies Record<Exclude<keyof MatchingRound, 'epoch'>, string>

/** Beats of two lanes: how long after the beat of the teacher's the one of the student's comes, as recordings tell it themselves, in each role (learning/data/pulse-transit.ts). */
export const TransitSummary = z.object({
  /** Recordings, once in each role. */
  recordings: count,
  /** Of these, those that told it; for the others the usual delay decided. */
  told: count,
  /** s, before it where negative; `null`: nobody told. */
  seconds: z.object({ lowest: z.number(), median: z.number(), highest: z.number() }).nullable(),
  /** Of the student's modality, and those of them with a partner. */
  windows: count,
  paired: count,
})
export type TransitSummary = z.infer<typeof TransitSummary>

/** What a recipe for two modalities has to tell beside its figures. */
export const CrossModalReport = z.object({
  lanes: z.object({ teacher: lane, student: lane }),
  teachability: Teachability,
  overlaps: z.array(TrialOverlap),
  matching: z.array(MatchingRound).max(200),
  /** Left out for fixed windows, which begin together, and for two leads of one signal. */
  transit: TransitSummary.optional(),
})
export type CrossModalReport = z.infer<typeof CrossModalReport>

import { z } from 'zod'

/** What the offline detectors found in one lane. Derived, rebuildable; detectors are named with their versions. */
export const LaneAnalysis = z.object({
  lane: z.string(),
  /** Detector of the beats, `null` for lanes that can have none. */
  detector: z.string().nullable(),
  beats: z.number().int(),
  /** 1 upright, -1 inverted R peaks; `null` for pulses and none. */
  polarity: z.union([z.literal(1), z.literal(-1)]).nullable(),
  meanRateBpm: z.number().nullable(),
  usableSeconds: z.number(),
  saturatedRatio: z.number(),
  flatRatio: z.number(),
  missingRatio: z.number(),
  mainsRatio: z.number().nullable(),
  /** Mean correlation of the beats with the recording's median beat. */
  templateCorrelation: z.number().nullable(),
  kurtosis: z.number().nullable(),
  skewness: z.number().nullable(),
  /** One digit per second: 0 no signal, 1 bad, 2 fair, 3 good. */
  quality: z.string(),
})
export type LaneAnalysis = z.infer<typeof LaneAnalysis>

/** analysis.json; the beats themselves are in analysis.qrs (WFDB annotations, channel = index of the lane). */
export const Analysis = z.object({
  formatVersion: z.literal(1),
  /** `pulseprint-qrs@1` ... */
  detectors: z.array(z.string()),
  /** Content hash of the signal that was analysed: another one makes the analysis stale. */
  contentHash: z.string(),
  lanes: z.array(LaneAnalysis),
})
export type Analysis = z.infer<typeof Analysis>

/** The mean beat of one lane with the beats that are least like it: `outliers` sorted by correlation, lowest first. */
export const MeanBeat = z.object({
  lane: z.string(),
  unit: z.string(),
  annotator: z.string(),
  beats: z.number().int(),
  /** Seconds from the R peak (or pulse) to the first sample. */
  fromSeconds: z.number(),
  rateHz: z.number(),
  mean: z.array(z.number()),
  /** Standard deviation at each sample. */
  deviation: z.array(z.number()),
  outliers: z.array(z.object({ row: z.number().int(), correlation: z.number() })),
})
export type MeanBeat = z.infer<typeof MeanBeat>

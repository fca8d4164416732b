import { z } from 'zod'

export const ExportFormat = z.enum(['wfdb', 'edf', 'bdf', 'csv', 'npz', 'parquet'])
export type ExportFormat = z.infer<typeof ExportFormat>

export const ExportOptions = z.object({
  version: z.string(),
  /** Windows get their role; without a split all of the version is exported. */
  split: z.string().nullable().default(null),
  format: ExportFormat,
  out: z.string().min(1),
  /** Layer whose beats and labels go along; `null`: the detector's. */
  annotator: z.string().nullable().default(null),
  /** `npz` and `parquet`: windows instead of whole signals. */
  window: z
    .object({
      mode: z.enum(['beat', 'summary-beat', 'fixed']),
      lane: z.enum(['ecg', 'ppg']).default('ecg'),
      rateHz: z.number().positive().default(250),
      /** `fixed`: length and stride, s; `summary-beat`: beats per group. */
      seconds: z.number().positive().default(5),
      strideSeconds: z.number().positive().default(2.5),
      beatsPerGroup: z.number().int().min(5).default(10),
      filtered: z.boolean().default(true),
    })
    .default({ mode: 'beat', lane: 'ecg', rateHz: 250, seconds: 5, strideSeconds: 2.5, beatsPerGroup: 10, filtered: true }),
  /** Dates become days since the subject's first one (order and distance are kept) unless this is true. */
  keepDates: z.boolean().default(false),
})
export type ExportOptions = z.infer<typeof ExportOptions>
export type ExportOptionsInput = z.input<typeof ExportOptions>

export const ExportReport = z.object({
  out: z.string(),
  format: ExportFormat,
  files: z.number().int(),
  bytes: z.number(),
  recordings: z.number().int(),
  windows: z.number().int().nullable(),
  /** Values that the format cannot hold as they are. */
  changed: z.array(z.object({ file: z.string(), code: z.string(), message: z.string() })),
  /** Erased or changed since the version was frozen. */
  missing: z.array(z.string()),
  seconds: z.number(),
})
export type ExportReport = z.infer<typeof ExportReport>

export const MergeReport = z.object({
  subjects: z.number().int(),
  recordings: z.number().int(),
  /** Already there with the same content. */
  same: z.number().int(),
  renamed: z.array(z.object({ from: z.string(), to: z.string() })),
  versions: z.number().int(),
  splits: z.number().int(),
})
export type MergeReport = z.infer<typeof MergeReport>

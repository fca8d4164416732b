import { z } from 'zod'

/** What stands between two cells; `space` is any run of blanks and tabs. */
export const TextDelimiter = z.enum(['comma', 'semicolon', 'tab', 'space'])
export type TextDelimiter = z.infer<typeof TextDelimiter>

/** One lane of a delimited text file. Columns are numbered from 1. */
export const DelimitedColumn = z.object({
  column: z.number().int().min(1).max(4096),
  label: z.string().min(1).max(80),
  unit: z.string().min(1).max(40),
})
export type DelimitedColumn = z.infer<typeof DelimitedColumn>

/** What the time column holds: numbers, a date and time (ISO 8601), a time of day or since the start (`[h:]m:s.fff`), or a count of samples. */
export const DelimitedTime = z.object({
  column: z.number().int().min(1).max(4096),
  unit: z.enum(['seconds', 'milliseconds', 'microseconds', 'iso', 'clock', 'samples']),
  /** `samples` that wrap run 0..modulus-1; `null` when they never wrap. */
  modulus: z.number().int().min(2).nullable().default(null),
  /** How far a time stamp may be off, as a part of one interval. */
  tolerance: z.number().positive().max(0.5).default(0.25),
})
export type DelimitedTime = z.infer<typeof DelimitedTime>

/** How to read a delimited text file. A file without a usable time column needs `rateHz`. */
export const DelimitedMapping = z.object({
  delimiter: TextDelimiter,
  decimal: z.enum(['point', 'comma']).default('point'),
  /** Lines before the first row of numbers; comment lines and empty ones do not count. */
  headerRows: z.number().int().min(0).max(1000).default(0),
  /** Lines that begin with this are skipped; '' when there are none. */
  commentPrefix: z.string().max(8).default('#'),
  columns: z.array(DelimitedColumn).min(1).max(1024),
  time: DelimitedTime.nullable().default(null),
  rateHz: z.number().positive().max(1e6).nullable().default(null),
  /** Cells that mean "no value" besides empty ones and NaN. */
  missing: z.array(z.string().min(1).max(20)).max(20).default([]),
})
export type DelimitedMapping = z.infer<typeof DelimitedMapping>
/** As a person or a rule file writes it: what has a default may be left out. */
export type DelimitedMappingInput = z.input<typeof DelimitedMapping>

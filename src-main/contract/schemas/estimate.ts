import { z } from 'zod'

/** A 95 % interval by drawing subjects anew, or `null` where too few of them (or of their draws) can give one. */
export const EstimateInterval = z.object({ low: z.number(), high: z.number() })
export type EstimateInterval = z.infer<typeof EstimateInterval>

/** A figure, `null` where the trials cannot show it, and how well it is known. */
export const Estimate = z.object({ value: z.number().nullable(), interval: EstimateInterval.nullable() })
export type Estimate = z.infer<typeof Estimate>

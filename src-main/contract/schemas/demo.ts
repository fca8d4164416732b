import { z } from 'zod'

/** What an ECG can teach about a pulse in a demo dataset of pairs: something that helps, nothing, or something wrong. */
export const PlantedSituation = z.enum(['helps', 'no-effect', 'harms'])
export type PlantedSituation = z.infer<typeof PlantedSituation>

/** A demo dataset of ECG and PPG whose relation is planted, with a known answer to whether one can teach the other. */
export const PairedDemo = z.strictObject({
  situation: PlantedSituation,
  /** Part of the variance of the pulse's shape that a heart explains; the rest is the person's own. */
  share: z.number().min(0).max(1).default(1),
  /** Part of what tells one ECG from another that no pulse can carry: with 0 the two differ from person to person in the same things. */
  detail: z.number().min(0).max(1).default(0),
  /** Multiplies the disturbances of PPG lanes. */
  pulseNoise: z.number().min(0).max(100).default(1),
  /** ECG and PPG in recordings of their own, on different days. */
  unpaired: z.boolean().default(false),
  /** Part of the people with one of the two modalities only. */
  oneModality: z.number().min(0).max(1).default(0),
})
export type PairedDemo = z.infer<typeof PairedDemo>

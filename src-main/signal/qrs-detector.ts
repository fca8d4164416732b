import { LeadFusion } from './lead-fusion.ts'
import { chooseBeats } from './qrs-chooser.ts'
import { QrsLead, workingFactor } from './qrs-lead.ts'
import { majorityPolarity, refineRow } from './r-peaks.ts'

/** Name and version that every stored list of beats carries; a change in any constant of this detector is a new version. */
export const qrsDetector = 'pulseprint-qrs@1'

/** Below this a QRS is three samples; nothing is found. */
export const lowestQrsRateHz = 50
/** Below this part of the reference lane's usual beat there is nothing to refine on. */
const unseen = 0.2

export interface DetectedBeats {
  /** R peaks in the lane's own samples, strictly ascending, never on a missing sample of the reference lane. */
  readonly rows: number[]
  /** Which way the R peaks of the reference lane point: 1 up, -1 down; 1 without a beat. */
  readonly polarity: 1 | -1
  readonly detector: typeof qrsDetector
}

/**
 * Finds the R peaks of a whole ECG recording, looking both ways: zero-phase QRS energy against local beat height, likeness to the shapes that this
 * recording's beats have, and the most believable rhythm (see qrs-chooser.ts, beat-sequence.ts).
 *
 * `samples` in any unit, NaN or infinite = missing; `rateHz` 50 .. 10000. Anything else (flat, empty, one sample, a lower rate) gives no
 * beats, never an error. Example: ten seconds at 60/min give ten rows.
 */
export function detectBeats(samples: Float32Array, rateHz: number): DetectedBeats {
  return detectBeatsMultiLead([samples], rateHz)
}

/**
 * As `detectBeats` on leads of one heart recorded together: each counts by how clean it is at the time, so that noise or a lost contact
 * of one is bridged by the others. Leads may differ in unit and polarity; shorter ones are missing at their end. R peaks are those of lead `reference` (0 unless
 * told); where it shows no beat, they stay where the leads together see it.
 */
export function detectBeatsMultiLead(leads: readonly Float32Array[], rateHz: number, reference = 0): DetectedBeats {
  const found = leads.length === 0 ? null : findTogether(leads, rateHz)
  return found === null || leads[reference] === undefined ? nothing() : refined(leads[reference], rateHz, found, reference)
}

/** As `detectBeatsMultiLead`, with the R peaks of every lead: the same beats, each where that lead has its summit. */
export function detectBeatsOfLeads(leads: readonly Float32Array[], rateHz: number): DetectedBeats[] {
  const found = leads.length === 0 ? null : findTogether(leads, rateHz)
  return leads.map((samples, lead) => (found === null ? nothing() : refined(samples, rateHz, found, lead)))
}

/** Beats in working samples, and the leads that they were found in. */
interface FoundBeats {
  readonly beats: Int32Array
  readonly prepared: readonly QrsLead[]
  readonly fusion: LeadFusion
}

const nothing = (): DetectedBeats => ({ rows: [], polarity: 1, detector: qrsDetector })

function findTogether(leads: readonly Float32Array[], rateHz: number): FoundBeats | null {
  if (!(rateHz >= lowestQrsRateHz) || !Number.isFinite(rateHz) || leads.every((lead) => lead.length === 0)) return null
  const prepared = leads.map((lead) => new QrsLead(lead, rateHz))
  const rows = Math.max(...prepared.map(({ shape }) => shape.length))
  const fusion = new LeadFusion(prepared, rows, prepared[0].rateHz)
  const beats = chooseBeats(fusion, prepared[0].rateHz)
  return beats.length === 0 ? null : { beats, prepared, fusion }
}

function refined(samples: Float32Array, rateHz: number, { beats, prepared, fusion }: FoundBeats, lead: number): DetectedBeats {
  const { shape, rateHz: workRateHz } = prepared[lead]
  if (samples.length === 0 || shape.length === 0) return nothing()
  const factor = workingFactor(rateHz)
  const polarity = majorityPolarity(shape, beats, workRateHz)
  const rows: number[] = []
  for (const beat of beats) {
    const centre = Math.min(samples.length - 1, beat * factor + (factor >> 1))
    const summit = fusion.heightIn(lead, beat) >= unseen ? refineRow(samples, rateHz, shape, factor, beat, polarity) : -1
    const row = summit >= 0 ? summit : centre
    if (rows.length === 0 || row > rows[rows.length - 1]) rows.push(row)
  }
  return { rows, polarity, detector: qrsDetector }
}

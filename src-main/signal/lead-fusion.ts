import type { QrsLead } from './qrs-lead.ts'
import { RunningMedian } from './running-median.ts'

/** Levels and weights are kept in steps of half a second: no beat is shorter, no electrode quicker. */
const stepSeconds = 0.5
/** Beats, and humps between beats, whose median is a level. */
const around = 8
/** Two seconds hold a beat even at 30/min; nine of their highest values hold a median beat even beside artefacts. */
const blockSteps = 4
const blocksBeside = 4
/** Above 1.2 beats an envelope counts logarithmically: an artefact must not speak louder than the other leads together. */
const loudest = 1.2
const loudGrowth = 0.2
/** A lead whose envelope stays below a quarter of its beats for 2.5 s has lost its contact; above a half it is alive. */
const dead = 0.25
const aliveSteps = 2
/** How much a lead counts: (1 - noise / beats)^2 times its beats' usual likeness to its known shapes^6. */
const calmPower = 2
const likenessPower = 6
const leastTrust = 0.1
/** Beats between which a lead without any shape yet stands. */
const unknownLikeness = 0.5
const leastWeight = 0.001

/**
 * Several leads as one envelope in which a beat is about 1 high. Leads are joined by a power mean of exponent 1/2: a beat is
 * seen in all leads, an artefact in one. With one lead it is that lead's envelope over its local beat height.
 */
export class LeadFusion {
  readonly fused: Float64Array
  private readonly leads: readonly QrsLead[]
  private readonly step: number
  private readonly cells: number
  private readonly tops: readonly Float64Array[]
  private levels: readonly Float64Array[]
  private weights: readonly Float64Array[]

  constructor(leads: readonly QrsLead[], rows: number, rateHz: number) {
    this.leads = leads
    this.step = Math.max(1, Math.round(stepSeconds * rateHz))
    this.cells = Math.ceil(rows / this.step)
    this.fused = new Float64Array(rows)
    const highest = leads.map((lead) => this.highest(lead))
    this.tops = highest.map((tops) => tops.map((_, cell) => tops.subarray(Math.max(0, cell - aliveSteps), cell + aliveSteps + 1).reduce((a, b) => Math.max(a, b), 0)))
    this.levels = highest.map(blockLevels)
    this.weights = this.equalWeights()
    this.fuse()
  }

  /** Steepest slope near a row, in beat heights per working sample. */
  slope(at: number): number {
    const cell = Math.floor(at / this.step)
    return this.leads.reduce((sum, lead, k) => (this.levels[k][cell] > 0 ? sum + (this.weights[k][cell] * lead.slope(at)) / this.levels[k][cell] : sum), 0)
  }

  /** Likeness to the leads' known shapes, 0..1; leads that see the beat count. */
  similarity(at: number, trustedBeats: number): number {
    const cell = Math.floor(at / this.step)
    let similarity = 0
    let total = 0
    this.leads.forEach((lead, k) => {
      const level = this.levels[k][cell]
      const weight = level > 0 ? this.weights[k][cell] * Math.min(1, lead.envelope[at] / level) : 0
      if (weight === 0) return
      similarity += weight * lead.clusters.similarity(at, trustedBeats)
      total += weight
    })
    return total > 0 ? similarity / total : 0
  }

  /** The lead's envelope at a row in its own beat heights. */
  heightIn(lead: number, at: number): number {
    const level = this.levels[lead][Math.floor(at / this.step)]
    return level > 0 ? this.leads[lead].envelope[at] / level : 0
  }

  /** Learns shapes, levels and weights from the beats and from the humps that are none, and joins the leads anew. */
  learn(beats: Int32Array, others: Int32Array, trustedBeats: number): void {
    for (const { clusters } of this.leads) {
      clusters.clear()
      for (const at of beats) clusters.learn(at)
    }
    // A beat at which a lead is missing says nothing about how high its beats are.
    this.levels = this.leads.map(({ envelope }, k) => this.overTime(beats.filter((at) => envelope[at] > 0), (at) => envelope[at], this.levels[k]))
    if (this.leads.length > 1) this.weigh(beats, others, trustedBeats)
    this.fuse()
  }

  /** Before anything is known of their noise, all leads count the same that have a signal at the time: a missing one must not halve the others. */
  private equalWeights(): Float64Array[] {
    const weights = this.leads.map((_, k) => Float64Array.from({ length: this.cells }, (_, cell) => (this.tops[k][cell] > 0 ? 1 : leastWeight)))
    this.normalise(weights)
    return weights
  }

  private normalise(weights: readonly Float64Array[]): void {
    for (let cell = 0; cell < this.cells; cell++) {
      const sum = weights.reduce((total, of) => total + of[cell], 0)
      for (const of of weights) of[cell] /= sum
    }
  }

  private weigh(beats: Int32Array, others: Int32Array, trustedBeats: number): void {
    const likeness = this.leads.map(({ clusters }) => this.overTime(beats, (at) => clusters.similarity(at, trustedBeats), new Float64Array(this.cells).fill(unknownLikeness)))
    const noises = this.leads.map(({ envelope }) => this.overTime(others, (at) => envelope[at], new Float64Array(this.cells)))
    this.weights = this.leads.map((_, k) => Float64Array.from({ length: this.cells }, (_, cell) => this.trust(k, cell, noises[k][cell], likeness[k][cell])))
    this.normalise(this.weights)
  }

  private trust(lead: number, cell: number, noise: number, likeness: number): number {
    const level = this.levels[lead][cell]
    if (!(level > 0)) return leastWeight
    const calm = Math.max(leastTrust, 1 - noise / level) ** calmPower
    const alive = Math.max(leastWeight, Math.min(1, (this.tops[lead][cell] / level - dead) / dead))
    return calm * Math.max(leastTrust, likeness) ** likenessPower * alive
  }

  private fuse(): void {
    const { fused, step } = this
    fused.fill(0)
    this.leads.forEach(({ envelope }, k) => {
      for (let cell = 0, i = 0; cell < this.cells; cell++) {
        const level = this.levels[k][cell]
        const weight = this.weights[k][cell]
        for (const end = Math.min(fused.length, i + step); i < end; i++) {
          const height = level > 0 ? envelope[i] / level : 0
          fused[i] += weight * Math.sqrt(height > loudest ? loudest + loudGrowth * Math.log(height / loudest) : height)
        }
      }
    })
    for (let i = 0; i < fused.length; i++) fused[i] *= fused[i]
  }

  /** Per step the median of `value` over the eight rows before or the eight after, whichever is lower. */
  private overTime(rows: Int32Array, value: (at: number) => number, otherwise: Float64Array): Float64Array {
    const medians = new RunningMedian(Float64Array.from(rows, value), around)
    let before = 0
    return otherwise.map((unknown, cell) => {
      while (before < rows.length && rows[before] < (cell + 0.5) * this.step) before++
      return medians.lower(before, before, unknown)
    })
  }

  /** Highest envelope of every step. */
  private highest({ envelope }: QrsLead): Float64Array {
    const tops = new Float64Array(this.cells)
    for (let cell = 0, i = 0; cell < this.cells; cell++) {
      for (const end = Math.min(envelope.length, i + this.step); i < end; i++) if (envelope[i] > tops[cell]) tops[cell] = envelope[i]
    }
    return tops
  }
}

/** A first guess of the beats' height: medians of the highest values of 2 s. */
function blockLevels(tops: Float64Array): Float64Array {
  const blocks = new Float64Array(Math.ceil(tops.length / blockSteps))
  tops.forEach((top, cell) => {
    const block = Math.floor(cell / blockSteps)
    blocks[block] = Math.max(blocks[block], top)
  })
  const levels = blocks.map((_, block) => {
    const near = blocks.slice(Math.max(0, block - blocksBeside), block + blocksBeside + 1).filter((top) => top > 0).sort()
    return near.length > 0 ? near[near.length >> 1] : 0
  })
  return tops.map((_, cell) => levels[Math.floor(cell / blockSteps)])
}

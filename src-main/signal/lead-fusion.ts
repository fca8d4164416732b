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
const rootLoudest = Math.sqrt(loudest)
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
  /** Square root of the joined envelope: its peaks are the envelope's. */
  readonly fusedRoot: Float64Array
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
    this.fusedRoot = new Float64Array(rows)
    const highest = leads.map((lead) => this.highest(lead))
    this.tops = highest.map((tops) => tops.map((_, cell) => highestAround(tops, cell, aliveSteps)))
    this.levels = highest.map(blockLevels)
    this.weights = this.equalWeights()
    this.fuse()
  }

  /** The joined envelope at a row, in beat heights. */
  height(at: number): number {
    return this.fusedRoot[at] ** 2
  }

  heights(rows: Int32Array): Float64Array {
    return valuesAt(rows, (at) => this.height(at))
  }

  slopes(rows: Int32Array): Float64Array {
    return valuesAt(rows, (at) => this.slope(at))
  }

  /** Steepest slope near a row, in beat heights per working sample. */
  slope(at: number): number {
    const cell = Math.floor(at / this.step)
    let slope = 0
    for (let k = 0; k < this.leads.length; k++) {
      const level = this.levels[k][cell]
      if (level > 0) slope += (this.weights[k][cell] * this.leads[k].slope(at)) / level
    }
    return slope
  }

  /** Likeness to the leads' known shapes, 0..1; leads that see the beat count. */
  similarity(at: number): number {
    const cell = Math.floor(at / this.step)
    let similarity = 0
    let total = 0
    for (let k = 0; k < this.leads.length; k++) {
      const lead = this.leads[k]
      const level = this.levels[k][cell]
      const weight = level > 0 ? this.weights[k][cell] * Math.min(1, lead.envelope(at) / level) : 0
      if (weight === 0) continue
      similarity += weight * lead.clusters.similarity(at)
      total += weight
    }
    return total > 0 ? similarity / total : 0
  }

  /** The lead's envelope at a row in its own beat heights. */
  heightIn(lead: number, at: number): number {
    const level = this.levels[lead][Math.floor(at / this.step)]
    return level > 0 ? this.leads[lead].envelope(at) / level : 0
  }

  /** Learns shapes, levels and weights from the beats and from the humps that are none, and joins the leads anew. */
  learn(beats: Int32Array, others: Int32Array, trustedBeats: number): void {
    for (const { clusters } of this.leads) clusters.learn(beats, trustedBeats)
    // A beat at which a lead is missing says nothing about how high its beats are.
    this.levels = this.leads.map((lead, k) => this.overTime(beats.filter((at) => lead.rootEnvelope[at] > 0), (at) => lead.envelope(at), this.levels[k]))
    if (this.leads.length > 1) this.weigh(beats, others)
    this.fuse()
  }

  /** Before anything is known of their noise, all leads count the same that have a signal at the time: a missing one must not halve the others. */
  private equalWeights(): Float64Array[] {
    const weights = this.tops.map((tops) => tops.map((top) => (top > 0 ? 1 : leastWeight)))
    this.normalise(weights)
    return weights
  }

  private normalise(weights: readonly Float64Array[]): void {
    for (let cell = 0; cell < this.cells; cell++) {
      let sum = 0
      for (const of of weights) sum += of[cell]
      for (const of of weights) of[cell] /= sum
    }
  }

  private weigh(beats: Int32Array, others: Int32Array): void {
    const likeness = this.leads.map(({ clusters }) => this.overTime(beats, (at) => clusters.similarity(at), new Float64Array(this.cells).fill(unknownLikeness)))
    const noises = this.leads.map((lead) => this.overTime(others, (at) => lead.envelope(at), new Float64Array(this.cells)))
    this.weights = this.leads.map((_, k) => likeness[k].map((of, cell) => this.trust(k, cell, noises[k][cell], of)))
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
    for (let cell = 0; cell < this.cells; cell++) {
      const from = cell * this.step
      const to = Math.min(this.fusedRoot.length, from + this.step)
      this.fusedRoot.fill(0, from, to)
      for (let k = 0; k < this.leads.length; k++) {
        const level = this.levels[k][cell]
        if (level > 0) addRoots(this.fusedRoot, this.leads[k].rootEnvelope, from, to, this.weights[k][cell], 1 / Math.sqrt(level))
      }
    }
  }

  /** Per step the median of `value` over the eight rows before or the eight after, whichever is lower. */
  private overTime(rows: Int32Array, value: (at: number) => number, otherwise: Float64Array): Float64Array {
    const medians = new RunningMedian(valuesAt(rows, value), around)
    let before = 0
    return otherwise.map((unknown, cell) => {
      while (before < rows.length && rows[before] < (cell + 0.5) * this.step) before++
      return medians.lower(before, before, unknown)
    })
  }

  /** Highest envelope of every step. */
  private highest({ rootEnvelope }: QrsLead): Float64Array {
    const tops = new Float64Array(this.cells)
    for (let cell = 0, i = 0; cell < this.cells; cell++) {
      let top = 0
      for (const end = Math.min(rootEnvelope.length, i + this.step); i < end; i++) if (rootEnvelope[i] > top) top = rootEnvelope[i]
      tops[cell] = top * top
    }
    return tops
  }
}

/** Adds `weight` times the root of each height (`roots` times `scale`), where the loud part of a height counts logarithmically. */
function addRoots(sums: Float64Array, roots: Float64Array, from: number, to: number, weight: number, scale: number): void {
  const end = Math.min(roots.length, to)
  for (let i = from; i < end; i++) {
    const root = roots[i] * scale
    sums[i] += weight * (root > rootLoudest ? Math.sqrt(loudest + 2 * loudGrowth * Math.log(root / rootLoudest)) : root)
  }
}

/** Highest of the values up to `reach` places from `centre`. */
function highestAround(values: Float64Array, centre: number, reach: number): number {
  let highest = 0
  for (let i = Math.max(0, centre - reach); i <= Math.min(values.length - 1, centre + reach); i++) if (values[i] > highest) highest = values[i]
  return highest
}

/** `Float64Array.from(rows, value)`, which engines walk ten times slower. */
function valuesAt(rows: Int32Array, value: (at: number) => number): Float64Array {
  const values = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) values[i] = value(rows[i])
  return values
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

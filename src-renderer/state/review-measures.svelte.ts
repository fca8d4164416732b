import type { RecordingId } from '../../src-main/contract/ids.ts'
import type { Analysis, LaneAnalysis, MeanBeat } from '../../src-main/contract/schemas/analysis.ts'
import type { AgreementReport, Disagreement, LabelLayer } from '../../src-main/contract/schemas/label.ts'
import type { Connection } from './connection.svelte.ts'
import type { Jobs } from './jobs.svelte.ts'

/** The outliers that are asked for: as many as the contract gives. */
const mostOutliers = 500

/** What the lab measured in one recording: quality per second, the mean beat, and how far two layers agree. */
export class ReviewMeasures {
  analysis = $state.raw<Analysis | null>(null)
  /** False until the lab has said whether there is an analysis. */
  known = $state(false)
  analysing = $state<string | null>(null)
  meanBeat = $state.raw<MeanBeat | null>(null)
  meanBeatBusy = $state(false)
  agreement = $state.raw<AgreementReport | null>(null)
  disagreements = $state.raw<readonly Disagreement[]>([])
  readonly #connection: Connection
  readonly #jobs: Jobs
  #id: RecordingId | null = null
  #meanBeatFor = ''

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection
    this.#jobs = jobs
  }

  async open(id: RecordingId): Promise<void> {
    if (this.#id !== id) {
      this.analysis = null
      this.known = false
      this.meanBeat = null
      this.agreement = null
      this.disagreements = []
    }
    this.#id = id
    const analysis = await this.#connection.call('library.analysis', { id })
    if (this.#id !== id) return
    this.analysis = analysis
    this.known = true
  }

  lane(id: string): LaneAnalysis | null {
    return this.analysis?.lanes.find(({ lane }) => lane === id) ?? null
  }

  /** Runs the detectors on this recording and reads what they found. @throws LabError the job's. */
  async analyse(): Promise<void> {
    const id = this.#id
    if (id === null) return
    const job = await this.#connection.call('library.analyse', { ids: [id] })
    this.analysing = job.id
    try {
      await this.#jobs.finished(job)
    } finally {
      this.analysing = null
    }
    if (this.#id === id) await this.open(id)
  }

  /** The newest wish wins. @throws LabError what the lab answered. */
  async readMeanBeat(lane: string, annotator: string): Promise<void> {
    const id = this.#id
    if (id === null) return
    const wanted = `${id}/${lane}/${annotator}`
    this.#meanBeatFor = wanted
    this.meanBeatBusy = true
    try {
      const answer = await this.#connection.call('library.meanBeat', { id, lane, annotator, outliers: mostOutliers })
      if (this.#meanBeatFor === wanted && this.#id === id) this.meanBeat = answer
    } finally {
      if (this.#meanBeatFor === wanted) this.meanBeatBusy = false
    }
  }

  async readAgreement(first: string, second: string): Promise<void> {
    if (this.#id === null) return
    this.agreement = await this.#connection.call('labels.agreement', { ids: [this.#id], annotators: [first, second] })
  }

  async adjudicate(first: string, second: string, into: string): Promise<LabelLayer | null> {
    if (this.#id === null) return null
    const { layer, disagreements } = await this.#connection.call('labels.adjudicate', { id: this.#id, annotators: [first, second], into })
    this.disagreements = disagreements
    return layer
  }

  settle(decided: Disagreement): void {
    this.disagreements = this.disagreements.filter((one) => one !== decided)
  }
}

/** Pearson's correlation of two mean beats where both are known, at the finer one's samples around the peak; `null` without a common span. */
export function beatCorrelation(a: MeanBeat, b: MeanBeat): number | null {
  const rateHz = Math.max(a.rateHz, b.rateHz)
  const from = Math.max(a.fromSeconds, b.fromSeconds)
  const to = Math.min(a.fromSeconds + (a.mean.length - 1) / a.rateHz, b.fromSeconds + (b.mean.length - 1) / b.rateHz)
  const count = Math.floor((to - from) * rateHz + 1e-6) + 1
  if (!(count >= 8)) return null
  const xs = Array.from({ length: count }, (_, i) => valueAt(a, from + i / rateHz))
  const ys = Array.from({ length: count }, (_, i) => valueAt(b, from + i / rateHz))
  const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
  const mx = mean(xs)
  const my = mean(ys)
  let xy = 0
  let xx = 0
  let yy = 0
  for (let i = 0; i < count; i++) {
    xy += (xs[i] - mx) * (ys[i] - my)
    xx += (xs[i] - mx) ** 2
    yy += (ys[i] - my) ** 2
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null
}

/** Linear between samples. */
function valueAt(beat: MeanBeat, seconds: number): number {
  const place = (seconds - beat.fromSeconds) * beat.rateHz
  const low = Math.max(0, Math.min(beat.mean.length - 1, Math.floor(place)))
  const high = Math.min(beat.mean.length - 1, low + 1)
  return beat.mean[low] + (beat.mean[high] - beat.mean[low]) * (place - low)
}

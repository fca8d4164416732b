import { PlantedSituation } from '../../../src-main/contract/index.ts'
import { gaussians } from '../../../src-main/curation/gaussian.ts'
import { Random } from '../../../src-main/curation/random.ts'
import { normaliseRows } from '../../../src-main/learning/evaluation/embedding-set.ts'
import type { WindowSet } from '../../../src-main/learning/data/window-set.ts'

/** Whose heart the ECG beside a training recording shows. */
export type Situation = PlantedSituation
export const situations: readonly Situation[] = PlantedSituation.options

export interface PlantedOptions {
  readonly situation: Situation
  readonly seed: number
  /** People to learn from, one recording each, and other people to be told apart, two recordings each. */
  readonly trainingPeople?: number
  readonly testPeople?: number
  /** Of a training recording, and of a test recording. */
  readonly trainingWindows?: number
  readonly testWindows?: number
  /** Deviation of a PPG sample's noise; a factor's wave has an amplitude of about 1. */
  readonly ppgNoise?: number
  readonly ecgNoise?: number
}

export interface PlantedSet {
  /** Training, enrolment and test of the student's modality. */
  readonly ppg: WindowSet
  /** The training recordings alone: window i of a recording is of the same moment as its PPG's window i. */
  readonly ecg: WindowSet
  /** Factors of recording r: `person[r]`, `stranger[r]` and `shown[r]`, those that its ECG shows. */
  readonly person: readonly (readonly number[])[]
  readonly stranger: readonly (readonly number[])[]
  readonly shown: readonly (readonly number[])[]
  /** What the best linear reading of the PPG gives: unit-length factors of every window, of whom `of` says. */
  oracle(of: 'person' | 'stranger' | 'both'): { readonly dimension: number; readonly vectors: Float32Array }
}

export const windowLength = 40
export const ppgRateHz = 40
const factors = 4
/** Waves a window, of what is the same in everybody: beside those of the factors, 1 to 4. */
const carriers = { ecg: 7, ppg: 6 }

/**
 * Two modalities with a planted answer to the question whether one can teach the other.
 *
 * A PPG window is a carrier, plus the wave of the person, plus the wave of a stranger who was recorded through the same sensor that day, plus noise:
 *
 *     ppg(t) = c(t) + Σ_k z_k(person) p_k(t) + Σ_k z_k(stranger) q_k(t) + noise,    k = 1..4
 *
 * with z standard normal. p_k and q_k are cosine and sine of k waves a window, and a coin decides for each k which of the two is the person's: both have the same spectrum, the same power and the same place in
 * the formula. An ECG window is a carrier of its own plus Σ_k z_k(somebody) e_k(t): waves of another kind, hardly any noise. The three situations differ in nothing but who that somebody is.
 *
 * Every training person has one recording, so person and stranger change together: nothing in PPG and labels says which waves are the person's. Exchanging p and q gives a training set that is exactly as
 * likely, so whatever a learner does with PPG and labels, it cannot on average do better than to take both for the person; but the people to be tested are recorded twice, with two strangers, and whoever looks at
 * the person's waves alone tells them apart much better. That is known to the ECG, or is not:
 *
 * - `helps`: the ECG is the labelled person's. Only the person's waves in the PPG go with it.
 * - `no-effect`: it is that of a third person, who is in no PPG. It says nothing about which waves are whose, by the same exchange of p and q.
 * - `harms`: it is the stranger's: the wrong person's ECG under the label. What goes with it in the PPG is what will be different next time.
 *
 * `oracle` reads the factors off a PPG window by projection: how well `person` and `both` tell the test people apart is how much there is to be gained, how badly `stranger` does how much there is to be lost
 * (EER of single windows over five seeds: 1.0, 22.7 and 50.1 %).
 */
export function plantedSet(options: PlantedOptions): PlantedSet {
  const { situation, seed, trainingPeople = 90, testPeople = 60, trainingWindows = 8, testWindows = 6, ppgNoise = 0.5, ecgNoise = 0.2 } = options
  const coin = Random.of('planted waves', seed)
  const sides = Array.from({ length: factors }, () => coin.below(2))
  const own = sides.map((side, k) => wave(k + 1, side))
  const other = sides.map((side, k) => wave(k + 1, 1 - side))
  const heart = Array.from({ length: factors }, (_, k) => wave(factors - k, k % 2))
  const people = trainingPeople + testPeople
  const recordings = Array.from({ length: trainingPeople + 2 * testPeople }, (_, r) => {
    const subject = r < trainingPeople ? r : trainingPeople + ((r - trainingPeople) >> 1)
    const visit = r < trainingPeople ? 1 : 1 + ((r - trainingPeople) & 1)
    return { id: `r${r}`, session: `day ${visit}`, subject, startedAt: `2026-01-0${visit}T10:00:00.000Z`, rowRateHz: ppgRateHz }
  })
  const draw = (purpose: string, count: number): number[][] => {
    const normal = gaussians(Random.of(`planted ${purpose}`, seed))
    return Array.from({ length: count }, () => Array.from({ length: factors }, normal))
  }
  const persons = draw('people', people)
  const person = recordings.map(({ subject }) => persons[subject])
  const stranger = draw('strangers', recordings.length)
  const third = draw('third people', recordings.length)
  const shown = { helps: person, 'no-effect': third, harms: stranger }[situation]
  const roleOf = (r: number): number => (r < trainingPeople ? 0 : 1 + ((r - trainingPeople) & 1))
  const common = { rateHz: ppgRateHz, length: windowLength, channels: 1, subjects: Array.from({ length: people }, (_, i) => `S${String(i + 1).padStart(3, '0')}`), recordings, roles: ['train', 'enrol', 'test', 'validation'] as const }
  const columns = (count: number, windowsOf: (r: number) => number, fill: (r: number, t: number) => number, noise: number, purpose: string): WindowSet => {
    const rows = recordings.slice(0, count).flatMap((_, r) => Array.from({ length: windowsOf(r) }, (_, i) => [r, i] as const))
    const normal = gaussians(Random.of(`planted ${purpose} noise`, seed))
    const samples = Float32Array.from({ length: rows.length * windowLength }, (_, i) => fill(rows[Math.floor(i / windowLength)][0], i % windowLength) + noise * normal())
    return {
      ...common, samples: standardised(samples), subject: Int32Array.from(rows, ([r]) => recordings[r].subject), recording: Int32Array.from(rows, ([r]) => r), role: Uint8Array.from(rows, ([r]) => roleOf(r)),
      row: Float64Array.from(rows, ([, i]) => i * windowLength), contentHash: `planted ${purpose} ${JSON.stringify(options)}`,
    }
  }
  const sum = (z: readonly number[], waves: readonly (readonly number[])[], t: number): number => z.reduce((all, value, k) => all + value * waves[k][t], 0)
  const carrier = { ecg: wave(carriers.ecg, 1), ppg: wave(carriers.ppg, 1) }
  const ppg = columns(recordings.length, (r) => (r < trainingPeople ? trainingWindows : testWindows), (r, t) => 0.5 * carrier.ppg[t] + sum(person[r], own, t) + sum(stranger[r], other, t), ppgNoise, 'ppg')
  const ecg = columns(trainingPeople, () => trainingWindows, (r, t) => 0.5 * carrier.ecg[t] + sum(shown[r], heart, t), ecgNoise, 'ecg')
  return {
    ppg, ecg, person, stranger, shown,
    oracle(of) {
      const waves = { person: own, stranger: other, both: [...own, ...other] }[of]
      const vectors = Float32Array.from({ length: ppg.subject.length * waves.length }, (_, i) => {
        const from = Math.floor(i / waves.length) * windowLength
        return waves[i % waves.length].reduce((all, value, t) => all + value * ppg.samples[from + t], 0)
      })
      return { dimension: waves.length, vectors: normaliseRows(vectors, waves.length) }
    },
  }
}

/** So many cosine (0) or sine (1) waves a window; all of them are orthogonal. */
const wave = (count: number, side: number): number[] => Array.from({ length: windowLength }, (_, t) => Math.cos((2 * Math.PI * count * t) / windowLength - (side * Math.PI) / 2))

/** Every window with mean 0 and deviation 1, as windows are cut. */
function standardised(samples: Float32Array): Float32Array {
  for (let from = 0; from < samples.length; from += windowLength) {
    const window = samples.subarray(from, from + windowLength)
    const mean = window.reduce((all, value) => all + value, 0) / windowLength
    const deviation = Math.sqrt(window.reduce((all, value) => all + (value - mean) ** 2, 0) / windowLength)
    window.forEach((value, t) => (window[t] = (value - mean) / deviation))
  }
  return samples
}

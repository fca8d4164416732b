/*
 * Hearts that are hard to follow, with planted beats: every case is one difficulty of clinical recordings (conduction, rhythm, size, noise, contact),
 * built from Gaussian waves. Nothing here was fitted to any recording.
 */

export interface StressCase {
  readonly name: string
  readonly rateHz: number
  readonly samples: Float32Array
  /** Rows of the planted ventricular beats. */
  readonly beats: readonly number[]
  /** Spans of rows in which nothing can be found and nothing counts. */
  readonly unscored: readonly (readonly [number, number])[]
}

type Wave = readonly [offsetSeconds: number, widthSeconds: number, millivolts: number]

const shapes = {
  normal: [[-0.16, 0.022, 0.12], [-0.025, 0.009, -0.15], [0, 0.011, 1.1], [0.027, 0.01, -0.25], [0.27, 0.045, 0.3]],
  withoutP: [[-0.025, 0.009, -0.15], [0, 0.011, 1.1], [0.027, 0.01, -0.25], [0.27, 0.045, 0.3]],
  tallT: [[-0.16, 0.022, 0.12], [0, 0.011, 0.8], [0.027, 0.01, -0.2], [0.26, 0.04, 0.9]],
  rightBundle: [[-0.17, 0.022, 0.1], [-0.02, 0.01, 0.3], [0.012, 0.014, -0.5], [0.05, 0.022, 0.9], [0.3, 0.05, -0.3]],
  leftBundle: [[-0.18, 0.022, 0.1], [-0.025, 0.022, 0.8], [0.03, 0.024, 0.9], [0.33, 0.055, -0.4]],
  paced: [[-0.06, 0.0015, 1.5], [-0.02, 0.022, -0.3], [0.03, 0.03, -1.2], [0.33, 0.06, 0.6]],
  ventricular: [[-0.03, 0.028, 0.4], [0.03, 0.032, -1.6], [0.3, 0.07, 0.9]],
  ventricularUp: [[0, 0.034, 1.5], [0.08, 0.03, -0.5], [0.31, 0.065, -0.8]],
} as const satisfies Record<string, readonly Wave[]>

export type ShapeName = keyof typeof shapes
type Planted = readonly [second: number, shape: ShapeName]
type Disturbance = (seconds: number) => number

/** Reproducible uniform numbers in 0..1. */
export function uniform(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function gaussian(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

const caseSeconds = 90

function regular(bpm: number, shape: ShapeName, random: () => number): Planted[] {
  const beats: Planted[] = []
  const breath = random() * 6
  for (let at = 0.4 + 0.3 * random(); at < caseSeconds - 0.3; at += (60 / bpm) * (1 + 0.04 * Math.sin(breath + at * 1.5) + 0.01 * (random() - 0.5))) beats.push([at, shape])
  return beats
}

function fibrillating(bpm: number, random: () => number): Planted[] {
  const beats: Planted[] = []
  for (let at = 0.5; at < caseSeconds - 0.3; at += Math.max(0.3, (60 / bpm) * (0.6 + 0.8 * random()))) beats.push([at, 'withoutP'])
  return beats
}

/** Every `nth` normal beat is followed by an early ventricular one and a compensatory pause. */
function extrasystoles(bpm: number, nth: number, couplet: boolean, random: () => number): Planted[] {
  const beats: Planted[] = []
  const interval = 60 / bpm
  let at = 0.5
  for (let k = 1; at < caseSeconds - 2; k++) {
    beats.push([at, 'normal'])
    if (k % nth === 0) {
      const early = at + interval * (0.56 + 0.08 * random())
      beats.push([early, 'ventricular'])
      if (couplet) beats.push([early + 0.38 + 0.05 * random(), 'ventricularUp'])
      at = couplet ? early + 0.42 + interval : at + 2 * interval
    } else at += interval * (1 + 0.03 * (random() - 0.5))
  }
  return beats
}

interface Recipe {
  readonly beats: readonly Planted[]
  readonly rateHz?: number
  readonly gain?: (seconds: number) => number
  readonly add?: readonly Disturbance[]
  readonly dropouts?: readonly (readonly [number, number])[]
}

function record(name: string, seed: number, { beats, rateHz = 360, gain = () => 1, add = [], dropouts = [] }: Recipe): StressCase {
  const samples = new Float32Array(Math.round(caseSeconds * rateHz))
  const scale = gaussian(uniform(seed + 77))
  for (const [second, shape] of beats) {
    // The muscle of each beat differs a little from the last one's.
    const size = gain(second) * (1 + 0.05 * scale())
    for (const [offset, width, millivolts] of shapes[shape]) {
      const centre = second + offset
      for (let row = Math.max(0, Math.ceil((centre - 4 * width) * rateHz)); row <= Math.min(samples.length - 1, (centre + 4 * width) * rateHz); row++) {
        samples[row] += size * millivolts * Math.exp(-(((row / rateHz - centre) / width) ** 2) / 2)
      }
    }
  }
  const hiss = gaussian(uniform(seed + 5))
  for (let row = 0; row < samples.length; row++) {
    for (const disturbance of add) samples[row] += disturbance(row / rateHz)
    // 10 microvolts of amplifier noise, 5 microvolts per count.
    samples[row] = Math.round((samples[row] + 0.01 * hiss()) * 200) / 200
  }
  const unscored = dropouts.map(([from, to]) => [Math.round((from - 0.15) * rateHz), Math.round((to + 0.15) * rateHz)] as const)
  for (const [from, to] of dropouts) samples.fill(Number.NaN, Math.round(from * rateHz), Math.round(to * rateHz))
  return { name, rateHz, samples, beats: beats.map(([second]) => Math.round(second * rateHz)), unscored }
}

const wander = (millivolts: number): Disturbance => (t) => millivolts * (0.7 * Math.sin(2 * Math.PI * 0.23 * t) + 0.3 * Math.sin(2 * Math.PI * 0.61 * t + 1))
const mains = (millivolts: number, hz: number): Disturbance => (t) => millivolts * Math.sin(2 * Math.PI * hz * t)

/** Muscle noise (white) in bursts: on for `on` of every `every` seconds. */
function bursts(millivolts: number, on: number, every: number, random: () => number): Disturbance {
  const noise = gaussian(random)
  return (t) => (t % every < on ? millivolts * noise() : 0)
}

/** An electrode that moves: a jump within 60 ms that the amplifier's high-pass lets decay. */
function steps(millivolts: number, every: number, random: () => number): Disturbance {
  const jumps = Array.from({ length: Math.floor(caseSeconds / every) }, (_, k) => [(k + 0.3 + 0.4 * random()) * every, random() < 0.5 ? -millivolts : millivolts] as const)
  return (t) => jumps.reduce((sum, [at, size]) => (t > at && t < at + 5 ? sum + size * (1 - Math.exp(-(((t - at) / 0.06) ** 2))) * Math.exp(-(t - at) / 0.8) : sum), 0)
}

const fibrillation: Disturbance = (t) => 0.06 * Math.sin(2 * Math.PI * 6.2 * t + 2 * Math.sin(t)) + 0.03 * Math.sin(2 * Math.PI * 7.9 * t)

export function stressCases(seed: number): StressCase[] {
  const random = uniform(seed)
  const inverted = () => -1
  const recipes: Record<string, Recipe> = {
    'rest 72': { beats: regular(72, 'normal', random) },
    'slow 30': { beats: regular(30, 'normal', random) },
    'slow 38 tall T': { beats: regular(38, 'tallT', random) },
    'fast 150': { beats: regular(150, 'normal', random) },
    'fast 220': { beats: regular(220, 'withoutP', random) },
    inverted: { beats: regular(80, 'normal', random), gain: inverted },
    'tall T': { beats: regular(85, 'tallT', random) },
    'right bundle branch block': { beats: regular(75, 'rightBundle', random) },
    'left bundle branch block': { beats: regular(75, 'leftBundle', random) },
    paced: { beats: regular(70, 'paced', random) },
    'paced, inverted, with wander': { beats: regular(70, 'paced', random), gain: inverted, add: [wander(0.5)] },
    bigeminy: { beats: extrasystoles(76, 1, false, random) },
    trigeminy: { beats: extrasystoles(90, 2, false, random) },
    'rare extrasystoles': { beats: extrasystoles(66, 13, false, random) },
    couplets: { beats: extrasystoles(80, 4, true, random) },
    'atrial fibrillation 80': { beats: fibrillating(80, random), add: [fibrillation] },
    'atrial fibrillation 130': { beats: fibrillating(130, random), add: [fibrillation] },
    'low amplitude': { beats: regular(70, 'normal', random), gain: () => 0.2 },
    'low amplitude with wander': { beats: regular(64, 'normal', random), gain: () => 0.25, add: [wander(1)] },
    wander: { beats: regular(70, 'normal', random), add: [wander(1)] },
    'muscle bursts': { beats: regular(75, 'normal', random), add: [bursts(0.15, 4, 11, random)] },
    'muscle always': { beats: regular(82, 'normal', random), add: [bursts(0.12, 1, 1, random)] },
    'muscle over fibrillation': { beats: fibrillating(90, random), add: [fibrillation, bursts(0.1, 5, 13, random)] },
    'mains 50': { beats: regular(70, 'normal', random), add: [mains(0.4, 50)] },
    'mains 60 at 250 Hz': { beats: regular(70, 'normal', random), add: [mains(0.4, 60)], rateHz: 250 },
    'electrode moves': { beats: regular(74, 'normal', random), add: [steps(1.5, 14, random)] },
    'gain changes': { beats: regular(72, 'normal', random), gain: (t) => (Math.floor(t / 17) % 2 === 0 ? 0.4 : 1.6) },
    dropouts: { beats: regular(72, 'normal', random), dropouts: [[12, 17], [40, 45.3], [71, 76]] },
    '125 Hz': { beats: regular(72, 'normal', random), rateHz: 125, add: [wander(0.4)] },
    '1000 Hz with mains': { beats: regular(66, 'normal', random), rateHz: 1000, add: [mains(0.2, 50), wander(0.3)] },
    'extrasystoles in muscle noise': { beats: extrasystoles(78, 5, false, random), add: [bursts(0.1, 6, 15, random)] },
    'changing posture': { beats: regular(75, 'normal', random), gain: (t) => 0.8 + 0.35 * Math.sin(t / 9), add: [wander(0.6)] },
  }
  return Object.entries(recipes).map(([name, recipe], k) => record(name, 1000 * seed + k, recipe))
}

/** Beats and detections without those in unscored spans. */
export function scored(rows: readonly number[], spans: StressCase['unscored']): number[] {
  return rows.filter((row) => !spans.some(([from, to]) => row >= from && row <= to))
}

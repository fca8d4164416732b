import type { LaneSpec } from '../../contract/index.ts'
import type { EcgModel } from './ecg-model.ts'
import { millivoltScale, pulseScale, unitScale, type LaneScale } from './lane-scale.ts'
import { ecgNoise, ppgNoise, type NoiseLevels } from './noise.ts'
import type { PpgModel } from './ppg-model.ts'
import { Random } from './random.ts'

/** The body over one block of rows, shared by all lanes. */
export interface BodyBlock {
  readonly rows: number
  /** Time of row 0, s, and between rows, s. */
  readonly firstSeconds: number
  readonly stepSeconds: number
  /** Heart vector, mV. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly z: Float64Array
  /** Pulse at the finger, 0..about 1. */
  readonly pulse: Float64Array
  /** -1 (out) to 1 (in). */
  readonly breathing: Float64Array
  /** 0 (still) to 1. */
  readonly motion: Float64Array
}

/** One lane's signal: fills `output` with values that `scale` turns into counts. Called block after block, in order. */
export interface LaneSignal {
  readonly scale: LaneScale
  /** What disturbs this lane, in the unit that it fills; `null` for lanes whose noise is part of the signal. */
  readonly noise: NoiseLevels | null
  fill(body: BodyBlock, output: Float64Array): void
}

export interface LaneContext {
  readonly lane: LaneSpec
  /** How many lanes of the same kind come before this one. */
  readonly position: number
  readonly seed: number
  readonly session: number
  readonly ecg: EcgModel
  readonly ppg: PpgModel
}

/** The signal of a lane by its kind, and by its label where that names a lead, an axis or a colour of light. */
export function laneSignal(context: LaneContext): LaneSignal {
  switch (context.lane.kind) {
    case 'ecg':
      return ecgSignal(context)
    case 'ppg':
      return ppgSignal(context)
    case 'respiration':
    case 'bioimpedance':
      return chestSignal(context)
    case 'emg':
      return emgSignal(context)
    case 'eda':
      return edaSignal(context)
    case 'acceleration':
      return accelerationSignal(context)
    case 'temperature':
      return slowSignal(unitScale(context.lane, 'degC', 60), (t) => 33 + 1.2 * (1 - Math.exp(-t / 300)) + 0.05 * Math.sin(t / 47))
    case 'aux':
      return slowSignal(unitScale(context.lane, '', 1), (t) => 0.2 * Math.sin(2 * Math.PI * (0.1 + 0.03 * context.position) * t))
  }
}

function ecgSignal({ lane, position, ecg }: LaneContext): LaneSignal {
  const [a, b, c] = ecg.lead(lane.label, position)
  return {
    scale: millivoltScale(lane),
    noise: ecgNoise,
    fill: ({ rows, x, y, z }, output) => {
      for (let row = 0; row < rows; row++) output[row] = a * x[row] + b * y[row] + c * z[row]
    },
  }
}

function ppgSignal({ lane, ppg }: LaneContext): LaneSignal {
  const red = /\bred\b/i.test(`${lane.label} ${lane.id}`)
  // Ratio of ratios R = (110 - SpO2) / 25, the usual linear calibration (TI SLAA655): red pulsates R times as much as infrared.
  const ratio = red ? (110 - ppg.spo2Percent) / 25 : 1
  return {
    scale: pulseScale(lane, ppg.perfusion * ratio, red ? 0.9 : 1),
    noise: ppgNoise,
    fill: ({ rows, pulse }, output) => {
      for (let row = 0; row < rows; row++) output[row] = pulse[row]
    },
  }
}

/** Chest movement or thoracic impedance: breathing, with a trace of the heart on impedance. */
function chestSignal({ lane }: LaneContext): LaneSignal {
  const heart = lane.kind === 'bioimpedance' ? 0.06 : 0
  return {
    scale: unitScale(lane, 'ohm', 8),
    noise: { ...ppgNoise, drift: 0.1, breathing: 0, white: 0.01 },
    fill: ({ rows, breathing, pulse }, output) => {
      for (let row = 0; row < rows; row++) output[row] = breathing[row] - heart * pulse[row]
    },
  }
}

/** Muscle at rest with a contraction of two seconds about every twelve. */
function emgSignal({ lane, position, seed, session }: LaneContext): LaneSignal {
  const random = Random.named(seed, 'emg', session, position)
  let previous = 0
  return {
    scale: millivoltScale(lane),
    noise: null,
    fill: ({ rows, firstSeconds, stepSeconds }, output) => {
      for (let row = 0; row < rows; row++) {
        const cycle = ((firstSeconds + row * stepSeconds + 3 * position) % 12) / 2
        const level = 0.008 + (cycle < 1 ? 0.25 * Math.sin(Math.PI * cycle) ** 2 : 0)
        const white = random.normal()
        output[row] = level * 0.7071 * (white - previous)
        previous = white
      }
    },
  }
}

/** Skin conductance, uS: a tonic level and responses with a fast rise and a slow fall. */
function edaSignal({ lane, position, seed, session }: LaneContext): LaneSignal {
  const random = Random.named(seed, 'eda', session, position)
  const tonic = 4 * random.factor(0.4)
  let response = 0
  let drive = 0
  return {
    scale: unitScale(lane, 'uS', 25),
    noise: null,
    fill: ({ rows, stepSeconds }, output) => {
      for (let row = 0; row < rows; row++) {
        if (random.uniform() < stepSeconds / 20) drive += 0.4 + 0.6 * random.uniform()
        drive -= (drive * stepSeconds) / 0.7
        response += stepSeconds * (drive / 0.7 - response / 3)
        output[row] = tonic + response + 0.002 * random.normal()
      }
    },
  }
}

/** Gravity along one axis of a board worn upright, with breathing, the recoil of each beat, and movements. */
function accelerationSignal({ lane, position, seed, session }: LaneContext): LaneSignal {
  const random = Random.named(seed, 'acceleration', session, position)
  const named = 'xyz'.indexOf((/\b([xyz])\b/i.exec(`${lane.label} ${lane.id}`)?.[1] ?? '').toLowerCase())
  const axis = (named > 0 || /\bx\b/i.test(`${lane.label} ${lane.id}`) ? named : position) % 3
  const gravity = [0.08, -0.17, 0.98][axis] + 0.03 * random.normal()
  return {
    scale: unitScale(lane, 'g', 4),
    noise: null,
    fill: ({ rows, breathing, pulse, motion }, output) => {
      for (let row = 0; row < rows; row++) {
        const moving = motion[row] > 0 ? 0.3 * motion[row] * random.normal() : 0
        output[row] = gravity + 0.006 * breathing[row] + 0.002 * pulse[row] + 0.002 * random.normal() + moving
      }
    },
  }
}

function slowSignal(scale: LaneScale, value: (seconds: number) => number): LaneSignal {
  return {
    scale,
    noise: null,
    fill: ({ rows, firstSeconds, stepSeconds }, output) => {
      for (let row = 0; row < rows; row++) output[row] = value(firstSeconds + row * stepSeconds)
    },
  }
}

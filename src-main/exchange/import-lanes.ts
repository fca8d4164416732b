import type { LaneKind, LaneSpec } from '../contract/index.ts'
import type { SignalSource, SourceSignal } from '../formats/signal-source.ts'
import type { RuleSet } from './rule-text.ts'

/** Counts are stored in 32 bits at most, and the lowest means "no value". */
const lowestCount = -(2 ** 31) + 1
const highestCount = 2 ** 31 - 1

/*
 * What labels mean, first match wins. Leads as MIT-BIH, MIMIC, PTB and clinical devices name them; `EXG` is OpenBCI's name for an electrode of any kind, in this
 * laboratory's recordings an ECG's. A voltage lead needs a voltage or no unit: `V` alone may also be a valve.
 */
const meanings: readonly { readonly kind: LaneKind; readonly label: RegExp; readonly unit?: RegExp }[] = [
  { kind: 'acceleration', label: /acc|gyro/i },
  { kind: 'emg', label: /emg/i },
  { kind: 'eda', label: /\beda\b|gsr|galvanic|skin cond/i },
  { kind: 'temperature', label: /temp/i },
  { kind: 'ppg', label: /pleth|ppg|bvp/i },
  { kind: 'ppg', label: /\bpulse\b/i, unit: /^(nu|count|adu)?$/i },
  { kind: 'respiration', label: /resp|thor|abdo|\bimp/i },
  { kind: 'ecg', label: /ecg|ekg|exg/i },
  { kind: 'ecg', label: /^(lead )?(i{1,3}|av[rlf]|v[1-9]?r?|v[xyz]|ml?[iv]{1,4}|mcl ?\d?|mod\.?v?\d?|c[mcs]\d|d[1-4]|nasa)$/i, unit: /^[nuµm]?v$|^(nu|count|adu)?$/i },
]

/** What a signal measures, as far as its label and unit tell. @example guessKind('MLII', 'mV') // 'ecg' */
export function guessKind(label: string, unit: string): LaneKind {
  return meanings.find((meaning) => meaning.label.test(label.trim()) && (meaning.unit?.test(unit.trim()) ?? true))?.kind ?? 'aux'
}

/** A signal's place in the recording. */
export interface ImportLane extends LaneSpec {
  /** The file counts downwards (EDF with its physical minimum above its maximum): counts are stored with the other sign, so that the gain is positive. */
  readonly negated: boolean
  /** Samples per frame. */
  readonly samples: number
}

/** Rows of the recording per frame of the source: those of its fastest signal. */
export function rowsPerFrame(source: Pick<SignalSource, 'signals'>): number {
  return Math.max(1, ...source.signals.map((signal) => signal.samplesPerFrame))
}

/** The lanes that a source's signals become, in the file's order. */
export function importLanes(source: Pick<SignalSource, 'signals' | 'rateHz' | 'format'>, rules: RuleSet): ImportLane[] {
  const widest = rowsPerFrame(source)
  const ids = new Set<string>()
  return source.signals.map((signal, i) => {
    const label = signal.label.trim() === '' ? `Signal ${i + 1}` : signal.label.trim().slice(0, 80)
    const slower = signal.samplesPerFrame < widest
    return {
      id: uniqueId(label, i, ids),
      label,
      kind: rules.laneKind(label) ?? guessKind(label, signal.unit),
      ...scaleOf(signal, source.format),
      bits: Math.max(1, Math.min(32, Math.round(signal.bits))),
      sparse: slower,
      ...(slower && { rateHz: signal.samplesPerFrame * source.rateHz }),
      held: false,
      samples: signal.samplesPerFrame,
    }
  })
}

function scaleOf(signal: SourceSignal, format: SignalSource['format']): Pick<ImportLane, 'unit' | 'gainCountsPerUnit' | 'baseline' | 'minimum' | 'maximum' | 'negated'> {
  const negated = signal.gainCountsPerUnit < 0
  const sign = negated ? -1 : 1
  const known = Number.isFinite(signal.gainCountsPerUnit) && signal.gainCountsPerUnit !== 0
  // A WFDB header without a gain makes no claim about units; the format's 200 counts per mV would be one.
  const calibrated = known && (signal.calibrated || format !== 'wfdb')
  const [low, high] = negated ? [-signal.maximum, -signal.minimum] : [signal.minimum, signal.maximum]
  return {
    unit: calibrated && signal.unit.trim() !== '' ? signal.unit.trim().slice(0, 40) : 'count',
    gainCountsPerUnit: calibrated ? Math.abs(signal.gainCountsPerUnit) : 1,
    baseline: calibrated ? sign * signal.baseline || 0 : 0,
    minimum: Math.max(lowestCount, Math.min(low, high)),
    maximum: Math.min(highestCount, Math.max(low, high)),
    negated,
  }
}

function uniqueId(label: string, index: number, taken: Set<string>): string {
  const slug = label.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40) || `lane-${index + 1}`
  let id = slug
  for (let n = 2; taken.has(id); n++) id = `${slug}-${n}`
  taken.add(id)
  return id
}

/** What recording.json says of a lane. */
export function laneSpec({ negated: _negated, samples: _samples, ...lane }: ImportLane): LaneSpec {
  return lane
}

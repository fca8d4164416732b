import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SplitOptions, SubjectCode, type LaneSpec, type Recording, type SplitOptionsInput } from '../../src-main/contract/index.ts'
import type { Dataset } from '../../src-main/dataset/dataset.ts'
import { recordingHeader } from '../../src-main/formats/recording-header.ts'
import { formatHeader } from '../../src-main/formats/wfdb-header.ts'
import { annotationCode, writeAnnotations } from '../../src-main/formats/wfdb-annotations.ts'
import { SignalEncoder, wfdbFormatFor } from '../../src-main/formats/wfdb-signal.ts'
import { aRecording } from '../dataset/a-recording.ts'

export interface MadeRecording {
  readonly id: string
  readonly subject: string
  readonly startedAt: string
  /** Lane by lane; -2^31 is missing. */
  readonly counts: readonly (readonly number[])[]
  readonly lanes?: readonly Partial<LaneSpec>[]
  readonly rateHz?: number
  /** Rows of the detector's beats, on lane 0. */
  readonly beats?: readonly number[]
  readonly more?: Partial<Record<keyof Recording, unknown>>
}

const sha = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** A complete recording in the dataset: signals, recording.json, and the offline detector's beats. */
export async function addRecording(dataset: Dataset, { id, subject, startedAt, counts, lanes = [], rateHz = 250, beats = [], more = {} }: MadeRecording): Promise<Recording> {
  const specs = counts.map((_, i) => ({
    id: i === 0 ? 'ecg' : `lane-${i}`, label: i === 0 ? 'ECG' : `Lane ${i}`, kind: 'ecg', unit: 'mV', gainCountsPerUnit: 200, baseline: 0, bits: 12, minimum: -2048, maximum: 2047, ...lanes[i],
  }))
  const rows = counts[0].length
  const device = { profile: 'test-board', protocol: 'test', settings: {}, rateHz, counter: null, lanes: specs, frameBytes: null }
  const plain = aRecording({ subject, startedAt, lanes: specs, device, rows, seconds: rows / rateHz, declaredRateHz: rateHz, ...more, id })
  const encoder = new SignalEncoder(counts.length, wfdbFormatFor(plain.lanes))
  const dat = encoder.encode(Int32Array.from({ length: rows * counts.length }, (_, i) => counts[i % counts.length][Math.floor(i / counts.length)]))
  const hea = formatHeader(recordingHeader(plain, encoder, rateHz))
  const contentHash = sha(Buffer.concat([dat, Buffer.from(hea)]))
  const files = [['signals.hea', Buffer.from(hea)], ['signals.dat', dat]] as const
  const recording = { ...plain, contentHash, files: files.map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha(bytes) })) }
  if (dataset.subjects.known(subject) === null) await dataset.subjects.add({ code: SubjectCode.parse(subject), consent: 'granted' })
  const folder = await dataset.recordings.create(recording)
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes)
  const lane = { beats: beats.length, polarity: 1, meanRateBpm: 60, usableSeconds: rows / rateHz, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0, templateCorrelation: 1, kurtosis: 5, skewness: 1, quality: '' }
  const analysis = { formatVersion: 1, detectors: ['pulseprint-qrs@1'], contentHash, lanes: plain.lanes.map((one, i) => ({ ...lane, lane: one.id, detector: i === 0 ? 'pulseprint-qrs@1' : null })) }
  await writeFile(join(folder, 'analysis.json'), JSON.stringify(analysis))
  await writeFile(join(folder, 'analysis.qrs'), writeAnnotations(beats.map((sample) => ({ sample, code: annotationCode('N') ?? 1, subtype: 0, channel: 0, number: 0, text: '' }))))
  return recording
}

/** A version of everything, under no rules but those given. */
export async function freeze(dataset: Dataset, name = 'v1', rules: Parameters<Dataset['versions']['create']>[0]['rules'] = []): Promise<void> {
  await dataset.versions.create({ name, note: 'a note of Anna Operator', rules, overrides: [], candidates: await dataset.candidates.collect() })
}

export async function divide(dataset: Dataset, options: SplitOptionsInput, version = 'v1', name = 's1'): Promise<void> {
  await dataset.splits.create(version, name, SplitOptions.parse(options))
}

/** Made-up counts: a spike once a second on a slow wave, in whole numbers, different for each seed. */
export function spikes(rows: number, rateHz: number, seed: number): number[] {
  return Array.from({ length: rows }, (_, row) => Math.round(600 * Math.exp(-(((row % rateHz) - rateHz / 2) ** 2) / 40) + 40 * Math.sin((row * (3 + seed)) / rateHz) + ((row * 7 + seed * 13) % 5)) || 0)
}

/** Rows of those spikes. */
export const spikeRows = (rows: number, rateHz: number): number[] => Array.from({ length: Math.floor(rows / rateHz) }, (_, i) => i * rateHz + rateHz / 2)

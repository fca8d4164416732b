import type { DatasetId, RecordingId, SubjectCode } from '../../src-main/contract/ids.ts'
import type { AcquisitionStatus } from '../../src-main/contract/schemas/acquisition.ts'
import type { DatasetSummary, Subject } from '../../src-main/contract/schemas/dataset.ts'
import type { DeviceConfiguration, LaneSpec } from '../../src-main/contract/schemas/device.ts'
import type { RecordingProtocol } from '../../src-main/contract/schemas/protocol.ts'
import type { Recording, RecordingListItem } from '../../src-main/contract/schemas/recording.ts'

export const datasetId = '7b1c5c5e-4c1f-4d58-9f6b-2f6f5a2c1d10' as DatasetId

export const summary: DatasetSummary = {
  path: '/data/lab',
  info: { id: datasetId, name: 'Test lab', formatVersion: 1, createdAt: '2026-01-05T10:00:00.000+01:00', licence: '', ethics: '', synthetic: false },
  subjects: 2,
  recordings: 3,
  seconds: 600,
  freeBytes: 250e9,
  interrupted: [],
}

export function subject(code: string, change: Partial<Subject> = {}): Subject {
  return {
    code: code as SubjectCode,
    consent: 'granted',
    consentAt: '2026-01-05T10:00:00.000+01:00',
    birthYear: 1990,
    sex: 'female',
    notes: '',
    tags: [],
    createdAt: '2026-01-05T10:00:00.000+01:00',
    updatedAt: '2026-01-05T10:00:00.000+01:00',
    recordings: 0,
    sessions: 0,
    ...change,
  }
}

export function lane(id: string, change: Partial<LaneSpec> = {}): LaneSpec {
  return { id, label: id.toUpperCase(), kind: 'ecg', unit: 'mV', gainCountsPerUnit: 1000, baseline: 0, bits: 24, minimum: -8388608, maximum: 8388607, sparse: false, held: false, ...change }
}

export const configuration: DeviceConfiguration = {
  profile: 'cyton',
  protocol: 'cyton',
  settings: {},
  rateHz: 250,
  counter: { modulus: 256, step: 1 },
  lanes: [lane('ch1'), lane('ch2', { kind: 'ppg', unit: 'count' }), lane('acc-x', { kind: 'acceleration', unit: 'g', sparse: true })],
  frameBytes: 33,
  rowsPerFrame: 1,
}

export const idle: AcquisitionStatus = {
  connection: 'disconnected',
  source: null,
  configuration: null,
  identity: '',
  error: null,
  rowsReceived: 0,
  rowsLost: 0,
  lossRatio: 0,
  lossCertainty: 'certain',
  bytesSkipped: 0,
  declaredRateHz: null,
  measuredRateHz: null,
  ppm: null,
  lanes: [],
  heartRateBpm: null,
  heartRateLane: null,
  alarms: [],
  recording: null,
}

export const streaming: AcquisitionStatus = {
  ...idle,
  connection: 'streaming',
  source: { kind: 'demo', profile: 'cyton', seed: 1, faults: '', settings: {} },
  configuration,
  rowsReceived: 5000,
  declaredRateHz: 250,
  measuredRateHz: 250.003,
  ppm: 12,
  heartRateBpm: 68.4,
  heartRateLane: 'ch1',
  lanes: configuration.lanes.map((spec) => ({ lane: spec.id, level: 'good', contact: 'on', saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0.02, motionRatio: 0.01, rateBpm: spec.kind === 'ecg' ? 68.4 : null })),
}

export const protocol: RecordingProtocol = {
  id: 'rest',
  name: { en: 'Rest and breathing', 'zh-CN': '静息与呼吸' },
  description: { en: 'Sit still, then breathe with the circle.' },
  steps: [
    { id: 'rest', text: { en: 'Sit still', 'zh-CN': '静坐' }, seconds: 120 },
    { id: 'breathe', text: { en: 'Breathe with the circle' }, seconds: 60, breathsPerMinute: 6 },
  ],
  markers: [{ code: 'cough', text: { en: 'Cough', 'zh-CN': '咳嗽' } }, { code: 'talk', text: { en: 'Talking' } }],
}

export const recordingIds = ['01J8Z3K4M5N6P7Q8R9S0T1V2W3', '01J8Z3K4M5N6P7Q8R9S0T1V2W4', '01J8Z3K4M5N6P7Q8R9S0T1V2W5'] as RecordingId[]

export function listItem(id: RecordingId, change: Partial<RecordingListItem> = {}): RecordingListItem {
  return {
    id,
    subject: 'S001' as SubjectCode,
    state: 'finished',
    startedAt: '2026-02-03T09:15:00.000+01:00',
    timeZone: 'Europe/Berlin',
    protocol: null,
    seconds: 120,
    rows: 30000,
    lostRows: 0,
    lossCertainty: 'certain',
    declaredRateHz: 250,
    measuredRateHz: 250.003,
    ppm: 12,
    notes: '',
    usableRatio: 110 / 120,
    meanRateBpm: 66,
    warnings: 0,
    profile: 'cyton',
    session: '2026-02-03',
    dateUnknown: false,
    findings: [],
    contentHash: 'a'.repeat(64),
    gaps: 0,
    lanes: [{ id: 'ch1', label: 'CH1', kind: 'ecg', unit: 'mV' }],
    ...change,
  }
}

export function recording(id: RecordingId, change: Partial<Recording> = {}): Recording {
  const item = listItem(id)
  return {
    formatVersion: 1,
    id,
    subject: item.subject,
    state: 'finished',
    startedAt: item.startedAt,
    timeZone: item.timeZone,
    station: 'bench-1',
    operator: 'MK',
    notes: '',
    protocol: null,
    override: null,
    device: configuration,
    source: 'demo:1',
    identity: 'OpenBCI V3 8-16 channel',
    lanes: configuration.lanes,
    rows: item.rows,
    seconds: item.seconds,
    declaredRateHz: 250,
    measuredRateHz: 250.003,
    ppm: 12,
    lostRows: 0,
    lossCertainty: 'certain',
    gaps: [],
    markers: [],
    skippedBytes: 0,
    laneSummaries: [{ lane: 'ch1', usableSeconds: 110, saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0.02, meanRateBpm: 66 }],
    warnings: [],
    discarded: null,
    contentHash: 'a'.repeat(64),
    files: [{ name: 'signals.dat', bytes: 1_200_000, sha256: 'b'.repeat(64) }],
    ...change,
  }
}

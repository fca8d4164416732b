import { Recording } from '../../src-main/contract/index.ts'

const lane = { kind: 'ecg', unit: 'mV', gainCountsPerUnit: 200, baseline: 0, bits: 16, minimum: -32767, maximum: 32767 }

/** A valid recording.json with what the test says about it. */
export function aRecording(more: Partial<Record<keyof Recording, unknown>> & { id: string }): Recording {
  const lanes = [{ ...lane, id: 'ecg', label: 'ECG' }, { ...lane, id: 'ppg', label: 'PPG', kind: 'ppg', baseline: 100, gainCountsPerUnit: 4, unit: 'count' }]
  return Recording.parse({
    formatVersion: 1, subject: 'S001', state: 'finished', startedAt: '2026-03-01T14:05:09.123+01:00', timeZone: 'Europe/Berlin', station: 'bench', operator: '',
    notes: '', protocol: null, override: null, source: 'demo:1', identity: '', lanes, rows: 0, seconds: 0, declaredRateHz: 250, measuredRateHz: null, ppm: null,
    device: { profile: 'test', protocol: 'test', settings: {}, rateHz: 250, counter: null, lanes, frameBytes: null },
    lostRows: 0, lossCertainty: 'certain', gaps: [], markers: [], skippedBytes: 0, laneSummaries: [], warnings: [], discarded: null, contentHash: '', files: [],
    ...more,
  })
}

/** @example recordingId(7) // '01ARZ3NDEKTSV4RRFFQ6000007' */
export function recordingId(n: number): string {
  return `01ARZ3NDEKTSV4RRFFQ6${String(n).padStart(6, '0')}`
}

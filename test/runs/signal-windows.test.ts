import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WindowOptions } from '../../src-main/contract/index.ts'
import { signalWindows } from '../../src-main/runs/signal-windows.ts'
import { recordingSignal } from '../../src-main/runs/recording-signal.ts'
import { buildWindowSet } from '../../src-main/runs/window-sets.ts'
import { windowOptionsOf, type WindowSetOptions } from '../../src-main/runs/window-options.ts'
import { identityLab, type IdentityLab } from './an-identity-lab.ts'

let folder = ''
let lab: IdentityLab
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  lab = await identityLab(folder)
}, 120_000)
afterAll(async () => {
  await lab.dataset.close()
  await rm(folder, { recursive: true, force: true })
})

const kinds: readonly [string, Partial<WindowSetOptions>][] = [
  ['single beats', {}],
  ['beats of 500 Hz, all of them', { rateHz: 500, minimumCorrelation: null }],
  ['unfiltered beats', { filtered: false, dropFirstSeconds: 0 }],
  ['summary beats', { mode: 'summary-beat', beatsPerGroup: 4 }],
  ['fixed windows', { mode: 'window', seconds: 3, strideSeconds: 1.3 }],
  ['pulses', { lane: 'ppg', rateHz: 100 }],
]

describe('the windows of a signal that stands by itself', () => {
  it.each(kinds)('are those of a split: %s', async (_, change) => {
    const { dataset } = lab
    const options = windowOptionsOf(WindowOptions.parse(change))
    const { set, report } = await buildWindowSet(dataset, await dataset.splits.get('s1'), options)
    let compared = 0
    for (const [place, { id }] of set.recordings.entries()) {
      const rows = [...set.row.keys()].filter((k) => set.recording[k] === place)
      const recording = await dataset.recordings.get(id)
      if (!recording.lanes.some(({ kind }) => kind === options.lane)) {
        expect(rows).toEqual([])
        await expect(recordingSignal(dataset, recording.id, options)).rejects.toMatchObject({ code: 'lane-missing', data: { lane: options.lane } })
        continue
      }
      const made = signalWindows(await recordingSignal(dataset, recording.id, options), options)
      expect(made.rows).toEqual(rows.map((k) => set.row[k]))
      expect(made.length).toBe(set.length)
      const counted = report.recordings.filter((one) => one.recording === id)
      // A group is one window of several beats; strides at the end of a recording count as refused for a split only.
      if (options.mode === 'beat') expect(made.refused).toBe(counted.reduce((sum, { wanted, kept }) => sum + wanted - kept, 0))
      for (const [k, row] of rows.entries()) {
        const expected = set.samples.subarray(row * set.length, (row + 1) * set.length)
        for (let i = 0; i < set.length; i++) if (Math.abs(made.samples[k * set.length + i] - expected[i]) > 1e-5) throw new Error(`window ${k} of ${id} differs at ${i}: ${made.samples[k * set.length + i]} ${expected[i]}`)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(20)
  })
})

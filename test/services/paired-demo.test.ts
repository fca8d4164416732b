import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PairedDemo } from '../../src-main/contract/index.ts'
import { readAnalysisBeats } from '../../src-main/dataset/analysis.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'
import { planPairedDemo } from '../../src-main/services/paired-plan.ts'

const size = { seed: 5, subjects: 8, sessions: 2, secondsPerRecording: 30, nowMs: Date.UTC(2026, 4, 4, 12) }
const plan = (demo: Omit<Partial<PairedDemo>, 'situation'> & Pick<PairedDemo, 'situation'>) => planPairedDemo(size, PairedDemo.parse(demo))
type Planned = ReturnType<typeof planPairedDemo>['recordings'][number]
const channels = ({ settings }: Planned): unknown => settings?.channels

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-pairs-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('plans whose heart the ECG shows: the person’s, which the pulse has or has not, or the stranger’s of that visit', () => {
  const of = (situation: PairedDemo['situation'], holds: (heart: number, pulse: { heart: number; stranger?: number }) => boolean): void => {
    const { recordings } = plan({ situation })
    expect(recordings).toHaveLength(12)
    for (const { body } of recordings) expect(body?.heart !== undefined && body.pulse !== undefined && holds(body.heart, body.pulse)).toBe(true)
  }
  of('helps', (heart, pulse) => heart === pulse.heart && heart !== pulse.stranger)
  of('no-effect', (heart, pulse) => heart !== pulse.heart && heart !== pulse.stranger)
  of('harms', (heart, pulse) => heart !== pulse.heart && heart === pulse.stranger)
})

it('lets the person stay and the stranger change from visit to visit, and the first half of the people come once', () => {
  for (const situation of ['helps', 'no-effect', 'harms'] as const) {
    const { recordings, subjects } = plan({ situation })
    const bySubject = subjects.map(({ code }) => recordings.filter(({ subject }) => subject === code))
    expect(bySubject.map((visits) => visits.length)).toEqual([1, 1, 1, 1, 2, 2, 2, 2])
    for (const visits of bySubject) {
      expect(new Set(visits.map(({ body }) => body?.pulse?.heart)).size).toBe(1)
      expect(new Set(visits.map(({ body }) => body?.pulse?.stranger)).size).toBe(visits.length)
    }
    // Nobody is anybody else's stranger.
    const everybody = recordings.flatMap(({ body }) => [body?.pulse?.stranger])
    expect(new Set(everybody).size).toBe(recordings.length)
  }
})

it('records ECG and PPG apart, on different days, when it is asked to', () => {
  const { recordings } = plan({ situation: 'helps', unpaired: true })
  expect(recordings).toHaveLength(24)
  const days = new Map<string, Set<string>>()
  for (const recording of recordings) {
    expect([['exg1'], ['ppg']]).toContainEqual(channels(recording))
    const day = new Date(recording.startedAtMs).toDateString()
    days.set(`${recording.subject} ${day}`, (days.get(`${recording.subject} ${day}`) ?? new Set()).add(String(channels(recording))))
  }
  for (const kinds of days.values()) expect(kinds.size).toBe(1)
})

it('has so many people with one modality only, some with ECG and some with PPG', () => {
  const { recordings } = plan({ situation: 'helps', oneModality: 0.5 })
  const kinds = new Map(recordings.map((recording) => [recording.subject, String(channels(recording))]))
  const count = (wanted: string): number => [...kinds.values()].filter((kind) => kind === wanted).length
  expect([count('exg1,ppg'), count('exg1'), count('ppg')]).toEqual([4, 2, 2])
})

/** S001 comes once, S002 twice, S003 twice with ECG only. */
it('makes a whole, verified dataset of them, one that the same seed gives again', async () => {
  const make = async (name: string) => {
    const path = join(folder, name)
    await createDemoDataset(path, { seed: 2, subjects: 3, sessions: 2, secondsPerRecording: 6, paired: PairedDemo.parse({ situation: 'helps', share: 0.8, unpaired: true, oneModality: 0.34 }), nowMs: size.nowMs })
    const dataset = await Dataset.open(path, { access: 'read' })
    const recordings = await Promise.all((await dataset.recordings.list()).map(({ id }) => dataset.recordings.get(id)))
    const found = (await verifyDataset(dataset)).findings
    // Six seconds at 66 a minute: whoever cuts windows around pulses finds them, not only those of the ECG.
    for (const { id, lanes } of recordings) {
      const beats = await readAnalysisBeats(dataset.files, dataset.recordings.folder(id))
      for (const [index, { kind }] of lanes.entries()) if (kind === 'ppg') expect(beats.get(index)?.length).toBeGreaterThan(3)
    }
    await dataset.close()
    return { synthetic: dataset.info.synthetic, found, recordings: recordings.map(({ subject, lanes, rows, laneSummaries }) => ({ subject, lanes: [...new Set(lanes.map(({ kind }) => kind))], rows, laneSummaries })) }
  }
  const first = await make('first')
  expect(first).toMatchObject({ synthetic: true, found: [] })
  expect(first.recordings.map(({ lanes }) => lanes.join()).sort()).toEqual(['ecg', 'ecg', 'ecg', 'ecg', 'ecg', 'ppg', 'ppg', 'ppg'])
  expect(await make('second')).toEqual(first)
})

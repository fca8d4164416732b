import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'
import { planDemo } from '../../src-main/services/demo-plan.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-demo-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the demo dataset', () => {
  it('is a whole, verified dataset of consenting synthetic people with sessions on different days', async () => {
    const path = join(folder, 'demo')
    const progress: (number | null)[][] = []
    const made = await createDemoDataset(path, { seed: 3, subjects: 3, sessions: 2, secondsPerRecording: 12, onProgress: (done, total) => progress.push([done, total]) })
    expect(made).toMatchObject({ subjects: 3, recordings: 7 })
    expect(progress.at(-1)).toEqual([7, 7])
    const dataset = await Dataset.open(path, { access: 'read' })
    expect(dataset.info.synthetic).toBe(true)
    const subjects = await dataset.subjects.list()
    expect(subjects.map((subject) => [subject.code, subject.consent, subject.sessions])).toEqual([['S001', 'granted', 2], ['S002', 'granted', 2], ['S003', 'granted', 2]])
    const recordings = await dataset.recordings.list()
    expect(new Set(recordings.map((item) => item.profile))).toEqual(new Set(['cyton', 'healthypi5', 'shimmer3-exg-ppg']))
    for (const item of recordings) {
      expect(item.state).toBe('finished')
      expect(item.seconds).toBeGreaterThan(11)
      expect(item.seconds).toBeLessThan(12.5)
      expect(Date.parse(item.startedAt)).toBeLessThan(Date.now())
      const rate = item.meanRateBpm
      expect(rate, item.profile).toBeGreaterThan(40)
      expect(rate).toBeLessThan(150)
    }
    expect(recordings.some((item) => item.lostRows > 0 && item.gaps > 0)).toBe(true)
    expect((await verifyDataset(dataset)).findings).toEqual([])
    await dataset.close()
  })

  it('plans the same people for the same seed, in working hours, in the past', () => {
    const size = { seed: 5, subjects: 6, sessions: 2, secondsPerRecording: 30, nowMs: Date.UTC(2026, 4, 4, 12) }
    const plan = planDemo(size)
    expect(planDemo(size)).toEqual(plan)
    expect(planDemo({ ...size, seed: 6 })).not.toEqual(plan)
    expect(plan.recordings).toHaveLength(15)
    for (const { startedAtMs } of plan.recordings) {
      expect(startedAtMs).toBeLessThan(size.nowMs)
      expect(new Date(startedAtMs).getHours()).toBeGreaterThanOrEqual(9)
      expect(new Date(startedAtMs).getHours()).toBeLessThan(18)
    }
    for (const trouble of ['drop', 'leadoff', 'unplug']) expect(plan.recordings.some(({ faults }) => faults.includes(trouble)), trouble).toBe(true)
  })

  it('leaves nothing behind when it is cancelled, and nothing of its own where there was something before', async () => {
    const path = join(folder, 'cancelled')
    const controller = new AbortController()
    const cancelled = createDemoDataset(path, { seed: 1, subjects: 2, sessions: 1, secondsPerRecording: 5, signal: controller.signal, onProgress: () => controller.abort() })
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect(existsSync(path)).toBe(false)
    const mine = mkdtempSync(join(folder, 'mine-'))
    writeFileSync(join(mine, 'notes.txt'), 'mine')
    controller.abort()
    await expect(createDemoDataset(mine, { seed: 1, subjects: 1, secondsPerRecording: 5, signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(readdirSync(mine)).toEqual(['notes.txt'])
    const taken = join(folder, 'demo')
    await expect(createDemoDataset(taken, { seed: 1, subjects: 1 })).rejects.toMatchObject({ code: 'dataset-exists' })
    expect(existsSync(join(taken, 'dataset.json'))).toBe(true)
  })
})

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { AcquisitionSource, AcquisitionStatus, LabError, SubjectCode, type EventName, type LabEmitter } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import type { LinkFactory } from '../../src-main/recording/device-link.ts'
import { AcquisitionService } from '../../src-main/services/acquisition-service.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { RecordService } from '../../src-main/services/record-service.ts'
import { ViewService } from '../../src-main/services/view-service.ts'
import { ObservedLink } from '../recording/observed-link.ts'
import { fakeClock } from './live-fixture.ts'

/** Fakes every timer but `setImmediate`: the disk works in real time while the test owns the clocks. */
export function useVirtualTime(): void {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1, 9), toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
}

/** Lets `ms` of virtual time pass, giving the disk its turns in between. */
export async function pass(ms: number): Promise<void> {
  for (let done = 0; done < ms; done += 50) {
    await vi.advanceTimersByTimeAsync(Math.min(50, ms - done))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const realTimeout = globalThis.setTimeout

/** Waits for `work`, letting about as much virtual time pass as real time: dialogues with the board go on, and a slow disk costs no minutes. */
export async function finished<T>(work: Promise<T>): Promise<T> {
  let pending = true
  const watched = work.finally(() => (pending = false))
  watched.catch(() => undefined)
  while (pending) {
    await vi.advanceTimersByTimeAsync(4)
    await new Promise((resolve) => realTimeout(resolve, 1))
  }
  return watched
}

export interface TestLab {
  readonly dataset: Dataset
  readonly acquisition: AcquisitionService
  readonly record: RecordService
  readonly view: ViewService
  readonly holder: DatasetHolder
  readonly events: { event: EventName; payload: unknown }[]
  /** The link of the newest connection. */
  link(): ObservedLink
  connect(change?: Record<string, unknown>): Promise<void>
  close(): Promise<void>
}

/** The services around a new dataset with the consenting subject S001 and the silent S002, on virtual time. */
export async function testLab(files: Files = nodeFiles): Promise<TestLab> {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-record-'))
  const dataset = await Dataset.create(join(folder, 'lab'), { name: 'test', files })
  await dataset.subjects.add({ code: SubjectCode.parse('S001'), consent: 'granted' })
  await dataset.subjects.add({ code: SubjectCode.parse('S002') })
  let link: ObservedLink | null = null
  const linkFactory: LinkFactory = {
    serial: ({ path }) => {
      throw new LabError('port-not-found', `There is no port ${path}.`, { path })
    },
    demo: ({ configuration, faults, seed }) => (link = new ObservedLink(configuration, faults, seed)),
  }
  const events: TestLab['events'] = []
  const emitter: LabEmitter = {
    emit: (event: EventName, payload: unknown) => {
      if (event === 'acquisition.status') AcquisitionStatus.parse(payload)
      events.push({ event, payload })
    },
  }
  const holder = new DatasetHolder()
  await holder.replace(dataset)
  const view = new ViewService()
  const acquisition = new AcquisitionService({ holder, emitter, clock: fakeClock, linkFactory, view })
  const record = new RecordService({ holder, emitter, clock: fakeClock, acquisition })
  return {
    dataset, acquisition, record, view, holder, events,
    link() {
      if (!link) throw new Error('not connected')
      return link
    },
    async connect(change = {}) {
      await finished(acquisition.connect(AcquisitionSource.parse({ kind: 'demo', seed: 7, ...change })))
    },
    async close() {
      await finished(record.close().catch(() => undefined))
      await finished(acquisition.close())
      await dataset.close()
      vi.useRealTimers()
    },
  }
}

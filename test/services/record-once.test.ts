import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { noValue, SubjectCode } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { configureDevice } from '../../src-main/devices/registry.ts'
import { parseFaults } from '../../src-main/devices/simulation/faults.ts'
import { createPersonSource } from '../../src-main/devices/simulation/person.ts'
import { Simulation } from '../../src-main/devices/simulation/simulation.ts'
import { hostClock } from '../../src-main/recording/clock.ts'
import { DemoLink } from '../../src-main/recording/demo-link.ts'
import type { LinkFactory } from '../../src-main/recording/device-link.ts'
import { hostLinks } from '../../src-main/recording/host-links.ts'
import { recoverDataset } from '../../src-main/recording/recover.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { recordOnce, type RecordOnceOptions } from '../../src-main/services/record-once.ts'
import { FaultyFiles } from '../dataset/faulty-files.ts'
import { readWfdb } from '../pty/wfdb-reader.ts'

async function newLab(): Promise<{ folder: string; dataset: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-once-'))
  const dataset = await Dataset.create(join(folder, 'lab'), { name: 'once' })
  await dataset.subjects.add({ code: SubjectCode.parse('S001'), consent: 'granted' })
  await dataset.subjects.add({ code: SubjectCode.parse('S002'), consent: 'refused' })
  await dataset.close()
  return { folder, dataset: dataset.path }
}

const options = (dataset: string, change: Partial<RecordOnceOptions>): RecordOnceOptions => ({
  dataset, subject: 'S001', device: 'cyton', port: null, demoSeed: null, bytesFile: null, seconds: null, ...change,
})

/** Thirty seconds of a Cyton as captured bytes, and what was really sent. */
function captured(faults: string): { bytes: Uint8Array; truth: ReturnType<Simulation['truth']> } {
  const configuration = configureDevice('cyton')
  const simulation = new Simulation({ configuration, source: createPersonSource(configuration, { seed: 4 }), faults: parseFaults(faults), autostart: true })
  const deliveries = [...simulation.advance(30_000), ...simulation.finish()]
  return { bytes: Buffer.concat(deliveries.map(({ bytes }) => bytes)), truth: simulation.truth() }
}

describe('one recording from the command line', () => {
  it('decodes captured bytes: every sample that was sent, and the lost ones where they are missing', async () => {
    const { folder, dataset } = await newLab()
    const { bytes, truth } = captured('drop=7@12')
    const file = join(folder, 'capture.bin')
    await writeFile(file, bytes)
    const result = await recordOnce(options(dataset, { bytesFile: file }))
    expect(result).toMatchObject({ samples: truth.rows, lost: 7, gaps: 1, rateHz: null, durable: true })
    const record = await readWfdb(join(result.path, 'signals.hea'))
    for (const [lane, signal] of record.signals.entries()) {
      const sent = Array.from({ length: truth.rows }, (_, row) => {
        const count = truth.counts[row * truth.lanes + lane]
        return truth.sent[row] === 0 || count === noValue ? null : count
      })
      expect(signal.samples).toEqual(sent)
    }
    const opened = await Dataset.open(dataset, { access: 'read' })
    expect((await verifyDataset(opened)).findings).toEqual([])
    expect((await opened.recordings.get(result.recording)).source).toBe('bytes:capture.bin')
  })

  it('refuses bytes of another board, and writes nothing', async () => {
    const { folder, dataset } = await newLab()
    const file = join(folder, 'capture.bin')
    await writeFile(file, 'These are not the samples of any board.\n'.repeat(40))
    await expect(recordOnce(options(dataset, { bytesFile: file }))).rejects.toMatchObject({ code: 'device-mismatch', data: { looksLike: expect.stringContaining('text') } })
    await expect(recordOnce(options(dataset, { bytesFile: join(folder, 'none.bin') }))).rejects.toMatchObject({ code: 'file-not-found' })
    const opened = await Dataset.open(dataset, { access: 'read' })
    expect(await opened.recordings.ids()).toEqual([])
  })

  it('records the demo device, and finishes early when it is interrupted', async () => {
    const { dataset } = await newLab()
    const controller = new AbortController()
    const result = await recordOnce(
      options(dataset, {
        demoSeed: 7,
        seconds: 60,
        signal: controller.signal,
        onProgress: (done) => {
          if (done > 0.6) controller.abort()
        },
      }),
    )
    expect(result.lost).toBe(0)
    expect(result.durable).toBe(true)
    expect(result.seconds).toBeGreaterThan(0.3)
    expect(result.seconds).toBeLessThan(30)
  })

  it('ends with the error of a disk that fills up, lets the board go, and keeps what was saved', async () => {
    const { dataset } = await newLab()
    const disk = new FaultyFiles()
    let link: DemoLink | null = null
    const linkFactory: LinkFactory = { ...hostLinks(hostClock), demo: (request) => (link = new DemoLink(request, hostClock)) }
    const recording = recordOnce(
      options(dataset, {
        demoSeed: 7,
        seconds: 60,
        files: disk.files,
        linkFactory,
        onProgress: (done) => {
          if (done > 1.5 && !disk.fault) disk.set({ verb: 'write', errno: 'ENOSPC', path: 'journal-', from: 1, short: 20 })
        },
      }),
    )
    await expect(recording).rejects.toMatchObject({ code: 'dataset-full' })
    // A link that is still open keeps its timer, and the timer the process.
    await expect((link as DemoLink | null)?.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'port-failed' })
    disk.set(null)
    const writer = await Dataset.open(dataset, { access: 'write' })
    const { recordings, failures } = await recoverDataset(writer)
    await writer.close()
    expect(failures).toEqual([])
    expect(recordings[0].seconds).toBeGreaterThan(1)
    expect(recordings[0].lossy).toBe(true)
  })

  it('asks for consent and a known subject before it touches a board, and gives the lock back', async () => {
    const { dataset } = await newLab()
    await expect(recordOnce(options(dataset, { subject: 'S002', demoSeed: 1 }))).rejects.toMatchObject({ code: 'subject-consent-missing' })
    await expect(recordOnce(options(dataset, { subject: 'S404', demoSeed: 1 }))).rejects.toMatchObject({ code: 'subject-not-found' })
    await expect(recordOnce(options(dataset, { device: 'nope', demoSeed: 1 }))).rejects.toMatchObject({ code: 'device-unknown' })
    const writer = await Dataset.open(dataset, { access: 'write' })
    await expect(recordOnce(options(dataset, { demoSeed: 1 }))).rejects.toMatchObject({ code: 'dataset-locked' })
    await writer.close()
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LabError, RecordingId, SubjectCode } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles, type Files, type OpenFile } from '../../src-main/dataset/files.ts'
import { configureDevice } from '../../src-main/devices/registry.ts'
import type { Clock } from '../../src-main/recording/clock.ts'
import type { RecordingHead } from '../../src-main/recording/journal-payloads.ts'

/** A host clock that a test moves. */
export class ManualClock implements Clock {
  ns = 1e9
  monotonicNs(): number {
    return this.ns
  }
  wallMs(): number {
    return Date.UTC(2026, 2, 1, 13, 5, 9) + this.ns / 1e6
  }
}

/** Remembers what is open, so that a test can leave a recording as a killed program does and still clean up. */
function tracked(files: Files, syncs: boolean): Files & { closeAll(): Promise<void> } {
  const opened = new Set<OpenFile>()
  return {
    ...files,
    async open(path, mode) {
      const file = await files.open(path, mode)
      const handle: OpenFile = {
        ...file,
        sync: () => (syncs ? file.sync() : Promise.resolve()),
        async close() {
          opened.delete(handle)
          await file.close()
        },
      }
      opened.add(handle)
      return handle
    },
    syncFolder: (folder) => (syncs ? files.syncFolder(folder) : Promise.resolve()),
    async closeAll() {
      for (const file of opened) await file.close()
    },
  }
}

/** A new dataset with one consenting subject in a folder of its own. `syncs: false` spares a test that does not pull the plug the waiting. */
export async function newDataset({ syncs = true } = {}): Promise<{ dataset: Dataset; remove: () => Promise<void> }> {
  const files = tracked(nodeFiles, syncs)
  const root = await mkdtemp(join(tmpdir(), 'pulseprint-recording-'))
  const dataset = await Dataset.create(join(root, 'lab'), { name: 'Test', files })
  await dataset.subjects.add({ code: SubjectCode.parse('S001'), consent: 'granted' })
  return {
    dataset,
    remove: async () => {
      await dataset.close()
      await files.closeAll()
      await rm(root, { recursive: true, force: true })
    },
  }
}

let recordings = 0

export function head(profile = 'cyton', subject = 'S001'): RecordingHead {
  recordings += 1
  return {
    id: RecordingId.parse(`01JABCDEFGHJKMNPQRST${String(recordings).padStart(6, '0')}`),
    subject: SubjectCode.parse(subject),
    startedAt: '2026-03-01T14:05:10.000+01:00',
    timeZone: 'Europe/Berlin',
    station: 'bench',
    operator: 'tester',
    notes: 'as found',
    protocol: null,
    override: null,
    device: configureDevice(profile),
    source: 'test',
    identity: '',
  }
}

/** A Cyton packet as the data sheet has it: A0, counter, 8 x 24 bit big endian, 3 x 16 bit, C0. Channel c of sample k is k * 8 + c. */
export function cytonPacket(sample: number): Uint8Array {
  const packet = new Uint8Array(33)
  const view = new DataView(packet.buffer)
  packet[0] = 0xa0
  packet[1] = sample & 0xff
  for (let channel = 0; channel < 8; channel += 1) {
    const value = sample * 8 + channel
    view.setUint16(2 + channel * 3, value >> 8)
    view.setUint8(4 + channel * 3, value)
  }
  packet[32] = 0xc0
  return packet
}

/** Packets `from`..`to` as one chunk. */
export function cytonBytes(from: number, to: number): Uint8Array {
  return Uint8Array.from(Array.from({ length: to - from }, (_, index) => [...cytonPacket(from + index)]).flat())
}

export type Fault = 'ENOSPC' | 'EIO' | 'short'

/** The real file system, except that operation number `at` on a journal file fails, and all after it do too. */
export function faultyFiles(operation: 'write' | 'sync', at: number, fault: Fault): Files & { fired: boolean } {
  let count = 0
  const files: Files & { fired: boolean } = {
    ...nodeFiles,
    fired: false,
    async open(path, mode) {
      const file = await nodeFiles.open(path, mode)
      if (!path.endsWith('.plj') || mode === 'read') return file
      const fail = (): never => {
        files.fired = true
        const code = fault === 'ENOSPC' ? 'dataset-full' : 'file-write-failed'
        throw new LabError(code, `${path}: ${fault}`, { path, errno: fault === 'short' ? 'EIO' : fault })
      }
      return {
        ...file,
        async write(bytes, position) {
          if (operation !== 'write' || (count += 1) < at) return file.write(bytes, position)
          // Half of the bytes reach the disk before it fails.
          if (fault === 'short' && !files.fired) await file.write(bytes.subarray(0, bytes.length >> 1), position)
          return fail()
        },
        async sync() {
          if (operation !== 'sync' || (count += 1) < at) return file.sync()
          return fail()
        },
      }
    },
  }
  return files
}

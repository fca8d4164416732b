import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'
import { listRecordings, recoverAt, redecodeAt, showRecording, verifyAt } from '../../src-main/services/tasks.ts'

let dataset = ''
/** Folders of the two recordings. */
let folders: string[] = []

beforeEach(async () => {
  dataset = join(await mkdtemp(join(tmpdir(), 'pulseprint-redecode-')), 'demo')
  await createDemoDataset(dataset, { seed: 3, subjects: 1, sessions: 2, secondsPerRecording: 4 })
  folders = await Promise.all((await listRecordings(dataset)).map(async ({ id }) => (await showRecording(dataset, id)).path))
})

async function flip(path: string, at: (length: number) => number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at(bytes.length)] ^= 0x10
  await writeFile(path, bytes)
}

const findings = async (): Promise<string[]> => (await verifyAt(dataset, {})).findings.map((finding) => `${finding.file} ${finding.code}`)

describe('redecode', () => {
  it('makes damaged derived files again', async () => {
    await flip(join(folders[0], 'signals.dat'), (length) => length >> 1)
    expect(await findings()).toEqual(['signals.dat recording-checksum-mismatch'])
    expect(await redecodeAt(dataset, null, {})).toMatchObject({ recordings: [{}, {}], failures: [] })
    expect(await findings()).toEqual([])
  })

  it('keeps a good signal whose journal is damaged or incomplete, says so, and goes on with the others', async () => {
    const journal = join(folders[0], 'journal-0001.plj')
    const good = await readFile(journal)
    const names = ['signals.dat', 'signals.hea', 'recording.json']
    const before = await Promise.all(names.map((name) => readFile(join(folders[0], name))))
    const damages = [
      () => flip(journal, (length) => length >> 1),
      () => flip(journal, () => 9),
      () => writeFile(journal, good.subarray(0, good.length - 1)),
      () => writeFile(journal, ''),
    ]
    for (const damage of damages) {
      await damage()
      const report = await redecodeAt(dataset, null, {})
      expect(report.failures).toMatchObject([{ code: 'journal-corrupt' }])
      expect(report.recordings).toHaveLength(1)
      expect(await recoverAt(dataset, {})).toEqual({ recordings: [], failures: [] })
      expect(await Promise.all(names.map((name) => readFile(join(folders[0], name))))).toEqual(before)
      await writeFile(journal, good)
    }
    expect(await findings()).toEqual([])
  })
})

describe('verify', () => {
  it('names every damaged file of a recording', async () => {
    await flip(join(folders[1], 'overview.bin'), (length) => length - 1)
    await flip(join(folders[1], 'signals.dat'), () => 0)
    expect((await findings()).sort()).toEqual(['overview.bin recording-checksum-mismatch', 'signals.dat recording-checksum-mismatch'])
  })
})

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Recording } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { recoverDataset } from '../../src-main/recording/recover.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { createDemoDataset } from '../../src-main/services/demo-dataset.ts'

let path = ''
let folder = ''
let finished = ''

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'pulseprint-begun-')), 'demo')
  await createDemoDataset(path, { seed: 5, subjects: 1, sessions: 2, secondsPerRecording: 3 })
  const dataset = await Dataset.open(path, { access: 'read' })
  const [first] = await dataset.recordings.ids()
  folder = dataset.recordings.folder(first)
  finished = await readFile(join(folder, 'recording.json'), 'utf8')
})

/** Leaves in the folder what a program does that is killed at some instant before the journal. */
async function leave(files: Record<string, string>): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

async function recover(): Promise<{ failures: string[]; findings: string[]; left: boolean }> {
  const dataset = await Dataset.open(path, { access: 'write' })
  const { failures } = await recoverDataset(dataset)
  const { findings } = await verifyDataset(dataset)
  await dataset.close()
  return { failures: failures.map(({ code }) => code), findings: findings.map(({ code }) => code), left: (await readdir(dirname(folder))).length === 2 }
}

describe('a recording that was cut off before its journal was begun', () => {
  it('leaves nothing behind: recover removes the empty folder, and verify is clean', async () => {
    const begins = JSON.stringify({ ...(JSON.parse(finished) as Recording), state: 'recording', rows: 0, seconds: 0, files: [], contentHash: '' })
    const instants: Record<string, string>[] = [{}, { 'recording.json.part': '{"formatV' }, { 'recording.json': begins }, { 'recording.json': begins, 'recording.json.part': '' }]
    for (const files of instants) {
      await mkdir(folder, { recursive: true })
      await leave(files)
      expect(await recover(), JSON.stringify(Object.keys(files))).toEqual({ failures: [], findings: [], left: false })
    }
  })

  it('is not what a finished recording without its files is: that folder stays and is reported', async () => {
    await leave({ 'recording.json': finished })
    expect((await recover()).findings).toContain('recording-incomplete')
    await leave({ 'recording.json': 'damaged' })
    expect(await recover()).toEqual({ failures: ['journal-not-found'], findings: ['dataset-invalid'], left: true })
  })

  it('is not what a recording without its journal is: what is left of that stays, however often recover is run', async () => {
    const begins = JSON.stringify({ ...(JSON.parse(finished) as Recording), state: 'recording', rows: 0, seconds: 0, files: [], contentHash: '' })
    await leave({ 'recording.json': begins, 'signals.dat.part': 'samples' })
    for (let again = 0; again < 3; again++) expect(await recover()).toEqual({ failures: ['journal-not-found'], findings: ['recording-incomplete'], left: true })
    expect(await readFile(join(folder, 'signals.dat.part'), 'utf8')).toBe('samples')
  })

  it('is not what a newer program wrote: that is left alone', async () => {
    const newer = finished.replace('"formatVersion": 1', '"formatVersion": 2')
    await writeFile(join(folder, 'recording.json'), newer)
    expect(await recover()).toEqual({ failures: ['dataset-format-newer'], findings: ['dataset-format-newer'], left: true })
    expect(await readFile(join(folder, 'recording.json'), 'utf8')).toBe(newer)
  })
})

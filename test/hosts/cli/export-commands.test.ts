import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Dataset } from '../../../src-main/dataset/dataset.ts'
import { exportCommands } from '../../../src-main/hosts/cli/commands/export-commands.ts'
import { recordingId } from '../../dataset/a-recording.ts'
import { temporaryFolder } from '../../dataset/temporary-folder.ts'
import { addRecording, divide, freeze, spikeRows, spikes } from '../../exchange/a-lab.ts'

const folder = temporaryFolder()
const place = (name: string): string => join(folder.path, name)

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** Runs one command as a script would; returns its JSON and its exit code. */
async function run(...words: string[]): Promise<{ json: Record<string, unknown>; code: unknown; errors: string }> {
  let out = ''
  let errors = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true))
  const program = new Command().exitOverride()
  exportCommands(program)
  await program.parseAsync([...words, '--json'], { from: 'user' })
  vi.restoreAllMocks()
  return { json: JSON.parse(out) as Record<string, unknown>, code: process.exitCode, errors }
}

async function lab(name: string, first: number): Promise<Dataset> {
  const dataset = await Dataset.create(place(name), { name })
  for (const id of [0, 1, 2, 3].map((k) => first + k)) {
    await addRecording(dataset, { id: recordingId(id), subject: `S00${id < first + 2 ? 1 : 2}`, startedAt: `2026-03-0${(id % 4) + 1}T10:00:00.000Z`, counts: [spikes(2500, 250, id)], beats: spikeRows(2500, 250) })
  }
  await freeze(dataset)
  return dataset
}

describe('pulseprint export', () => {
  it('writes windows of a split, and exits 3 when a recording is gone', async () => {
    const dataset = await lab('a', 1)
    await divide(dataset, { strategy: 'leave-last-recording-out', validation: 0 })
    await dataset.close()
    const words = ['export', '--dataset', place('a'), '--version', 'v1', '--split', 's1', '--format', 'npz']
    const whole = await run(...words, '--out', place('one'), '--mode', 'fixed', '--seconds', '2', '--stride', '1', '--rate', '125', '--unfiltered')
    expect(whole).toMatchObject({ code: 0, json: { format: 'npz', recordings: 4, windows: 36, missing: [] } })
    expect(readFileSync(place('one/datasheet.md'), 'utf8')).toContain('windows of 2 s every 1 s, 250 samples at 125 Hz')
    await rm(place(`a/recordings/S001/${recordingId(1)}`), { recursive: true })
    expect(await run('export', '--dataset', place('a'), '--version', 'v1', '--format', 'edf', '--out', place('two'))).toMatchObject({ code: 3, json: { recordings: 3, missing: [recordingId(1)] } })
    expect(await run(...words, '--out', place('two'))).toMatchObject({ code: 1, json: { error: { code: 'export-folder-not-empty' } } })
    expect(await run(...words, '--out', place('three'), '--mode', 'nonsense')).toMatchObject({ code: 2, json: { error: { code: 'usage-invalid', data: { option: 'mode' } } } })
  })
})

describe('pulseprint merge', () => {
  it('says what is in the way, and merges when told how', async () => {
    for (const [name, first] of [['a', 1], ['b', 11]] as const) await (await lab(name, first)).close()
    const words = ['merge', '--dataset', place('a'), '--from', place('b')]
    const refused = await run(...words)
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'merge-conflict' } } })
    expect(refused.errors).toContain('--rename-conflicts PREFIX')
    expect(await run(...words, '--rename-conflicts', '../x')).toMatchObject({ code: 2 })
    expect(await run(...words, '--rename-conflicts', 'B-', '--same-subjects')).toMatchObject({ code: 2 })
    expect(await run(...words, '--rename-conflicts', 'B-')).toMatchObject({ code: 0, json: { subjects: 2, recordings: 4, versions: 1, renamed: [{ from: 'S001', to: 'B-S001' }, { from: 'S002', to: 'B-S002' }, { from: 'v1', to: 'B-v1' }] } })
  })
})

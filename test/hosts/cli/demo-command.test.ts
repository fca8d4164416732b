import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { Dataset } from '../../../src-main/dataset/dataset.ts'
import { datasetCommands } from '../../../src-main/hosts/cli/commands/dataset-commands.ts'

let folder = ''
let printed = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-demo-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => {
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((printed += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

async function exitOf(...args: string[]): Promise<unknown> {
  const program = new Command('pulseprint').exitOverride()
  datasetCommands(program)
  for (const command of program.commands) command.exitOverride()
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) return 2
    throw thrown
  }
  return process.exitCode ?? 0
}

it('makes a dataset of pairs in a named situation', async () => {
  const path = join(folder, 'pairs')
  expect(await exitOf('demo', '--dataset', path, '--subjects', '2', '--seconds', '4', '--paired', 'harms', '--share', '0.9', '--pulse-noise', '2', '--json')).toBe(0)
  expect(JSON.parse(printed)).toMatchObject({ subjects: 2, recordings: 3 })
  const dataset = await Dataset.open(path, { access: 'read' })
  for (const { id } of await dataset.recordings.list()) expect((await dataset.recordings.get(id)).lanes.map(({ kind }) => kind)).toEqual(['ppg', 'ecg', 'ecg'])
  await dataset.close()
})

it.each([
  ['an unknown situation', ['--paired', 'hinders']],
  ['a share above 1', ['--paired', 'helps', '--share', '1.5']],
  ['a share without pairs', ['--share', '0.5']],
  ['unpaired without pairs', ['--unpaired']],
])('refuses %s as wrong usage, and makes nothing', async (_, args) => {
  const path = join(folder, 'refused')
  expect(await exitOf('demo', '--dataset', path, ...args)).toBe(2)
  await expect(Dataset.open(path, { access: 'read' })).rejects.toThrow()
})

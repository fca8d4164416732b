import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { RunId } from '../../../src-main/contract/index.ts'
import { Dataset } from '../../../src-main/dataset/dataset.ts'
import { learningCommands } from '../../../src-main/hosts/cli/commands/learning-commands.ts'
import { describeRun } from '../../../src-main/hosts/cli/run-words.ts'
import { RunStore } from '../../../src-main/runs/run-store.ts'
import { begin, scratchRecipe, smallLab } from '../../runs/a-small-lab.ts'

let folder = ''
let path = ''
let id: RunId
let printed = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-cli-'))
  const lab = await smallLab(folder)
  path = lab.path
  id = await begin(lab, scratchRecipe())
  await lab.close()
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

/** The exit code that the command line gives it: 2 is what commander's own refusals get. */
async function exitOf(...args: string[]): Promise<{ exit: unknown; code: unknown }> {
  const program = new Command('pulseprint').exitOverride()
  learningCommands(program)
  for (const command of program.commands) command.exitOverride()
  try {
    await program.parseAsync([...args, '--dataset', path, '--json'], { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) return { exit: 2, code: thrown.code }
    throw thrown
  }
  return { exit: process.exitCode, code: (JSON.parse(printed) as { error?: { code: string } }).error?.code }
}

const train = ['train', '--split', 's1', '--recipe', 'lda']
const runs = async (): Promise<number> => {
  const dataset = await Dataset.open(path, { access: 'read' })
  const ids = await new RunStore(dataset.files, path).ids()
  await dataset.close()
  return ids.length
}

it.each([
  [...train, '--threads', '0'], [...train, '--threads', '257'], [...train, '--name', 'x'.repeat(121)], [...train, '--name', 'a\nb'], [...train, '--name', '\u001b[31mred'], [...train, '--name', 'a\u202eb'],
  ['export-model', 'any', '--out', ''], ['export-model', 'any', '--out', 'models/'], ['identify', '--run', 'any', '--record', ' '],
])('%s %s %s %s %s %s %s is refused before anything is looked at', async (...args) => {
  expect(await exitOf(...args.filter((arg) => typeof arg === 'string'))).toEqual({ exit: 2, code: 'commander.invalidArgument' })
  expect(await runs()).toBe(1)
})

it('a provider of an engine that has none, and an engine asked for by its provider that is not here', async () => {
  expect(await exitOf(...train, '--engine', 'wasm', '--provider', 'cuda')).toEqual({ exit: 2, code: 'usage-invalid' })
  expect(await runs()).toBe(1)
})

it('a recipe of more than a megabyte is none, and makes no run', async () => {
  const file = join(folder, 'large.json')
  await writeFile(file, ' '.repeat((1 << 20) + 1))
  expect(await exitOf('train', '--split', 's1', '--recipe-file', file)).toEqual({ exit: 1, code: 'recipe-invalid' })
  expect(await runs()).toBe(1)
})

it('what an error says of a file moves no cursor, and is one line', async () => {
  const file = join(folder, 'colours.json')
  await writeFile(file, '{"recipe": \u001b[31m\u202e\nred')
  const said = vi.spyOn(process.stderr, 'write')
  expect(await exitOf('train', '--split', 's1', '--recipe-file', file)).toEqual({ exit: 1, code: 'recipe-invalid' })
  const [[line]] = said.mock.calls.filter(([text]) => String(text).startsWith('recipe-invalid'))
  expect(line).toMatch(/^recipe-invalid: The recipe is not JSON: [^\p{Cc}\u202e]+\n$/u)
})

it('an empty variable of a script removes no run, and a run without a report has an error, not a report of null', async () => {
  expect(await exitOf('runs', '', '--remove')).toEqual({ exit: 1, code: 'run-not-found' })
  expect(await runs()).toBe(1)
  printed = ''
  expect(await exitOf('report', id)).toEqual({ exit: 1, code: 'report-not-found' })
})

it('a beginning that fits several recordings is not taken for a file', async () => {
  const dataset = await Dataset.open(path, { access: 'read' })
  const [first] = await dataset.recordings.list()
  const record = await new RunStore(dataset.files, path).folder(id).record()
  await new RunStore(dataset.files, path).folder(id).writeRecord({ ...record, models: [{ name: 'lda', network: '', parameters: 0, macs: null, epochs: 0, bestEpoch: null, stoppedEarly: false, seconds: 0, hash: '' }] })
  await dataset.close()
  expect(await exitOf('identify', '--run', id, '--record', first.id.slice(0, 4))).toEqual({ exit: 1, code: 'recording-not-found' })
  expect(describeRun({ ...record, name: 'a\u001b[31m\nb' })[0]).not.toMatch(/[\u001b\n]/)
})

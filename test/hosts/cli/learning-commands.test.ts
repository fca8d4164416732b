import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { nodeFiles } from '../../../src-main/dataset/files.ts'
import { learningCommands } from '../../../src-main/hosts/cli/commands/learning-commands.ts'
import { localTrainer } from '../../../src-main/services/local-trainer.ts'
import { smallLab, smallRecipe } from '../../runs/a-small-lab.ts'

// The trainer in this process: the built one is tested in test/crash.
vi.mock('../../../src-main/services/trainer-process.ts', async (original) => ({ ...(await original<object>()), forkTrainer: () => localTrainer() }))

let folder: string
let dataset: string
let printed = ''
let said = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-cli-'))
  const lab = await smallLab(folder)
  dataset = lab.path
  await lab.close()
})
afterAll(() => rm(folder, { recursive: true }))

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((printed += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((said += String(text))))
  const { stat } = nodeFiles
  vi.spyOn(nodeFiles, 'stat').mockImplementation((path) => (path.endsWith('trainer.js') ? Promise.resolve({ bytes: 1, folder: false, file: true, modifiedMs: 0 }) : stat(path)))
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

async function words(...args: string[]): Promise<{ exit: unknown; text: string }> {
  printed = ''
  said = ''
  process.exitCode = undefined
  const program = new Command('pulseprint').exitOverride()
  learningCommands(program)
  await program.parseAsync(args[0] === 'engines' ? args : [...args, '--dataset', dataset], { from: 'user' })
  return { exit: process.exitCode, text: printed }
}

async function run(...args: string[]): Promise<{ exit: unknown; json: Record<string, unknown> }> {
  const { exit, text } = await words(...args, '--json')
  return { exit, json: JSON.parse(text) as Record<string, unknown> }
}

const figures = { epochs: 2, network: expect.any(String) as unknown, parameters: expect.any(Number) as unknown, byBeats: [{ beats: 1, eer: { value: expect.any(Number) as unknown }, rank1: { value: expect.any(Number) as unknown } }] }

/** Where two reports differ in more than times: a path and both values. */
function differences(found: unknown, expected: unknown, path = ''): string[] {
  if (/evaluatedAt$|latencyMs$/i.test(path)) return []
  if (typeof found === 'number' && typeof expected === 'number') return Math.abs(found - expected) <= 1e-3 * Math.max(1, Math.abs(expected)) ? [] : [`${path}: ${found}, not ${expected}`]
  if (found !== null && expected !== null && typeof found === 'object' && typeof expected === 'object') {
    const [left, right] = [found, expected] as Record<string, unknown>[]
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) => differences(left[key], right[key], `${path}.${key}`))
  }
  return Object.is(found, expected) ? [] : [`${path}: ${String(found)}, not ${String(expected)}`]
}

it('train, runs, report and evaluate tell of one and the same run', { timeout: 120_000 }, async () => {
  const file = join(folder, 'recipe.json')
  await writeFile(file, JSON.stringify(smallRecipe()))
  const { exit, json } = await run('train', '--split', 's1', '--recipe-file', file, '--seed', '3', '--name', 'Tuesday', '--engine', 'onnx', '--threads', '1')
  expect(exit).toBe(0)
  expect(json).toMatchObject({ run: expect.stringMatching(/^[0-9A-Z]{26}$/) as unknown, state: 'finished', engine: { engine: 'onnx', threads: 1 }, teacher: figures, student: figures, scratch: figures, lda: { epochs: 0 }, template: { epochs: 0 }, leaks: [] })
  const id = String(json.run)
  expect(await run('runs')).toMatchObject({ exit: 0, json: { runs: [{ id, name: 'Tuesday', seed: 3, state: 'finished', preset: null }], problems: [] } })
  for (const named of [id, id.slice(0, 12).toLowerCase(), 'Tuesday']) expect(await run('runs', named)).toMatchObject({ exit: 0, json: { record: { id }, epochs: { length: 6 }, report: { run: id } } })
  const report = await run('report', id)
  expect(report).toMatchObject({ exit: 0, json: { run: id, systems: { teacher: {}, student: {}, scratch: {} } } })
  const again = await run('evaluate', id)
  // Not to the last bit: some processors' kernels add up in another order when memory lies otherwise.
  expect(differences(again.json, report.json)).toEqual([])
  expect(again.exit).toBe(report.exit)
  expect((await words('report', id)).text).toMatch(/^Protocol: leave-last-recording-out\nteacher {3}1 beat/)
  expect((await words('runs', id)).text).toContain(`${id} (Tuesday): thkd on s1`)
  expect(await run('train', '--resume', id)).toMatchObject({ exit: 1, json: { error: { code: 'state-conflict' } } })
  expect(await run('runs', id, '--remove')).toMatchObject({ exit: 0, json: { removed: id } })
  expect(await run('report', id)).toMatchObject({ exit: 1, json: { error: { code: 'run-not-found' } } })
})

it('a recipe that is wrong is refused by place and reason before there is a run; so is a split that is not there', async () => {
  const file = join(folder, 'wrong.json')
  await writeFile(file, JSON.stringify({ ...smallRecipe(), teachers: 2 }))
  expect(await run('train', '--split', 's1', '--recipe-file', file)).toMatchObject({ exit: 1, json: { error: { code: 'recipe-invalid', data: { path: 'teachers' } } } })
  expect(said).toMatch(/^recipe-invalid: teachers: .+\n.+/)
  expect(await run('train', '--split', 's1', '--recipe-file', join(folder, 'none.json'))).toMatchObject({ exit: 1, json: { error: { code: 'file-not-found' } } })
  expect(await run('train', '--split', 's9', '--recipe', 'template')).toMatchObject({ exit: 1, json: { error: { code: 'split-not-found' } } })
  expect(await run('train', '--split', 's1', '--recipe', 'thdk')).toMatchObject({ exit: 2, json: { error: { code: 'usage-invalid' } } })
  expect(await run('train')).toMatchObject({ exit: 2, json: { error: { code: 'usage-invalid' } } })
  expect(await run('runs')).toMatchObject({ exit: 0, json: { runs: [] } })
})

it('a damaged run is told beside the others, with another exit code', async () => {
  const { json } = await run('train', '--split', 's1', '--recipe', 'template')
  const id = '01M8BQFW6G03XVTKWVTJMCCD56'
  await nodeFiles.makeFolder(join(dataset, 'runs', id))
  await writeFile(join(dataset, 'runs', id, 'run.json'), '{')
  expect(await run('runs')).toMatchObject({ exit: 3, json: { runs: [{ id: json.run }], problems: [{ id, code: 'run-invalid' }] } })
  expect(await run('runs', id)).toMatchObject({ exit: 1, json: { error: { code: 'run-invalid' } } })
  await run('runs', id, '--remove')
  expect(await run('runs')).toMatchObject({ exit: 0 })
})

it('engines says which can train here, and why the others cannot', { timeout: 60_000 }, async () => {
  const { exit, json } = await run('engines')
  expect(exit).toBe(0)
  expect(json.engines).toMatchObject([{ name: 'onnx', available: true }, { name: 'tensorflow' }, { name: 'wasm', available: true }, { name: 'cpu', available: true, selfCheckError: 0 }])
  const { text } = await words('engines')
  expect(text.split('\n')[0]).toMatch(/^onnx {8}onnxruntime-node [\d.]+, \d+ threads, cpu/)
})

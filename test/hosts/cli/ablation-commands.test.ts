import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { nodeFiles } from '../../../src-main/dataset/files.ts'
import { ablationCommands } from '../../../src-main/hosts/cli/commands/ablation-commands.ts'
import { learningCommands } from '../../../src-main/hosts/cli/commands/learning-commands.ts'
import { localTrainer } from '../../../src-main/services/local-trainer.ts'
import { smallLab } from '../../runs/a-small-lab.ts'

// The trainer in this process: the built one is tested in test/crash.
vi.mock('../../../src-main/services/trainer-process.ts', async (original) => ({ ...(await original<object>()), forkTrainer: () => localTrainer() }))

let folder: string
let dataset: string
let grid: string
let printed = ''
let said = ''
const base = { holdOut: 0.25, windows: { minimumCorrelation: null, rateHz: 100 }, evaluation: { replicates: 100, beatsPerProbe: [1] } }
const quick = { name: 'sizes', recipe: { recipe: 'lda', ...base }, variants: { two: { components: 2 }, '+one, "1"': { components: 1 } }, seeds: [1, 2], baseline: 'two' }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-cli-ablate-'))
  const lab = await smallLab(folder)
  dataset = lab.path
  await lab.close()
  grid = join(folder, 'grid.json')
  await writeFile(grid, JSON.stringify(quick))
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
  ablationCommands(program)
  for (const command of program.commands) command.exitOverride()
  await program.parseAsync(args, { from: 'user' })
  return { exit: process.exitCode, text: printed }
}

async function run(...args: string[]): Promise<{ exit: unknown; json: Record<string, unknown> }> {
  const { exit, text } = await words(...args, '--json')
  return { exit, json: JSON.parse(text) as Record<string, unknown> }
}

it('ablate does the grid and tabulates it; --list and --result tell of it; report --table makes a table of any runs', { timeout: 120_000 }, async () => {
  expect(await run('ablate', '--list', '--dataset', dataset)).toMatchObject({ exit: 0, json: { ablations: [], grids: ['fusion', 'thkd', 'clip', 'sembridge'] } })
  const { exit, json } = await run('ablate', '--dataset', dataset, '--grid', grid, '--split', 's1', '--threads', '1')
  expect(exit).toBe(0)
  expect(json).toMatchObject({ id: expect.stringMatching(/^sizes-[0-9a-f]{12}$/) as unknown, state: 'finished', finished: 4, failed: 0, result: { baseline: 'two', tables: [{ beats: 1, rows: [{ name: 'two' }, { name: '+one, "1"' }] }], missing: [] } })
  const id = String(json.id)
  expect(await run('ablate', '--list', '--dataset', dataset)).toMatchObject({ exit: 0, json: { ablations: [{ id, state: 'finished' }] } })
  expect((await words('ablate', '--list', '--dataset', dataset)).text).toContain(`${id}  lda on s1, 2 variants, 2 seeds: finished, 4 of 4 cells finished`)
  for (const named of [id, id.slice(0, 9), 'sizes']) expect(await run('ablate', '--dataset', dataset, '--result', named)).toMatchObject({ exit: 0, json: json.result as object })
  expect((await words('ablate', '--dataset', dataset, '--result', id)).text).toMatch(/^By 1 beat, against two:\n {2}two +EER /)

  const latex = await words('ablate', '--dataset', dataset, '--result', id, '--table', 'latex')
  expect(latex).toMatchObject({ exit: 0, text: expect.stringContaining('\\bottomrule') as unknown })
  const out = join(folder, 'table.csv')
  expect(await run('ablate', '--dataset', dataset, '--result', id, '--table', 'csv', '--out', out)).toMatchObject({ exit: 0, json: { format: 'csv', out } })
  const csv = await readFile(out, 'utf8')
  // What is there stays: it could be the dataset's own page.
  for (const there of [out, join(dataset, 'dataset.json'), dataset]) {
    const before = there === dataset ? null : await readFile(there)
    expect(await run('ablate', '--dataset', dataset, '--result', id, '--table', 'latex', '--out', there)).toMatchObject({ exit: 1, json: { error: { code: 'export-folder-not-empty', data: { path: there } } } })
    if (before) expect(await readFile(there)).toEqual(before)
  }
  expect(await run('report', '--table', String((json.cells as { run: string }[])[0].run), '--dataset', dataset, '--format', 'csv', '--out', join(folder, 'new', 'table.csv'))).toMatchObject({ exit: 0 })
  expect(csv.split('\r\n')[3]).toMatch(/^"'\+one, ""1""",variant,lda,false,1,eer,/)

  const runs = ((json.cells as { run: string }[]).map((cell) => cell.run))
  const table = await run('report', '--table', ...runs, '--dataset', dataset)
  // Each recipe's models in a row; the first is compared with.
  expect(table).toMatchObject({ exit: 0, json: { tables: [{ rows: [{ name: 'two: lda', baseline: true, runs: { length: 2 } }, { name: 'two: template' }, { name: '+one, "1": lda' }, { name: '+one, "1": template' }] }] } })
  expect((await words('report', '--table', ...runs, '--format', 'html', '--dataset', dataset)).text).toMatch(/^<!DOCTYPE html>/)
  expect((await run('report', runs[0], '--dataset', dataset)).json).toMatchObject({ run: runs[0] })
  expect(await run('report', ...runs, '--dataset', dataset)).toMatchObject({ exit: 2, json: { error: { code: 'usage-invalid' } } })
})

it('a cell that fails makes it done with loss, and says which', { timeout: 60_000 }, async () => {
  const file = join(folder, 'fails.json')
  await writeFile(file, JSON.stringify({ ...quick, name: 'fails', seeds: [1], variants: { two: { components: 2 }, pulse: { 'windows.lane': 'ppg' } } }))
  const { exit, text } = await words('ablate', '--dataset', dataset, '--grid', file, '--split', 's1')
  expect(exit).toBe(3)
  expect(text).toMatch(/1 of 2 cells finished, 1 failed\n/)
  expect(text).toContain('pulse, seed 1: training-impossible')
  expect(said).toContain('pulse, seed 1: training-impossible')
})

it('what is wrong is refused before anything is made', async () => {
  const file = join(folder, 'wrong.json')
  await writeFile(file, JSON.stringify({ ...quick, name: 'wrong', variants: { two: { componenst: 2 } } }))
  const refused = async (args: readonly string[], exit: number, error: object): Promise<void> => expect(await run('ablate', ...args)).toMatchObject({ exit, json: { error } })
  await refused(['--dataset', dataset, '--grid', file, '--split', 's1'], 1, { code: 'grid-invalid', data: { path: 'variants.two.componenst' } })
  expect(said).toMatch(/^grid-invalid: variants\.two\.componenst: .+\n.+/)
  await refused(['--dataset', dataset, '--grid', grid], 1, { code: 'grid-invalid', data: { path: 'split' } })
  await refused(['--dataset', dataset, '--grid', grid, '--split', 's9'], 1, { code: 'split-not-found' })
  await refused(['--dataset', dataset, '--grid', join(folder, 'none.json'), '--split', 's1'], 1, { code: 'file-not-found' })
  await refused(['--dataset', dataset, '--grid', grid, '--split', 's1', '--redis', 'redis://127.0.0.1:1'], 1, { code: 'queue-unreachable' })
  await refused(['--dataset', dataset, '--grid', grid, '--split', 's1', '--redis', 'localhost'], 2, { code: 'usage-invalid' })
  await refused(['--dataset', dataset, '--result', 'none'], 1, { code: 'ablation-not-found' })
  await refused(['--dataset', dataset], 2, { code: 'usage-invalid' })
  await refused(['--dataset', dataset, '--grid', grid, '--list'], 2, { code: 'usage-invalid' })
  await refused(['--grid', grid], 2, { code: 'usage-invalid' })
  await refused(['--dataset', dataset, '--grid', grid, '--table', 'csv'], 2, { code: 'usage-invalid' })
  await expect(words('ablate', '--dataset', dataset, '--result', 'x', '--table', 'pdf')).rejects.toMatchObject({ code: 'commander.invalidArgument' })
  // Four of the first grid; of the second one cell was one of those.
  expect((await run('runs', '--dataset', dataset)).json.runs).toHaveLength(5)
})

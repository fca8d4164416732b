import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ModalityCoverage } from '../../../src-main/contract/index.ts'
import { coverageCommand } from '../../../src-main/hosts/cli/commands/coverage-command.ts'
import { pairedLab } from '../../runs/cross-modal/a-paired-lab.ts'

let folder = ''
let printed = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-coverage-'))
  // The last visits test. In the first, S001 has both at once, S002 ECG only, S003 and S004 PPG only.
  const dataset = await pairedLab(folder, { has: (person, visit) => (visit === 2 || person === 1 ? ['ecg', 'ppg'] : person === 2 ? ['ecg'] : ['ppg']) })
  await dataset.close()
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((printed += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
})

afterEach(async () => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  await rm(folder, { recursive: true })
})

async function run(...words: string[]): Promise<{ exit: unknown; text: string }> {
  printed = ''
  process.exitCode = undefined
  const program = new Command('pulseprint').version('9.9.9').enablePositionalOptions().exitOverride()
  coverageCommand(program)
  await program.parseAsync(['coverage', ...words, '--dataset', join(folder, 'paired')], { from: 'user' })
  return { exit: process.exitCode, text: printed }
}

it('says of a split who has what, and what each recipe would have to do without', async () => {
  const { exit, text } = await run('--split', 's1')
  expect(exit).toBe(0)
  expect(text).toContain('s1 of v1: 4 subjects; ECG teaches, PPG learns\n')
  expect(text).toContain('  enrol      4 subjects: 2 with ECG, 3 with PPG, 1 with both at once\n')
  expect(text).toContain('\nfusion: possible; it needs windows of one moment: 1 of 4 subjects in training have such; 2 of 4 subjects in training have no ECG: they learn from labels alone;')
  expect(text).toContain('\nsembridge: possible; 2 of 4 subjects in training have no ECG: they learn from labels alone; 1 of 4 subjects in training have no PPG: only the teacher learns them; 3 of 4 subjects to be tested have PPG')
})

it('says the same as one JSON object, of a version as if everybody trained, and which modality is to be learnt', async () => {
  const { text } = await run('--version', 'v1', '--student', 'ecg', '--json')
  const coverage = ModalityCoverage.parse(JSON.parse(text))
  expect(coverage).toMatchObject({ version: 'v1', split: null, student: 'ecg', teacher: 'ppg', roles: [{ role: null, subjects: 4, ecg: 4, ppg: 4, both: 4, apart: 0 }] })
  expect(coverage.recipes.every(({ possible }) => possible)).toBe(true)
  expect(coverage.subjects.map(({ cells }) => cells.length)).toEqual([2, 2, 2, 2])
})

it('asks for one of both, and knows what there is', async () => {
  expect((await run('--json')).exit).toBe(2)
  expect((await run('--split', 's1', '--version', 'v1')).exit).toBe(2)
  const { exit, text } = await run('--split', 's9', '--json')
  expect([exit, (JSON.parse(text) as { error: { code: string } }).error.code]).toEqual([1, 'split-not-found'])
})

import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { splitCommands } from '../../../src-main/hosts/cli/commands/split-commands.ts'
import { versionCommands } from '../../../src-main/hosts/cli/commands/version-commands.ts'
import { datedLab } from '../../dataset/dated-lab.ts'

let dataset = ''
let printed = ''

beforeEach(async () => {
  dataset = join(await mkdtemp(join(tmpdir(), 'pulseprint-cli-')), 'lab')
  await (await datedLab(dataset, 4, 2)).close()
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((printed += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
})

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** Runs `pulseprint ...` as main.ts does, `--dataset` and `--json` added; returns the exit code and the one JSON object. */
async function run(...words: string[]): Promise<{ exit: unknown; json: Record<string, unknown> }> {
  printed = ''
  process.exitCode = undefined
  const program = new Command('pulseprint').version('9.9.9').exitOverride()
  for (const add of [versionCommands, splitCommands]) add(program)
  await program.parseAsync([...words, '--dataset', dataset, '--json'], { from: 'user' })
  return { exit: process.exitCode, json: JSON.parse(printed) as Record<string, unknown> }
}

it('a version and a split are made, checked and shown, and --version after the command is the dataset\'s', async () => {
  expect(await run('version', 'create', '--name', 'v1')).toMatchObject({ exit: 0, json: { name: 'v1', recordings: 16, subjects: 4, sessions: 8, seconds: 320, cut: 0, excluded: [] } })
  expect(await run('split', 'create', '--version', 'v1', '--name', 's1', '--strategy', 'leave-last-day-out', '--seed', '1')).toMatchObject({
    exit: 0, json: { name: 's1', version: 'v1', strategy: 'leave-last-day-out', seed: 1, roles: { enrol: { subjects: 4, recordings: 7 }, validation: { recordings: 1 }, test: { recordings: 8 }, train: { recordings: 0 } }, findings: [] },
  })
  expect(await run('split', 'check', 's1')).toMatchObject({ exit: 0, json: { split: 's1', leaks: false, findings: [] } })
  expect(await run('split', 'show')).toMatchObject({ exit: 0, json: { splits: [{ name: 's1' }] } })
  expect(await run('split', 'show', 's1')).toMatchObject({ exit: 0, json: { split: { name: 's1' }, support: { testSubjects: 4 } } })
  expect((await run('split', 'show', 's1', '--trials')).json.trials).toHaveLength(56)
  expect(await run('version', 'list')).toMatchObject({ exit: 0, json: { versions: [{ name: 'v1', recordings: 16 }] } })
})

it('rules come from a file, and two versions are compared', async () => {
  await run('version', 'create', '--name', 'v1')
  const rules = join(dataset, 'rules.json')
  await writeFile(rules, JSON.stringify({ rules: [{ kind: 'subjects', codes: ['S001'], keep: false }] }))
  expect(await run('version', 'create', '--name', 'v2', '--rules', rules)).toMatchObject({ exit: 0, json: { recordings: 12, excluded: { length: 4 } } })
  expect(await run('version', 'diff', 'v1', 'v2')).toMatchObject({ exit: 0, json: { added: [], removed: { length: 4 }, rulesChanged: true } })
  expect(await run('version', 'create', '--name', 'v2')).toMatchObject({ exit: 1, json: { error: { code: 'version-exists' } } })
  expect(await run('version', 'create', '--name', '../v3')).toMatchObject({ exit: 2, json: { error: { code: 'usage-invalid' } } })
})

it('rules with a field that there is not are refused with its place: they would do something else', async () => {
  const rules = join(dataset, 'rules.json')
  for (const [text, path] of [
    ['{"rules":[{"kind":"consent"},{"kind":"exclude-labels","anotators":["anna"]}]}', 'rules.1.anotators'],
    ['{"rules":[],"overrides":[]}', 'overrides'],
    ['{"rules":{}}', 'rules'],
    ['[]', ''],
    ['{', ''],
  ] as const) {
    await writeFile(rules, text)
    expect(await run('version', 'create', '--name', 'v1', '--rules', rules)).toMatchObject({ exit: 1, json: { error: { code: 'rules-invalid', data: { file: rules, path } } } })
  }
})

it('a split that leaks ends with exit code 1 and its findings', async () => {
  await run('version', 'create', '--name', 'v1')
  await run('split', 'create', '--version', 'v1', '--name', 's1', '--strategy', 'cross-session')
  const subjects = join(dataset, 'subjects.jsonl')
  await writeFile(subjects, `${await readFile(subjects, 'utf8')}${JSON.stringify({ type: 'merged', at: '2026-03-03T00:00:00Z', by: 'test', code: 'S002', into: 'S001' })}\n`)
  expect(await run('split', 'check', 's1')).toMatchObject({ exit: 1, json: { leaks: true, findings: [{ check: 'merged-subject', severity: 'block' }] } })
  expect(await run('split', 'create', '--version', 'v1', '--name', 's2', '--strategy', 'cross-session')).toMatchObject({ exit: 1, json: { error: { code: 'split-leaks', data: { findings: [{ check: 'merged-subject' }] } } } })
  expect(await run('split', 'create', '--version', 'v1', '--name', 's2', '--strategy', 'diagnostic-leaky')).toMatchObject({ exit: 1, json: { error: { code: 'split-invalid' } } })
})

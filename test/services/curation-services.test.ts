import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { CurationRule, labApi, LabError, SplitOptions, type Caller, type EventName, type LabEmitter } from '../../src-main/contract/index.ts'
import { defaultRules } from '../../src-main/curation/default-rules.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { CurationService } from '../../src-main/services/curation-service.ts'
import { checkSplitAt, createSplitAt, createVersionAt, diffVersionsAt, listSplitsAt, listVersionsAt, readRules, showSplitAt, trialsAt } from '../../src-main/services/curation-tasks.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { SplitsService } from '../../src-main/services/splits-service.ts'
import { datedLab } from '../dataset/dated-lab.ts'

let path = ''

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'pulseprint-curation-')), 'lab')
  await (await datedLab(path, 4, 1)).close()
})

const code = async (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (thrown: unknown) => LabError.from(thrown).code)
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }
const context = { caller, signal: new AbortController().signal }

describe('curation and splits', () => {
  it('go from rules to a split through the services, whose answers are the contract\'s', async () => {
    const events: EventName[] = []
    const emitter: LabEmitter = { emit: (event: EventName) => void events.push(event) }
    const holder = new DatasetHolder()
    const curation = new CurationService({ holder, emitter }).handlers()
    const splits = new SplitsService({ holder, emitter }).handlers()
    const dataset = await Dataset.open(path, { access: 'write' })
    await holder.replace(dataset)
    expect(events).toEqual(['versions.changed', 'splits.changed'])
    const rules = [...defaultRules]
    const result = labApi['curation.evaluate'].output.parse(await curation['curation.evaluate']({ rules, overrides: [] }, context))
    expect(result.included).toMatchObject({ recordings: 8, subjects: 4, sessions: 8 })
    // A change made here is seen at once.
    await dataset.subjects.setConsent(result.decisions[0].subject, 'withdrawn')
    expect((await curation['curation.evaluate']({ rules, overrides: [] }, context)).included.recordings).toBe(6)
    const version = labApi['versions.create'].output.parse(await curation['versions.create']({ name: 'v1', note: '', rules, overrides: [] }, context))
    expect(version.entries.length).toBe(6)
    const report = labApi['splits.create'].output.parse(await splits['splits.create']({ version: 'v1', name: 's1', options: SplitOptions.parse({ strategy: 'leave-last-day-out' }) }, context))
    expect(report.findings.filter(({ severity }) => severity === 'block')).toEqual([])
    expect(events).toEqual(['versions.changed', 'splits.changed', 'versions.changed', 'splits.changed'])
    expect(labApi['splits.get'].output.parse(await splits['splits.get']({ name: 's1' }, context)).matrix.rows.length).toBe(3)
    const trials = labApi['splits.trials'].output.parse(await splits['splits.trials']({ name: 's1', limit: 2 }, context))
    expect([trials.text.split('\n').length - 1, trials.genuine, trials.impostor]).toEqual([2, 3, 6])
    // Everybody was recorded with both at once; who withdrew is not counted.
    const coverage = [await splits['splits.coverage']({ name: 's1', student: 'ppg' }, context), await curation['versions.coverage']({ name: 'v1', student: 'ppg' }, context)]
    for (const one of coverage.map((each) => labApi['splits.coverage'].output.parse(each))) {
      expect(one.subjects.length).toBe(3)
      expect(one.recipes.map(({ possible, reasons }) => [possible, reasons])).toEqual(Array.from({ length: 3 }, () => [true, []]))
    }
    labApi['versions.list'].output.parse(await curation['versions.list']({}, context))
    labApi['splits.list'].output.parse(await splits['splits.list']({}, context))
    labApi['splits.preview'].output.parse(await splits['splits.preview']({ version: 'v1', options: SplitOptions.parse({ strategy: 'cross-session' }) }, context))
    await dataset.close()
  })

  it('do the same on a folder for the command line', async () => {
    const rules = await readRules(null)
    await createVersionAt(path, { name: 'v1', note: '', rules, overrides: [] })
    const file = join(path, 'rules.json')
    await writeFile(file, JSON.stringify({ rules: [CurationRule.parse({ kind: 'skip-start', seconds: 1 })] }))
    await createVersionAt(path, { name: 'v2', note: 'from 1 s', rules: await readRules(file), overrides: [] })
    expect((await listVersionsAt(path)).map(({ name }) => name)).toEqual(['v1', 'v2'])
    expect(await diffVersionsAt(path, 'v1', 'v2')).toMatchObject({ added: [], removed: [], rulesChanged: true, spansChanged: { length: 8 } })
    await createSplitAt(path, 'v1', 's1', SplitOptions.parse({ strategy: 'leave-last-day-out' }))
    expect(await checkSplitAt(path, 's1')).toEqual([])
    expect((await showSplitAt(path, 's1')).support.testSubjects).toBe(4)
    expect((await listSplitsAt(path)).map(({ name }) => name)).toEqual(['s1'])
    expect([...(await trialsAt(path, 's1')).lines].length).toBe(16)
  })

  it('refuse rules that are none, with the place', async () => {
    const file = join(path, 'rules.json')
    await writeFile(file, '{"rules":[{"kind":"consent"},{"kind":"duration"}]}')
    await expect(readRules(file)).rejects.toMatchObject({ code: 'rules-invalid', data: { path: 'rules.1.atLeast' } })
    await writeFile(file, 'no')
    expect(await code(readRules(file))).toBe('rules-invalid')
    expect(await code(readRules(join(path, 'none.json')))).toBe('file-not-found')
  })
})

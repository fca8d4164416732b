import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ImportRules } from '../../src-main/contract/index.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { planImport, previewOf, type ImportPlan } from '../../src-main/exchange/import-plan.ts'
import { presetRules } from '../../src-main/exchange/presets.ts'
import { openSourceFolder } from '../../src-main/exchange/source-files.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { publicData } from '../signal/physionet.ts'
import { smallEcg, writeSmallAnnotations, writeSmallRecord } from './small-record.ts'

function filesBelow(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(root, path) : [relative(root, path).replaceAll('\\', '/')]
  })
}

/** Every file is of a record, refused, or counted as ignored; nothing is in two places. */
function account(plan: ImportPlan, root: string): { used: string[]; refused: string[]; left: string[] } {
  const used = [...new Set(plan.records.flatMap(({ candidate }) => candidate.files))]
  const refused = plan.refused.map(({ file }) => file)
  const left = filesBelow(root).filter((path) => !used.includes(path) && !refused.includes(path))
  expect(new Set(refused).size).toBe(refused.length)
  expect(refused.filter((path) => used.includes(path))).toEqual([])
  expect(left).toHaveLength(plan.ignored)
  for (const { code, message } of plan.refused) expect([code, message].every((text) => text !== '')).toBe(true)
  return { used, refused, left }
}

const folder = temporaryFolder()

describe('a plan of public data', () => {
  it('accounts for every file of every archive', async () => {
    for (const name of ['biosppy-samples', 'edf-samples', 'openbci-samples', 'mitdb', 'bidmc', 'wfdb-samples']) {
      const root = publicData(name)
      if (root === null) continue
      const { left } = account(await planImport(nodeFiles, root, { rules: null }), root)
      // Only what describes an archive is of no use to an import.
      for (const path of left) expect(path, name).toMatch(/(^|\/)(README|LICENSE|MANIFEST|SHA256SUMS|RECORDS|notes_)/)
    }
  })

  it('finds 310 recordings of 90 people in ECG-ID, whose sessions are the dates in the comments', async () => {
    const root = publicData('ecgiddb')
    if (root === null) return
    const plan = await planImport(nodeFiles, root, { rules: null })
    account(plan, root)
    const preview = previewOf(plan)
    expect([preview.rules.preset, preview.candidates.length, preview.subjects, preview.refused.length]).toEqual(['ecg-id', 310, 90, 0])
    // The oracle reads the comments itself.
    const days = new Map<string, Set<string>>()
    for (const path of filesBelow(root).filter((file) => file.endsWith('.hea'))) {
      const [, day, month, year] = /ECG date: (\d\d)\.(\d\d)\.(\d{4})/.exec(readFileSync(join(root, path), 'latin1')) ?? []
      const person = path.split('/')[0]
      days.set(person, (days.get(person) ?? new Set()).add(`${year}-${month}-${day}`))
    }
    const found = new Map<string, Set<string>>()
    for (const { subject, session } of preview.candidates) found.set(subject ?? '', (found.get(subject ?? '') ?? new Set()).add(session))
    expect(found).toEqual(days)
    expect([...found.values()].filter((sessions) => sessions.size > 1)).toHaveLength(20)
    expect(preview.candidates.every(({ annotators }) => annotators.join() === 'atr')).toBe(true)
  })

  it('finds 46 patients in the 53 records of BIDMC', async () => {
    const root = publicData('bidmc')
    if (root === null) return
    const preview = previewOf(await planImport(nodeFiles, root, { rules: null }))
    expect([preview.rules.preset, preview.candidates.length, preview.subjects]).toEqual(['bidmc', 53, 46])
    const subjectOf = (record: string) => preview.candidates.find(({ file }) => file === `${record}.hea`)?.subject
    for (const group of [['06', '07', '08', '09'], ['20', '21', '22', '23'], ['38', '39']]) {
      expect(new Set(group.map((number) => subjectOf(`bidmc${number}`)))).toEqual(new Set([`bidmc${group[0]}`]))
    }
    expect(preview.candidates[5].lanes.map(({ label, kind }) => `${label} ${kind}`)).toContain('PLETH ppg')
  })

  it('lists a record of segments once, with its segments among its files', async () => {
    const root = publicData('wfdb-samples')
    if (root === null) return
    const plan = await planImport(nodeFiles, join(root, 'multi-segment', '041s'), { rules: null })
    expect(plan.records.map(({ candidate }) => candidate.file)).toEqual(['041s.hea'])
    expect(plan.records[0].names).toEqual(expect.arrayContaining(['041s.hea', '041s01.hea', '041s01.dat', '041s02.hea', '041s02.dat']))
  })
})

describe('a plan', () => {
  it('takes one file of a folder when that was chosen, with or without its ending', async () => {
    writeSmallRecord(folder.path, '100', [{ label: 'II', counts: smallEcg(500, 250, 1) }])
    writeSmallRecord(folder.path, '101', [{ label: 'II', counts: smallEcg(500, 250, 2) }])
    writeSmallAnnotations(join(folder.path, '100.atr'), [20, 270])
    for (const chosen of ['100', '100.hea']) {
      const plan = await planImport(nodeFiles, join(folder.path, chosen), { rules: null })
      expect(plan.records.map(({ names }) => names)).toEqual([['100.hea', '100.dat', '100.atr']])
      expect(plan.refused).toEqual([])
    }
    await expect(planImport(nodeFiles, join(folder.path, 'none'), { rules: null })).rejects.toMatchObject({ code: 'file-not-found' })
  })

  it('refuses what it cannot use and says why, with the files that go with it', async () => {
    writeSmallRecord(folder.path, 'good', [{ label: 'II', counts: [1, 2, 3] }])
    writeFileSync(join(folder.path, 'lying.hea'), 'lying 2 250 100\nlying.dat 16 200\n')
    writeFileSync(join(folder.path, 'away.hea'), 'away 1 250 100\n../../secret.dat 16 200\n')
    writeFileSync(join(folder.path, 'alone.dat'), Buffer.from([1, 0, 2, 0, 0, 255]))
    writeFileSync(join(folder.path, 'broken.edf'), `0       ${'x'.repeat(300)}`)
    writeFileSync(join(folder.path, 'numbers.csv'), 'a,b\n1,2\n3,4\n5,6\n')
    writeFileSync(join(folder.path, 'notes.txt'), 'The subject sat still.\nThen it walked.\n')
    writeFileSync(join(folder.path, 'README.md'), '# 1 2 3\n')
    const plan = await planImport(nodeFiles, folder.path, { rules: null })
    account(plan, folder.path)
    expect(plan.records.map(({ candidate }) => candidate.file)).toEqual(['good.hea'])
    expect(Object.fromEntries(plan.refused.map(({ file, code }) => [file, code]))).toEqual({
      'lying.hea': 'wfdb-header-invalid', 'away.hea': expect.stringMatching(/^(wfdb-header-invalid|import-path-unsafe)$/), 'alone.dat': 'format-unknown', 'broken.edf': 'edf-invalid', 'numbers.csv': 'text-signal-invalid',
    })
    expect(plan.ignored).toBe(2)
  })

  it('reads delimited text as its rules say', async () => {
    writeFileSync(join(folder.path, 'numbers.csv'), 'a;b\n1,5;2\n3,25;4\n5;6\n')
    const rules = ImportRules.parse({
      ...presetRules('file-per-subject'), delimited: { delimiter: 'semicolon', decimal: 'comma', headerRows: 1, columns: [{ column: 1, label: 'ECG', unit: 'mV' }], rateHz: 200 },
    })
    const [record] = (await planImport(nodeFiles, folder.path, { rules })).records
    expect(record.candidate).toMatchObject({ format: 'delimited', subject: 'numbers', rateHz: 200, seconds: 3 / 200 })
    expect(record.candidate.lanes).toEqual([{ label: 'ECG', kind: 'ecg', unit: 'mV', rateHz: 200 }])
  })

  it('gives two files with the same identity one subject, and says so when rules give none', async () => {
    for (const [name, comment] of [['a', 'patient: 7'], ['b', 'patient: 8'], ['c', 'patient: 7'], ['d', 'nobody']]) {
      writeSmallRecord(folder.path, name, [{ label: 'II', counts: [1, 2, name.charCodeAt(0)] }], { comments: [comment] })
    }
    const rules = ImportRules.parse({ subject: { from: 'fact:patient', pattern: '\\d+', prefix: 'P' }, identity: { from: 'fact:patient', pattern: '(\\d+)' }, session: { kind: 'single' } })
    const { candidates } = previewOf(await planImport(nodeFiles, folder.path, { rules }))
    expect(candidates.map(({ subject, session }) => [subject, session])).toEqual([['P7', '1'], ['P8', '1'], ['P7', '1'], [null, '1']])
    expect(candidates[3].findings.map(({ code }) => code)).toEqual(['import-subject-unknown'])
    const byFile = ImportRules.parse({ ...rules, subject: { from: 'file', pattern: '^(.+)$' } })
    expect(previewOf(await planImport(nodeFiles, folder.path, { rules: byFile })).candidates.map(({ subject }) => subject)).toEqual(['a', 'b', 'a', 'd'])
  })

  it('says beforehand that two headers have the same signal file', async () => {
    writeSmallRecord(folder.path, '100', [{ label: 'II', counts: [1, 2, 3] }])
    writeFileSync(join(folder.path, '100-copy.hea'), readFileSync(join(folder.path, '100.hea'), 'utf8').replace(/^100 /, '100-copy '))
    const { candidates } = previewOf(await planImport(nodeFiles, folder.path, { rules: null }))
    expect(candidates.map(({ file, findings }) => [file, findings.map(({ code }) => code)])).toEqual([['100.hea', []], ['100-copy.hea', ['import-duplicate']]])
  })

  it('looks closely at no more files than asked, and takes only what is included', async () => {
    for (const name of ['s1', 's2', 's3']) writeSmallRecord(join(folder.path, name), 'r', [{ label: 'II', counts: [1, 2, 3] }])
    const some = await planImport(nodeFiles, folder.path, { rules: null, limit: 2 })
    expect([some.records.length, some.complete, some.rules.preset]).toEqual([2, false, 'folder-per-subject'])
    const one = await planImport(nodeFiles, folder.path, { rules: ImportRules.parse({ ...presetRules('folder-per-subject'), include: '^s2/' }) })
    expect(one.records.map(({ candidate }) => candidate.file)).toEqual(['s2/r.hea'])
    expect(one.refused).toEqual([])
  })

  it('stops when it is cancelled', async () => {
    writeSmallRecord(folder.path, 'a', [{ label: 'II', counts: [1, 2, 3] }])
    await expect(planImport(nodeFiles, folder.path, { rules: null, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a chosen folder', () => {
  it('gives nothing from outside, not through a link either', async () => {
    const inside = join(folder.path, 'inside')
    await mkdir(inside)
    writeFileSync(join(folder.path, 'secret.txt'), 'secret')
    writeFileSync(join(inside, 'own.txt'), 'own')
    symlinkSync(join(folder.path, 'secret.txt'), join(inside, 'link.txt'))
    symlinkSync(folder.path, join(inside, 'up'))
    symlinkSync(join(inside, 'own.txt'), join(inside, 'fine.txt'))
    const source = await openSourceFolder(nodeFiles, inside)
    for (const name of ['../secret.txt', 'link.txt', '..', '.', '', 'a/b', 'a\0b', '/etc/passwd']) {
      await expect(source.open(name), name).rejects.toMatchObject({ code: 'import-path-unsafe' })
    }
    await expect(source.folder('up')).rejects.toMatchObject({ code: 'import-path-unsafe' })
    expect(await source.open('none')).toBeNull()
    expect(await source.open('x'.repeat(300))).toBeNull()
    expect(Buffer.from((await (await source.open('fine.txt'))?.read(0, 10)) ?? []).toString()).toBe('own')
  })

  it('reads any part of a file, however large the parts are', async () => {
    const bytes = Buffer.alloc(700_000)
    bytes.forEach((_, i) => (bytes[i] = (i * 7919) & 0xff))
    writeFileSync(join(folder.path, 'big.bin'), bytes)
    const file = await (await openSourceFolder(nodeFiles, folder.path)).open('big.bin')
    expect(file?.bytes).toBe(statSync(join(folder.path, 'big.bin')).size)
    for (const [position, length] of [[0, 10], [262_140, 10], [262_144, 262_144], [0, 700_000], [699_990, 100], [700_000, 5], [900_000, 5], [5, 0]]) {
      expect(Buffer.from((await file?.read(position, length)) ?? []).equals(bytes.subarray(position, position + length)), `${position} ${length}`).toBe(true)
    }
  })
})

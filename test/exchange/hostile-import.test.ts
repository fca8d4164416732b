import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ImportFinding } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { planImport } from '../../src-main/exchange/import-plan.ts'
import { runImport } from '../../src-main/exchange/importer.ts'
import { presetRules } from '../../src-main/exchange/presets.ts'
import { verifyDataset } from '../../src-main/recording/verify.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { plantHostileFiles } from './hostile-files.ts'
import { smallEcg, writeSmallRecord } from './small-record.ts'

const folder = temporaryFolder()
const perFolder = presetRules('folder-per-subject')
/** Sparse on the file systems of Linux; elsewhere it would be written. */
const longLine = process.platform === 'linux' ? 2 ** 31 : 2 ** 26
const onLinux = process.platform === 'linux'

describe.skipIf(process.platform === 'win32')('a folder of hostile files', () => {
  it('gives every whole record, a code and a place for every other, and a dataset that verifies', async () => {
    const root = join(folder.path, 'hostile')
    const planted = plantHostileFiles(root, longLine)
    const dataset = await Dataset.create(join(folder.path, 'dataset'), { name: 'test' })
    try {
      const before = process.memoryUsage().rss
      const report = await runImport(dataset, await planImport(nodeFiles, root, { rules: perFolder }), { files: null, now: () => Date.now() })
      const found = new Map<string, ImportFinding & { outcome: string }>([...report.refused.map((one) => [one.file, { ...one, outcome: 'refused' }] as const), ...report.flagged.map((one) => [one.file, { ...one, outcome: 'flagged' }] as const)])
      expect(planted.map(({ file }) => [file, found.get(file)?.outcome ?? 'clean', found.get(file)?.code ?? ''])).toEqual(planted.map(({ file, outcome, code }) => [file, outcome, code]))
      for (const { file, says } of planted) for (const part of says) expect(found.get(file)?.message, file).toMatch(part)
      expect(report.recordings).toBe(planted.filter(({ outcome }) => outcome !== 'refused').length)
      expect((await verifyDataset(dataset)).findings).toEqual([])
      expect(readdirSync(dataset.path).filter((name) => name.startsWith('.import-'))).toEqual([])
      // Headers claim terabytes and one line has two gigabytes; nothing of that is ever held.
      expect(process.memoryUsage().rss - before).toBeLessThan(400e6)
    } finally {
      await dataset.close()
    }
  }, 120_000)

  it('with pipes in it is not waited for', async () => {
    const root = join(folder.path, 'pipes')
    writeSmallRecord(join(root, 'ann'), 'r', [{ label: 'II', counts: smallEcg(500, 250, 1) }])
    for (const name of ['ann/pipe.csv', 'ann/pipe.hea', 'ann/pipe']) execFileSync('mkfifo', [join(root, name)])
    const plan = await planImport(nodeFiles, root, { rules: perFolder })
    expect([plan.records.map(({ candidate }) => candidate.file), plan.refused, plan.ignored]).toEqual([['ann/r.hea'], [], 3])
  })

  it.skipIf(!onLinux || process.getuid?.() === 0)('with folders and files that may not be read is read all the same', async () => {
    const root = join(folder.path, 'locked')
    writeSmallRecord(join(root, 'ann'), 'r', [{ label: 'II', counts: smallEcg(500, 250, 1) }])
    mkdirSync(join(root, 'bob'))
    writeFileSync(join(root, 'ann', 'notes.csv'), '1,2\n')
    chmodSync(join(root, 'bob'), 0)
    chmodSync(join(root, 'ann', 'notes.csv'), 0)
    const plan = await planImport(nodeFiles, root, { rules: perFolder })
    expect(plan.records.map(({ candidate }) => candidate.file)).toEqual(['ann/r.hea'])
    expect(plan.refused.map(({ file, code }) => [file, code]).sort()).toEqual([['ann/notes.csv', 'file-read-failed'], ['bob', 'file-read-failed']])
    chmodSync(join(root, 'bob'), 0o700)
  })

  it('that the system does not give reports what it does not give', async () => {
    const root = join(folder.path, 'broken')
    writeSmallRecord(join(root, 'ann'), 'r', [{ label: 'II', counts: smallEcg(500, 250, 1) }])
    mkdirSync(join(root, 'bob'))
    const fail = (path: string): Promise<never> => Promise.reject(Object.assign(new Error(path), { code: 'EIO' }))
    const files = { ...nodeFiles, list: (path: string) => (path.endsWith('bob') ? fail(path) : nodeFiles.list(path)) }
    const plan = await planImport(files, root, { rules: perFolder })
    expect(plan.records.map(({ candidate }) => candidate.file)).toEqual(['ann/r.hea'])
    expect(plan.refused.map(({ file }) => file)).toEqual(['bob'])
  })
})

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { planImport } from '../../src-main/exchange/import-plan.ts'
import { runImport } from '../../src-main/exchange/importer.ts'
import { presetRules } from '../../src-main/exchange/presets.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { smallEcg, writeSmallAnnotations, writeSmallRecord } from './small-record.ts'

const folder = temporaryFolder()

it.each(['HEA', 'Hea'])('a header that ends in .%s is imported as any other, and kept under its own name', async (ending) => {
  const from = join(folder.path, ending)
  writeSmallRecord(from, 'p1', [{ label: 'II', counts: smallEcg(2500, 250, 1) }])
  renameSync(join(from, 'p1.hea'), join(from, `p1.${ending}`))
  const plan = await planImport(nodeFiles, from, { rules: presetRules('file-per-subject') })
  expect(plan.refused).toEqual([])
  expect(plan.records.map(({ names }) => names)).toEqual([[`p1.${ending}`, 'p1.dat']])
  const dataset = await Dataset.create(join(folder.path, `${ending}-dataset`), { name: ending })
  const report = await runImport(dataset, plan, { files: null, now: () => 0 })
  expect([report.recordings, report.refused, report.flagged]).toEqual([1, [], []])
  const [id] = await dataset.recordings.ids()
  const { files, rows } = await dataset.recordings.get(id)
  expect(rows).toBe(2500)
  expect(files.map(({ name }) => name)).toContain(`source/p1.${ending}`)
  await dataset.close()
  expect(readFileSync(join(from, `p1.${ending}`), 'utf8')).toMatch(/^p1 1 250 2500/)
})

it('annotators beside an upper-case header, in either case, become layers with the beats that were written', async () => {
  const from = join(folder.path, 'annotated')
  writeSmallRecord(from, 'P1', [{ label: 'II', counts: smallEcg(2500, 250, 1) }])
  renameSync(join(from, 'P1.hea'), join(from, 'P1.HEA'))
  writeSmallAnnotations(join(from, 'P1.atr'), [100, 350, 600])
  writeSmallAnnotations(join(from, 'P1.QRS'), [101, 351])
  const plan = await planImport(nodeFiles, from, { rules: presetRules('file-per-subject') })
  expect([plan.records.map(({ names }) => names), plan.refused]).toEqual([[['P1.HEA', 'P1.dat', 'P1.atr', 'P1.QRS']], []])
  const dataset = await Dataset.create(join(folder.path, 'annotated-dataset'), { name: 'annotated' })
  const report = await runImport(dataset, plan, { files: null, now: () => 0 })
  expect([report.recordings, report.refused, report.flagged]).toEqual([1, [], []])
  const [id] = await dataset.recordings.ids()
  const layers = await dataset.labels.layers(id)
  expect(layers.flatMap(({ annotator, origin, beats }) => (origin === 'imported' ? [[annotator, beats]] : []))).toEqual([['QRS', 2], ['atr', 3]])
  await dataset.close()
})

it('of two headers that differ only in case, the annotators belong to the lower one', async () => {
  const from = join(folder.path, 'two-cases')
  writeSmallRecord(from, 'p1', [{ label: 'II', counts: smallEcg(2500, 250, 1) }])
  writeFileSync(join(from, 'p1.HEA'), readFileSync(join(from, 'p1.hea')))
  writeSmallAnnotations(join(from, 'p1.atr'), [100, 350])
  const { records } = await planImport(nodeFiles, from, { rules: presetRules('file-per-subject') })
  expect(Object.fromEntries(records.map(({ candidate: { file, annotators } }) => [file, annotators]))).toEqual({ 'p1.hea': ['atr'], 'p1.HEA': [] })
})

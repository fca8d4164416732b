import { basename } from 'node:path'
import { ImportPreset, ImportRules, LabError, type ImportPreview, type ImportReport } from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import { nodeFiles } from '../dataset/files.ts'
import { planImport, previewOf } from '../exchange/import-plan.ts'
import { presetRules } from '../exchange/presets.ts'
import { unanalysed, type AnalyseReport } from './analyse.ts'
import { analyseInWorkers } from './analysis-service.ts'
import { importInto, type ImportContext } from './import-service.ts'
import type { JobContext } from './jobs-service.ts'
import { withDataset } from './with-dataset.ts'

/**
 * Rules as the command line gives them: a preset, a JSON file whose fields are laid over it, or neither (`null`: the preset that fits best).
 * @throws LabError `import-rules-invalid`, `file-not-found`, `file-read-failed`.
 */
export async function readImportRules(preset: string | null, file: string | null): Promise<ImportRules | null> {
  const known = preset === null ? null : ImportPreset.safeParse(preset)
  if (known && !known.success) throw new LabError('import-rules-invalid', `There is no preset "${preset}": ${ImportPreset.options.join(', ')}.`, { preset, known: ImportPreset.options })
  const base = known ? presetRules(known.data) : null
  if (file === null) return base
  const invalid = (reason: string, cause?: unknown): LabError => new LabError('import-rules-invalid', `${file} does not hold the rules of an import: ${reason}.`, { file, reason }, { cause })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(await nodeFiles.readFile(file)))
  } catch (thrown) {
    if (thrown instanceof LabError) throw thrown
    throw invalid(thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
  if (typeof json !== 'object' || json === null) throw invalid('it is no JSON object')
  const read = ImportRules.safeParse({ ...base, ...json })
  if (read.success) return read.data
  throw invalid(`${read.error.issues[0].path.map(String).join('.')}: ${read.error.issues[0].message}`, read.error)
}

/** @throws LabError as `planImport`. */
export async function previewImport(from: string, rules: ImportRules | null, signal: AbortSignal): Promise<ImportPreview> {
  return previewOf(await planImport(nodeFiles, from, { rules, signal }))
}

/** Imports into the dataset at `path`, which is made where there is none, with the chosen folder's name. @throws LabError as `Dataset.open` and `importInto`. */
export async function importAt(path: string, from: string, rules: ImportRules | null, context: ImportContext): Promise<ImportReport> {
  const there = (await nodeFiles.stat(`${path}/dataset.json`)) !== null
  const dataset = there ? await Dataset.open(path, { access: 'write' }) : await Dataset.create(path, { name: basename(from) })
  try {
    return await importInto(dataset, { from, rules, files: null }, context)
  } finally {
    await dataset.close()
  }
}

/** Analyses what was not yet, or everything again. The dataset is held for writing, so that nobody else does the same. @throws LabError as `Dataset.open` and `analyseAt`. */
export function analyseDatasetAt(path: string, options: { readonly all: boolean; readonly workerUrl: URL | null }, context: JobContext): Promise<AnalyseReport> {
  return withDataset(path, 'write', async (dataset) => {
    const ids = options.all ? (await dataset.recordings.list()).filter(({ state }) => state !== 'recording' && state !== 'interrupted').map(({ id }) => id) : await unanalysed(dataset)
    return analyseInWorkers(options.workerUrl, dataset.path, ids, context)
  })
}

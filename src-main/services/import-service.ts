import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { LabError, type ImportReport, type ImportRules, type LabHandlers } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { nodeFiles } from '../dataset/files.ts'
import { lookAt } from '../exchange/import-look.ts'
import { planImport, previewOf } from '../exchange/import-plan.ts'
import type { ImportOutcome } from '../exchange/import-record.ts'
import { runImport } from '../exchange/importer.ts'
import { importPresets, presetRules } from '../exchange/presets.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobContext, JobsService } from './jobs-service.ts'
import { runInWorker } from './worker-task.ts'

/** `import.*`: foreign recordings into the open dataset. */
export class ImportService {
  readonly #holder: DatasetHolder
  readonly #jobs: JobsService
  readonly #workerUrl: URL | null
  readonly #now: () => number
  #running = false

  /** `workerUrl`: the built workers/jobs.ts; `null` runs everything in this thread. */
  constructor(parts: { holder: DatasetHolder; jobs: JobsService; workerUrl: URL | null; now: () => number }) {
    this.#holder = parts.holder
    this.#jobs = parts.jobs
    this.#workerUrl = parts.workerUrl
    this.#now = parts.now
    parts.holder.guardClose(() => {
      if (this.#running) throw new LabError('state-conflict', 'An import is running: wait for it or cancel it first.')
    })
  }

  handlers(): Pick<LabHandlers, 'import.presets' | 'import.preview' | 'import.look' | 'import.start'> {
    return {
      'import.presets': () => importPresets.map((preset) => ({ preset, rules: presetRules(preset) })),
      'import.preview': async ({ from, rules, limit }, { signal }) => previewOf(await planImport(nodeFiles, resolve(from), { rules, limit, signal })),
      'import.look': ({ from, file, rules, seconds, columns }, { signal }) => lookAt(nodeFiles, resolve(from), { file, rules, seconds, columns, signal }),
      'import.start': ({ from, rules, files }) => {
        const dataset = this.#holder.current()
        if (this.#running) throw new LabError('state-conflict', 'An import is running already.')
        this.#running = true
        return this.#jobs.start({
          kind: 'import',
          unit: 'recordings',
          run: async (context) => {
            try {
              return await importInto(dataset, { from: resolve(from), rules, files }, { ...context, workerUrl: this.#workerUrl, now: this.#now })
            } finally {
              this.#running = false
            }
          },
        })
      },
    }
  }
}

export interface ImportRequest {
  readonly from: string
  /** `null`: the preset that fits best. */
  readonly rules: ImportRules | null
  readonly files: readonly string[] | null
}

export interface ImportContext extends JobContext {
  readonly workerUrl: URL | null
  readonly now: () => number
}

/** Plans and runs an import into a dataset that is open for writing. @throws LabError as `planImport` and `runImport`. */
export async function importInto(dataset: Dataset, { from, rules, files }: ImportRequest, context: ImportContext): Promise<ImportReport> {
  const { signal, onProgress, workerUrl, now } = context
  const began = now()
  const plan = await planImport(nodeFiles, from, { rules, signal })
  const report = await runImport(dataset, plan, {
    files,
    now,
    signal,
    onProgress,
    ...(workerUrl && {
      workers: availableParallelism(),
      runChunk: async (chunk, { signal: stop, onOutcome }) => {
        await runInWorker(workerUrl, { kind: 'import-chunk', chunk }, { signal: stop, onProgress: () => undefined, onItem: (item) => onOutcome(item as ImportOutcome) })
      },
    }),
  })
  return { ...report, seconds: (now() - began) / 1000 }
}

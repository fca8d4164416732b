import { availableParallelism } from 'node:os'
import type { LabEmitter, LabHandlers, RecordingId } from '../contract/index.ts'
import { readAnalysis } from '../dataset/analysis.ts'
import { unanalysed, type AnalyseReport } from './analyse.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobContext, JobsService } from './jobs-service.ts'
import { runWhere } from './worker-task.ts'

/** `library.analysis` and `library.analyse`: what the offline detectors find in stored recordings. */
export class AnalysisService {
  readonly #holder: DatasetHolder
  readonly #emitter: LabEmitter
  readonly #jobs: JobsService
  readonly #workerUrl: URL | null

  /** `workerUrl`: the built workers/jobs.ts; `null` runs everything in this thread. */
  constructor(parts: { holder: DatasetHolder; emitter: LabEmitter; jobs: JobsService; workerUrl: URL | null }) {
    this.#holder = parts.holder
    this.#emitter = parts.emitter
    this.#jobs = parts.jobs
    this.#workerUrl = parts.workerUrl
  }

  handlers(): Pick<LabHandlers, 'library.analysis' | 'library.analyse'> {
    return {
      'library.analysis': async ({ id }) => {
        const { recordings, files } = this.#holder.current()
        const { contentHash } = await recordings.get(id)
        return readAnalysis(files, recordings.folder(id), contentHash)
      },
      'library.analyse': ({ ids }) => {
        const dataset = this.#holder.current()
        return this.#jobs.start({
          kind: 'analyse',
          unit: 'recordings',
          run: async (context) => {
            const report = await analyseInWorkers(this.#workerUrl, dataset.path, ids ?? (await unanalysed(dataset)), context)
            // Layers of the detectors and facets of the list are new; one event for all.
            this.#emitter.emit('library.changed', { id: null })
            return report
          },
        })
      },
    }
  }
}

/** Shares the recordings between as many threads as there are processors. @throws LabError as `analyseAt`. */
export async function analyseInWorkers(workerUrl: URL | null, path: string, ids: readonly RecordingId[], context: JobContext): Promise<AnalyseReport> {
  const shares = workerUrl ? Math.max(1, Math.min(availableParallelism(), ids.length)) : 1
  const done = new Array<number>(shares).fill(0)
  const reports = await Promise.all(
    done.map(async (_, share) => {
      const own = ids.filter((_id, i) => i % shares === share)
      const onProgress = (count: number): void => {
        done[share] = count
        context.onProgress(done.reduce((sum, one) => sum + one, 0), ids.length)
      }
      return (await runWhere(workerUrl, { kind: 'analyse', path, ids: own }, { signal: context.signal, onProgress })) as AnalyseReport
    }),
  )
  return { recordings: reports.reduce((sum, report) => sum + report.recordings, 0), failures: reports.flatMap((report) => report.failures) }
}

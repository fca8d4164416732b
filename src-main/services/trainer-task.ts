import { availableParallelism, cpus, totalmem } from 'node:os'
import { version } from '../../package.json'
import {
  LabError, type Decision, type EngineStatus, type Gallery, type ModelExport, type ModelName, type Recipe, type RecordingId, type RunCheck, type RunEpoch, type RunId, type RunProgress, type RunRecord, type RunReport,
  type SubjectCode,
} from '../contract/index.ts'
import { Dataset } from '../dataset/dataset.ts'
import { chooseEngine, describeEngines } from '../learning/engine/choose-engine.ts'
import { checkRun } from '../runs/check-run.ts'
import { enrolPeople } from '../runs/enrol.ts'
import { evaluateAgain } from '../runs/evaluate-again.ts'
import { executeRun } from '../runs/execute-run.ts'
import { exportModel } from '../runs/export-model.ts'
import { identifyRecording } from '../runs/identify-recording.ts'

/** Work with an engine, which blocks the thread that it runs on: done in the trainer's own process. Plain values: they cross to it. */
export type TrainerTask =
  | { readonly kind: 'engines' }
  | { readonly kind: 'check'; readonly path: string; readonly split: string; readonly recipe: Recipe }
  | { readonly kind: 'train'; readonly path: string; readonly run: RunId }
  | { readonly kind: 'evaluate'; readonly path: string; readonly run: RunId }
  | { readonly kind: 'export-model'; readonly path: string; readonly run: RunId; readonly model: ModelName; readonly out: string; readonly quantised: boolean }
  | { readonly kind: 'enrol'; readonly path: string; readonly run: RunId; readonly model: ModelName; readonly recordings: readonly RecordingId[] }
  | {
      readonly kind: 'identify'
      readonly path: string
      readonly run: RunId
      readonly model: ModelName
      readonly source: { readonly recording: RecordingId } | { readonly path: string }
      readonly claim: SubjectCode | null
      readonly beats: number
    }

export interface TrainerResults {
  engines: EngineStatus[]
  check: RunCheck
  train: RunRecord
  evaluate: RunReport
  'export-model': ModelExport
  enrol: Gallery
  identify: Decision
}

/** What the process that asked hears, and says, meanwhile. */
export interface TrainerContext {
  readonly signal: AbortSignal
  request(): 'go' | 'pause' | 'stop'
  onProgress(progress: RunProgress): void
  onEpoch(epoch: RunEpoch): void
  /** Of tasks other than training: parts of 1. */
  onDone(done: number): void
  /** Cores that the engine may use when the run does not say. */
  readonly cores: number
}

const now = (): number => performance.now()

/** Does a task in this process. @throws LabError as the parts do. */
export async function runTrainerTask(task: TrainerTask, context: TrainerContext): Promise<TrainerResults[keyof TrainerResults]> {
  if (task.kind === 'engines') return describeEngines({ cores: context.cores })
  const dataset = await Dataset.open(task.path, { access: 'read' })
  try {
    return await onDataset(dataset, task, context)
  } finally {
    await dataset.close()
  }
}

function onDataset(dataset: Dataset, task: Exclude<TrainerTask, { kind: 'engines' }>, context: TrainerContext): Promise<TrainerResults[keyof TrainerResults]> {
  const { signal, cores, onDone } = context
  const world = { signal, now, wallMs: () => Date.now(), program: version, chooseEngine: (record: Pick<RunRecord, 'engine'>) => chooseEngine(withinCores(record.engine), { cores }), onDone }
  switch (task.kind) {
    case 'check':
      return checkRun(dataset, task.split, task.recipe, { signal })
    case 'train':
      return executeRun(dataset, task.run, { ...world, ...context, environment: environment(), memoryBytes: () => process.memoryUsage().rss })
    case 'evaluate':
      return evaluateAgain(dataset, task.run, world)
    case 'export-model':
      return exportModel(dataset, task, world)
    case 'enrol':
      return enrolPeople(dataset, task, world)
    case 'identify':
      return identifyRecording(dataset, task, world)
  }
}

/** More threads than cores wait for each other instead of computing: 256 on two cores do not end. A run may come from a larger computer. */
function withinCores(engine: RunRecord['engine']): RunRecord['engine'] {
  return { ...engine, threads: engine.threads === null ? null : Math.min(engine.threads, availableParallelism()) }
}

function environment(): NonNullable<RunRecord['environment']> {
  const processor = cpus().at(0)?.model.trim() ?? 'unknown'
  return { program: version, node: process.versions.node, platform: `${process.platform} ${process.arch}`, processor: `${processor} x ${cpus().length}`, memoryBytes: totalmem() }
}

/** What ended a process that ended without a word. */
export function trainerEnded(code: number | null, signal: string | null): LabError {
  const how = code === null && signal === null ? 'it could not be started' : signal ? `it was ended by ${signal}${signal === 'SIGKILL' ? ', which is also what a computer out of memory does' : ''}` : `it ended with code ${code}`
  return new LabError('trainer-ended', `The trainer ended before its work was done: ${how}.`, { code, signal })
}

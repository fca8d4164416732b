import { LabError, type ModelName, type RunId, type RunReport } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { writeDraws } from './draws-file.ts'
import { evaluateRun } from './evaluate-run.ts'
import { failuresToAcquire } from './execute-run.ts'
import { FrozenAnswers } from './frozen-answers.ts'
import { writeThresholds, type Thresholds } from './fixed-thresholds.ts'
import { openRun, runWindows, splitOf, type TaskWorld } from './open-run.ts'
import { writeReportFiles } from './report-files.ts'

/** A run's report, made anew from its stored models. @throws LabError `run-not-finished`, `run-busy`, `cancelled`, and those of data and engine. */
export async function evaluateAgain(dataset: Dataset, id: RunId, world: TaskWorld): Promise<RunReport> {
  const { folder, record, models } = await openRun(dataset, id)
  const lock = await folder.lock()
  try {
    if (models.length === 0) throw new LabError('run-not-finished', `The run ${id} has no finished model to evaluate.`, { run: id })
    const run = await runWindows(dataset, record, world.signal)
    const { engine } = await world.chooseEngine(record)
    try {
      const thresholds = new Map<ModelName, Thresholds | null>()
      const report = await evaluateRun({
        record, run, models, engine, frozen: new FrozenAnswers(engine), split: await splitOf(dataset, record), program: world.program, evaluatedAt: new Date(world.wallMs()).toISOString(),
        failureToAcquire: failuresToAcquire(run.built), now: () => world.now(), epochs: await folder.epochs(),
        onProgress: (done) => {
          if (world.signal.aborted) throw new LabError('cancelled', 'The evaluation was stopped; the report is still the one before.', { run: id })
          world.onDone(done)
        },
        onThresholds: (model, fixed) => void thresholds.set(model, fixed),
        onReplicates: (draws) => writeDraws(dataset.files, folder.path, draws),
      })
      await writeThresholds(folder, record, thresholds)
      await writeReportFiles(folder, record, report)
      return report
    } finally {
      engine.dispose()
    }
  } finally {
    await lock.release()
  }
}

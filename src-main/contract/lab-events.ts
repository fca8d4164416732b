import { z } from 'zod'
import { AblationProgress } from './schemas/ablation.ts'
import { AcquisitionStatus } from './schemas/acquisition.ts'
import { DatasetSummary } from './schemas/dataset.ts'
import { LiveIdentification } from './schemas/identity.ts'
import { JobStatus } from './schemas/job.ts'
import { RunEpoch, RunId, RunProgress } from './schemas/learning.ts'
import { Recording } from './schemas/recording.ts'

/** Everything the services tell every window without being asked, except `view.frame`, which goes to its subscriber only. */
export const labEvents = {
  'acquisition.status': AcquisitionStatus,
  /** One drawn frame of the live view: a `ViewFrame` in its binary form (view-frame.ts). */
  'view.frame': z.instanceof(Uint8Array),
  'dataset.changed': DatasetSummary.nullable(),
  'subjects.changed': z.object({}),
  'library.changed': z.object({ id: z.string().nullable() }),
  /** A layer of this recording changed; `annotator` is its name. */
  'labels.changed': z.object({ id: z.string(), annotator: z.string() }),
  'versions.changed': z.object({}),
  'splits.changed': z.object({}),
  /** Whatever a window keeps of these recordings (drafts, tiles, settings) must go. */
  'subjects.erased': z.object({ code: z.string(), recordings: z.array(z.string()) }),
  'recording.finished': Recording,
  'job.changed': JobStatus,
  'runs.changed': z.object({ id: z.string().nullable() }),
  'run.progress': RunProgress,
  'run.epoch': z.object({ id: RunId, epoch: RunEpoch }),
  /** An ablation was started, went on a cell, or ended. */
  'ablation.progress': AblationProgress,
  'identity.live': LiveIdentification,
  /** The host wants to quit or close the window while a recording runs: the renderer asks the technician. */
  'lab.closeRequested': z.object({ recording: z.boolean() }),
} as const

export type LabEvents = typeof labEvents
export type EventName = keyof LabEvents
export type EventPayload<E extends EventName> = z.output<LabEvents[E]>

import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { version } from '../../package.json'
import {
  RpcServer, type AcquisitionStatus, type DatasetSummary, type EventName, type EventPayload, type LabEmitter, type LabHandlers, type MethodOutput,
} from '../contract/index.ts'
import { hostClock, type Clock } from '../recording/clock.ts'
import type { LinkFactory } from '../recording/device-link.ts'
import { hostLinks } from '../recording/host-links.ts'
import { AcquisitionService } from './acquisition-service.ts'
import { AblationService } from './ablation-service.ts'
import { AnalysisService } from './analysis-service.ts'
import { CurationService } from './curation-service.ts'
import { DatasetHolder } from './dataset-holder.ts'
import { DatasetJobs } from './dataset-jobs.ts'
import { DatasetService } from './dataset-service.ts'
import { DevicesService } from './devices-service.ts'
import { ExportService } from './export-service.ts'
import { ImportService } from './import-service.ts'
import { JobsService } from './jobs-service.ts'
import { LabelsService } from './labels-service.ts'
import { LibraryService } from './library-service.ts'
import { ProtocolsService } from './protocols-service.ts'
import { RecordService } from './record-service.ts'
import { IdentifyService } from './identify-service.ts'
import { localTrainer } from './local-trainer.ts'
import { RunsService } from './runs-service.ts'
import type { StartTrainer } from './trainer-process.ts'
import { SplitsService } from './splits-service.ts'
import { SubjectsService } from './subjects-service.ts'
import { ViewService } from './view-service.ts'
import { runInWorker } from './worker-task.ts'

export interface LabOptions {
  readonly host: MethodOutput<'lab.info'>['host']
  /** Where this machine's own settings live, for instance the list of recent datasets. */
  readonly configFolder: string
  /** The built workers/jobs.ts; `null` runs jobs in this thread. */
  readonly workerUrl: URL | null
  /** Starts the trainer's process; left out, training runs in this one, which only tests want. */
  readonly startTrainer?: StartTrainer
  /** The host's folder dialog, where it has one. */
  readonly pickFolder: (() => Promise<string | null>) | null
  readonly clock?: Clock
  readonly linkFactory?: LinkFactory
}

/** All services, composed; what a host gives a wire to. */
export interface Lab {
  readonly server: RpcServer
  openDataset(path: string): Promise<DatasetSummary>
  isRecording(): boolean
  onStatus(listener: (status: AcquisitionStatus) => void): void
  /** Ends in order: a running recording is finished, the device stopped, the dataset's lock released. */
  close(): Promise<void>
}

export function createLab(options: LabOptions): Lab {
  const { clock = hostClock } = options
  const linkFactory = options.linkFactory ?? hostLinks(clock)
  const server = new RpcServer()
  const statusListeners: ((status: AcquisitionStatus) => void)[] = []
  const emitter: LabEmitter = {
    emit<E extends EventName>(event: E, payload: EventPayload<E>) {
      server.emit(event, payload)
      if (event === 'acquisition.status') for (const listener of statusListeners) listener(payload as AcquisitionStatus)
    },
  }

  const holder = new DatasetHolder()
  const view = new ViewService()
  const jobs = new JobsService(emitter, () => clock.wallMs())
  const dataset = new DatasetService({ holder, emitter, configFolder: options.configFolder })
  const acquisition = new AcquisitionService({ holder, emitter, clock, linkFactory, view })
  const { workerUrl } = options
  const record = new RecordService({
    holder,
    emitter,
    clock,
    acquisition,
    // Reading a long recording back costs seconds of work that the live view should not feel.
    ...(workerUrl && {
      verify: ({ path }, id) => runInWorker(workerUrl, { kind: 'verify-recording', path, id }, { signal: new AbortController().signal, onProgress: () => undefined }),
    }),
  })
  const runs = new RunsService({ holder, emitter, jobs, startTrainer: options.startTrainer ?? localTrainer, wallMs: () => clock.wallMs(), isRecording: () => record.status() !== null })
  const identify = new IdentifyService({ holder, emitter, jobs, startTrainer: options.startTrainer ?? localTrainer, acquisition })

  const handlers: LabHandlers = {
    ...labHandlers(options),
    ...dataset.handlers(),
    ...new DatasetJobs({ holder, jobs, workerUrl }).handlers(),
    ...new SubjectsService({ holder, emitter }).handlers(),
    ...new DevicesService({ linkFactory }).handlers(),
    ...new ProtocolsService({ holder }).handlers(),
    ...acquisition.handlers(),
    ...record.handlers(),
    ...view.handlers(),
    ...new LibraryService({ holder, emitter }).handlers(),
    ...new AnalysisService({ holder, emitter, jobs, workerUrl }).handlers(),
    ...new ImportService({ holder, jobs, workerUrl, now: () => clock.wallMs() }).handlers(),
    ...new LabelsService({ holder, emitter }).handlers(),
    ...new CurationService({ holder, emitter, now: () => clock.wallMs() }).handlers(),
    ...new SplitsService({ holder, emitter }).handlers(),
    ...new ExportService({ holder, emitter, jobs, workerUrl }).handlers(),
    ...runs.handlers(),
    ...new AblationService({ holder, emitter, jobs, wallMs: () => clock.wallMs(), runs }).handlers(),
    ...identify.handlers(),
    ...jobs.handlers(),
  }
  server.use(handlers)

  return {
    server,
    openDataset: (path) => dataset.open(path),
    isRecording: () => record.status() !== null,
    onStatus: (listener) => void statusListeners.push(listener),
    async close() {
      await jobs.close()
      identify.close()
      await runs.close()
      try {
        await record.close()
      } finally {
        await acquisition.close()
        await dataset.close()
      }
    },
  }
}

function labHandlers({ host, pickFolder }: LabOptions): Pick<LabHandlers, 'lab.info' | 'lab.pickFolder'> {
  return {
    'lab.info': () => ({
      version,
      host,
      platform: process.platform,
      station: hostname(),
      canPickFolder: pickFolder !== null,
      homePath: homedir(),
      defaultDemoPath: join(homedir(), 'pulseprint-demo'),
    }),
    'lab.pickFolder': async () => ({ path: (await pickFolder?.()) ?? null }),
  }
}

import { availableParallelism } from 'node:os'
import { LabError, type Gallery, type JobStatus, type LabEmitter, type LabHandlers, type LaneSpec, type LiveIdentification, type MethodRequest, type WindowOptions } from '../contract/index.ts'
import { requireTemplates } from '../runs/decide.ts'
import { galleryOf, openGallery, removeTemplate, templatesOf } from '../runs/gallery.ts'
import { noLane } from '../runs/recording-signal.ts'
import type { AcquisitionService, LiveDevice } from './acquisition-service.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import type { JobsService } from './jobs-service.ts'
import { startLiveChild, type LiveChild } from './live-child.ts'
import { LiveFeed } from './live-feed.ts'
import { levelRank } from './live-lanes.ts'
import { startTrainerJob, type StartTrainer } from './trainer-process.ts'
import type { TrainerTask } from './trainer-task.ts'

export interface IdentifyServiceParts {
  readonly holder: DatasetHolder
  readonly emitter: LabEmitter
  readonly jobs: JobsService
  readonly startTrainer: StartTrainer
  readonly acquisition: Pick<AcquisitionService, 'device' | 'requireDevice'>
}

type Handlers = Pick<LabHandlers, 'identify.gallery' | 'identify.enrol' | 'identify.remove' | 'identify.recording' | 'identify.live' | 'identify.stopLive' | 'identify.liveState'>

/** The view and the journal go before: one core is enough for two beats a second. */
const liveCores = 1

const off: LiveIdentification = { state: 'off', run: null, model: null, claim: null, lane: null, beats: 0, needed: 0, decision: null, error: null }

/** `identify.*`: who is enrolled, who is in a recording, and who is on the electrodes now. Whatever computes does so in a trainer's process. */
export class IdentifyService {
  readonly #parts: IdentifyServiceParts
  #state: LiveIdentification = off
  #live: { readonly child: LiveChild; readonly feed: LiveFeed } | null = null

  constructor(parts: IdentifyServiceParts) {
    this.#parts = parts
    parts.holder.onChange(() => this.#stopped(off))
  }

  handlers(): Handlers {
    return {
      'identify.gallery': ({ run, model }) => galleryOf(this.#parts.holder.current(), run, model),
      'identify.enrol': ({ run, model, recordings }) => this.#enrol({ kind: 'enrol', path: this.#parts.holder.current().path, run, model, recordings }),
      'identify.remove': (request) => this.#remove(request),
      'identify.recording': ({ run, model, recording, claim, beats }) =>
        this.#job('identify', { kind: 'identify', path: this.#parts.holder.current().path, run, model, source: { recording }, claim, beats }, () => Promise.resolve()),
      'identify.live': (request) => this.#listen(request),
      'identify.stopLive': () => this.#stopped(off),
      'identify.liveState': () => this.#state,
    }
  }

  #enrol(task: Extract<TrainerTask, { kind: 'enrol' }>): JobStatus {
    const dataset = this.#parts.holder.current()
    return this.#job('enrol', task, async () => {
      const { run, model, recordings } = task
      if (this.#parts.holder.open === dataset) await dataset.note('identity.enrolled', { run, model, recordings: recordings.length })
      this.#parts.emitter.emit('runs.changed', { id: run })
    })
  }

  async #remove({ run, model, subject }: MethodRequest<'identify.remove'>): Promise<Gallery> {
    const dataset = this.#parts.holder.current()
    const gallery = await removeTemplate(dataset, run, model, subject)
    await dataset.note('identity.removed', { run, model, code: subject })
    this.#parts.emitter.emit('runs.changed', { id: run })
    return gallery
  }

  #job(kind: JobStatus['kind'], task: TrainerTask, done: () => Promise<void>): JobStatus {
    return this.#parts.jobs.start({
      kind,
      unit: 'parts',
      run: async ({ signal, onProgress }) => {
        const job = startTrainerJob(this.#parts.startTrainer, task, { onDone: (part) => onProgress(part, 1) }, Math.max(1, availableParallelism() - 1))
        // Files are replaced as a whole or not at all: the process may end wherever it is.
        signal.addEventListener('abort', () => job.kill(), { once: true })
        const result = await job.result.catch((thrown: unknown) => {
          throw signal.aborted ? new LabError('cancelled', 'It was cancelled.', {}, { cause: thrown }) : thrown
        })
        await done()
        return result
      },
    })
  }

  /** @throws LabError `device-not-connected`, `lane-missing` when the device has no lane of the model's kind, `template-not-found`, `model-not-found`, `model-mismatch`. */
  async #listen({ run, model, claim: asClaimed, beats }: MethodRequest<'identify.live'>): Promise<LiveIdentification> {
    const dataset = this.#parts.holder.current()
    const device = this.#parts.acquisition.requireDevice()
    const gallery = await openGallery(dataset, run, model)
    const claim = asClaimed && dataset.subjects.resolve(asClaimed)
    requireTemplates(await templatesOf(dataset, gallery), claim, { run, model })
    const lane = liveLane(device, gallery.record.recipe.windows)
    // Reading took a moment, in which the device or the dataset may have gone.
    if (this.#parts.acquisition.device !== device) throw new LabError('device-not-connected', 'The device was disconnected.')
    if (this.#parts.holder.open !== dataset) throw new LabError('dataset-not-open', 'The dataset was closed.')
    this.#end()
    const { rateHz } = device.acquisition.configuration
    const child = startLiveChild(
      this.#parts.startTrainer,
      { path: dataset.path, run, model, claim, beats, lane: { rateHz, finest: 1 / lane.gainCountsPerUnit } },
      {
        onProgress: (progress) => void this.#tell({ ...this.#state, state: 'listening', ...progress }),
        onFailed: (error) => void this.#failed(error),
      },
      liveCores,
    )
    const feed = new LiveFeed(device.lanes, lane.id, (block) => child.push(block), () => {
      if (this.#parts.acquisition.device !== device) this.#failed(new LabError('device-not-connected', 'The device was disconnected.'))
    })
    this.#live = { child, feed }
    return this.#tell({ state: 'starting', run, model, claim, lane: lane.id, beats: 0, needed: beats, decision: null, error: null })
  }

  #failed({ code, message }: LabError): LiveIdentification {
    return this.#stopped({ ...this.#state, state: 'failed', beats: 0, decision: null, error: { code, message } })
  }

  #stopped(state: LiveIdentification): LiveIdentification {
    this.#end()
    return this.#state === state ? state : this.#tell(state)
  }

  #end(): void {
    const live = this.#live
    this.#live = null
    live?.feed.close()
    live?.child.stop()
  }

  #tell(state: LiveIdentification): LiveIdentification {
    this.#state = state
    this.#parts.emitter.emit('identity.live', state)
    return state
  }

  /** Ends the live identification with its process; jobs are ended by `JobsService`. */
  close(): void {
    this.#stopped(off)
  }
}

/** The lane that a model of such windows listens to: the one that it names, else the one that is best at the moment. @throws LabError `lane-missing` when there is none. */
function liveLane({ lanes, acquisition }: LiveDevice, { lane: kind, channel }: Pick<WindowOptions, 'lane' | 'channel'>): LaneSpec {
  const fitting = acquisition.configuration.lanes.filter((lane) => lane.kind === kind && !lane.sparse)
  const levels = new Map(lanes.status().map(({ lane, level }) => [lane, levelRank[level]]))
  const rankOf = ({ id }: LaneSpec): number => levels.get(id) ?? levelRank.none
  const chosen = channel === null ? [...fitting].sort((a, b) => rankOf(a) - rankOf(b)).at(0) : fitting.at(channel)
  if (!chosen) throw noLane(`The device ${acquisition.configuration.profile}`, kind)
  return chosen
}

import { LabError, type AcquisitionSource, type AcquisitionStatus, type DeviceConfiguration, type LabEmitter, type LabHandlers } from '../contract/index.ts'
import { configureDevice, deviceProfile, deviceProtocol } from '../devices/registry.ts'
import { Acquisition } from '../recording/acquisition.ts'
import type { Clock } from '../recording/clock.ts'
import type { DeviceLink, LinkFactory } from '../recording/device-link.ts'
import { AlarmBoard, lossWindowSeconds, updateAlarms } from './alarms.ts'
import { checklist, neededBytes } from './checklist.ts'
import type { DatasetHolder } from './dataset-holder.ts'
import { bestRate, LiveLanes } from './live-lanes.ts'
import { RateMeter } from './rate-meter.ts'
import type { ViewService } from './view-service.ts'

/** Status events per second: four, as the contract says. */
const statusMs = 250
/** Asking the file system is cheap but not free. */
const diskMs = 5000

/** What the running recording adds to status and alarms. */
export interface RecorderView {
  status(): AcquisitionStatus['recording']
  /** How far durable is behind received, seconds; `null` when nothing is recorded. */
  durableLagSeconds(): number | null
  error(): LabError | null
  /** Seconds still to record where that is planned. */
  remainingSeconds(): number | null
}

const noRecorder: RecorderView = { status: () => null, durableLagSeconds: () => null, error: () => null, remainingSeconds: () => null }

/** A connected device and everything that lives as long as its connection. */
export interface LiveDevice {
  readonly source: AcquisitionSource
  readonly acquisition: Acquisition
  readonly lanes: LiveLanes
  readonly meter: RateMeter
  /** Lanes that have been in contact. */
  readonly touched: Set<string>
  /** Wall minus monotonic when it connected, ms: shows whether somebody set the clock since. */
  readonly clockOffsetMs: number
}

/** `acquisition.*`: one device at a time, its status, alarms and checklist. */
export class AcquisitionService {
  readonly #holder: DatasetHolder
  readonly #emitter: LabEmitter
  readonly #clock: Clock
  readonly #links: LinkFactory
  readonly #view: ViewService
  readonly #alarms = new AlarmBoard()
  #device: LiveDevice | null = null
  #connecting: { source: AcquisitionSource; configuration: DeviceConfiguration; acquisition: Acquisition } | null = null
  #failed: { source: AcquisitionSource; error: LabError } | null = null
  #epoch = 0
  #timer: ReturnType<typeof setInterval> | null = null
  #freeBytes: number | null = null
  #diskAskedMs = Number.NEGATIVE_INFINITY
  /** Set by the record service, which is built on this one. */
  recorder: RecorderView = noRecorder

  constructor(parts: { holder: DatasetHolder; emitter: LabEmitter; clock: Clock; linkFactory: LinkFactory; view: ViewService }) {
    this.#holder = parts.holder
    this.#emitter = parts.emitter
    this.#clock = parts.clock
    this.#links = parts.linkFactory
    this.#view = parts.view
  }

  /** The connected device, or `null`. */
  get device(): LiveDevice | null {
    return this.#device
  }

  /** The connected device. @throws LabError `device-not-connected`. */
  requireDevice(): LiveDevice {
    if (!this.#device) throw new LabError('device-not-connected', 'No device is connected.')
    return this.#device
  }

  handlers(): Pick<
    LabHandlers,
    'acquisition.connect' | 'acquisition.disconnect' | 'acquisition.status' | 'acquisition.acknowledge' | 'acquisition.checklist'
  > {
    return {
      'acquisition.connect': (source, { signal }) => this.connect(source, signal),
      'acquisition.disconnect': () => this.disconnect(),
      'acquisition.status': () => this.status(),
      'acquisition.acknowledge': ({ alarm }) => {
        this.#alarms.acknowledge(alarm)
        return this.tell()
      },
      'acquisition.checklist': ({ subject, plannedSeconds }) => this.checklist(subject, plannedSeconds),
    }
  }

  /**
   * Connects to a device in place of the one before.
   * @throws LabError `recording-in-progress`, `device-unknown`, `device-settings-invalid`, `fault-invalid` and everything of `Acquisition.connect`.
   */
  async connect(source: AcquisitionSource, signal?: AbortSignal): Promise<AcquisitionStatus> {
    await this.disconnect()
    const rates = source.kind === 'serial' && source.baudRate === undefined ? deviceProfile(source.profile).baudRates : [undefined]
    for (const baudRate of rates.slice(0, -1)) {
      try {
        return await this.#attempt(source.kind === 'serial' ? { ...source, baudRate } : source, signal)
      } catch (thrown) {
        // Boards of one name exist with different rates (Chords: 230400 and 115200) and are silent until they are spoken to at theirs.
        const { code } = LabError.from(thrown)
        if (code !== 'device-silent' && code !== 'device-mismatch' && code !== 'device-command-failed') throw thrown
      }
    }
    return this.#attempt(source.kind === 'serial' ? { ...source, baudRate: source.baudRate ?? rates.at(-1) } : source, signal)
  }

  async #attempt(source: AcquisitionSource, signal?: AbortSignal): Promise<AcquisitionStatus> {
    const profile = deviceProfile(source.profile)
    const configuration = configureDevice(source.profile, source.settings)
    const link = this.#link(source, configuration)
    const protocol = deviceProtocol(profile.protocol)
    const acquisition = new Acquisition({ link, protocol, configuration, bootMs: profile.bootMs, clock: this.#clock })
    this.#connecting = { source, configuration, acquisition }
    this.#failed = null
    this.#run()
    this.tell()
    try {
      await acquisition.connect(signal)
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (this.#connecting?.acquisition === acquisition) {
        if (error.code !== 'cancelled') this.#failed = { source, error }
        this.#connecting = null
        this.#run()
        this.tell()
      }
      throw error
    }
    this.#connecting = null
    this.#show(source, acquisition)
    return this.tell()
  }

  #show(source: AcquisitionSource, acquisition: Acquisition): void {
    const lanes = new LiveLanes(acquisition.configuration, this.#view.filters, ++this.#epoch)
    this.#device = { source, acquisition, lanes, meter: new RateMeter(), touched: new Set(), clockOffsetMs: this.#clockOffsetMs() }
    acquisition.tap({
      rows: (rows) => lanes.push(rows, this.#clock.wallMs()),
      changed: () => this.tell(),
    })
    this.#view.show(lanes)
    this.#run()
  }

  /** @throws LabError `recording-in-progress`: stop the recording first. */
  async disconnect(): Promise<AcquisitionStatus> {
    if (this.recorder.status()) throw new LabError('recording-in-progress', 'A recording is running. Stop it before disconnecting the device.')
    const acquisition = this.#device?.acquisition ?? this.#connecting?.acquisition
    this.#device = null
    this.#connecting = null
    this.#failed = null
    this.#view.show(null)
    this.#alarms.clear()
    this.#run()
    await acquisition?.disconnect()
    return this.tell()
  }

  /** Disconnects whatever happens: the program ends. */
  async close(): Promise<void> {
    const acquisition = this.#device?.acquisition ?? this.#connecting?.acquisition
    this.#device = null
    this.#connecting = null
    this.#view.show(null)
    this.#run()
    await acquisition?.disconnect()
  }

  #link(source: AcquisitionSource, configuration: DeviceConfiguration): DeviceLink {
    if (source.kind === 'demo') return this.#links.demo({ configuration, seed: source.seed, faults: source.faults })
    const profile = deviceProfile(source.profile)
    return this.#links.serial({ path: source.path, baudRate: source.baudRate ?? profile.baudRates[0], dtr: profile.dtr })
  }

  #clockOffsetMs(): number {
    return this.#clock.wallMs() - this.#clock.monotonicNs() / 1e6
  }

  #run(): void {
    const needed = this.#device !== null || this.#connecting !== null
    if (needed && !this.#timer) this.#timer = setInterval(() => this.#tick(), statusMs)
    if (!needed && this.#timer) {
      clearInterval(this.#timer)
      this.#timer = null
    }
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicNs() / 1e6
    if (this.#device) {
      const { acquisition, meter } = this.#device
      meter.add(nowMs, { rows: acquisition.rowsReceived, bytes: acquisition.bytesReceived, lost: acquisition.timeline.lostRows })
    }
    if (nowMs - this.#diskAskedMs >= diskMs) {
      this.#diskAskedMs = nowMs
      void this.#askDisk()
    }
    this.#updateAlarms(nowMs)
    this.tell()
  }

  async #askDisk(): Promise<number | null> {
    const dataset = this.#holder.open
    // A disk that cannot be asked is the writer's to report; here it only means that nothing is known.
    this.#freeBytes = dataset ? await dataset.files.freeBytes(dataset.path).catch(() => null) : null
    return this.#freeBytes
  }

  #silentMs(nowMs: number): number | null {
    const acquisition = this.#device?.acquisition
    if (!acquisition || acquisition.state !== 'streaming' || acquisition.streamingSinceNs === null) return null
    return nowMs - Math.max(acquisition.lastRowNs ?? 0, acquisition.streamingSinceNs) / 1e6
  }

  #streamingSeconds(nowMs: number): number {
    const since = this.#device?.acquisition.streamingSinceNs ?? null
    return since === null ? 0 : nowMs / 1000 - since / 1e9
  }

  #updateAlarms(nowMs: number): void {
    const device = this.#device
    if (!device) return
    const { acquisition, meter } = device
    const remaining = this.recorder.remainingSeconds()
    updateAlarms(this.#alarms, {
      nowMs: this.#clock.wallMs(),
      connection: acquisition.state,
      silentMs: this.#silentMs(nowMs),
      offLanes: offLanes(device),
      lostRecently: meter.during(lossWindowSeconds).lost,
      streamingSeconds: this.#streamingSeconds(nowMs),
      ppm: acquisition.timeline.fit()?.ppm ?? null,
      counted: acquisition.configuration.counter !== null,
      freeBytes: this.#freeBytes,
      neededBytes: remaining === null ? 0 : neededBytes(meter.perSecond().bytes, remaining),
      durableLagSeconds: this.recorder.durableLagSeconds(),
      writerError: this.recorder.error(),
    })
  }

  async checklist(subjectCode: string | null, plannedSeconds: number | null): Promise<ReturnType<typeof checklist>> {
    const status = this.status()
    const nowMs = this.#clock.monotonicNs() / 1e6
    const dataset = this.#holder.open
    const freeBytes = await this.#askDisk()
    const subject = dataset && subjectCode !== null ? (await dataset.subjects.list()).find((candidate) => candidate.code === subjectCode) : undefined
    const speed = this.#device?.meter.perSecond() ?? { rows: 0, bytes: 0 }
    return checklist({
      status,
      lanes: status.configuration?.lanes ?? [],
      silentMs: this.#silentMs(nowMs),
      streamingSeconds: this.#streamingSeconds(nowMs),
      rowsPerSecond: speed.rows,
      bytesPerSecond: speed.bytes,
      plannedSeconds,
      dataset: dataset ? { path: dataset.path, writable: dataset.access === 'write', freeBytes: freeBytes ?? 0 } : null,
      subject: subject ? { code: subject.code, consent: subject.consent } : null,
      wallMs: this.#clock.wallMs(),
      clockJumpMs: this.#device ? this.#clockOffsetMs() - this.#device.clockOffsetMs : 0,
    })
  }

  /** Tells every window the status, and returns it. */
  tell(): AcquisitionStatus {
    const status = this.status()
    this.#emitter.emit('acquisition.status', status)
    return status
  }

  status(): AcquisitionStatus {
    const acquisition = this.#device?.acquisition ?? this.#connecting?.acquisition ?? null
    const lanes = this.#device?.lanes.status() ?? []
    const configuration = acquisition?.configuration ?? null
    const heart = bestRate(lanes, configuration?.lanes ?? [])
    const rows = acquisition?.rowsReceived ?? 0
    const lost = acquisition?.timeline.lostRows ?? 0
    const fit = acquisition?.timeline.fit() ?? null
    const error = acquisition?.error ?? this.#failed?.error ?? null
    return {
      connection: acquisition?.state ?? (this.#failed ? 'failed' : 'disconnected'),
      source: this.#device?.source ?? this.#connecting?.source ?? this.#failed?.source ?? null,
      configuration,
      identity: acquisition?.identity ?? '',
      error: error ? error.toWire() : null,
      rowsReceived: rows,
      rowsLost: lost,
      lossRatio: rows + lost > 0 ? lost / (rows + lost) : 0,
      lossCertainty: acquisition?.timeline.lossCertainty ?? 'unknown',
      bytesSkipped: acquisition?.bytesSkipped ?? 0,
      declaredRateHz: configuration?.rateHz ?? null,
      measuredRateHz: fit?.rateHz ?? null,
      ppm: fit?.ppm ?? null,
      lanes,
      heartRateBpm: heart.bpm,
      heartRateLane: heart.lane,
      alarms: this.#alarms.list(),
      recording: this.recorder.status(),
    }
  }
}

/** Lanes that lost contact, of those that have been in contact: unused inputs of a board are not an alarm. */
function offLanes({ lanes, touched }: LiveDevice): string[] {
  const status = lanes.status()
  for (const lane of status) if (lane.contact === 'on') touched.add(lane.lane)
  return status.filter((lane) => lane.contact === 'off' && touched.has(lane.lane)).map((lane) => lane.lane)
}

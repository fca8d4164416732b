import { LabError } from '../../src-main/contract/errors.ts'
import type { MethodInput } from '../../src-main/contract/lab-api.ts'
import type { AcquisitionStatus, Alarm, CheckResult, LaneStatus } from '../../src-main/contract/schemas/acquisition.ts'
import type { DetectionEvidence, DeviceProfile, LaneSpec, PortInfo } from '../../src-main/contract/schemas/device.ts'
import type { RecordingProtocol } from '../../src-main/contract/schemas/protocol.ts'
import type { SubjectCode } from '../../src-main/contract/ids.ts'
import type { Connection } from './connection.svelte.ts'

/** The device at the other end: where it may be, what it says, how well. */
export class AcquisitionState {
  status = $state.raw<AcquisitionStatus | null>(null)
  profiles = $state.raw<DeviceProfile[]>([])
  protocols = $state.raw<RecordingProtocol[]>([])
  ports = $state.raw<PortInfo[]>([])
  portsLoading = $state(false)
  detecting = $state<string | null>(null)
  detectError = $state.raw<LabError | null>(null)
  evidence = $state.raw<{ path: string; found: DetectionEvidence[] } | null>(null)
  connecting = $state(false)
  /** Why the last wish to connect was not granted. */
  connectError = $state.raw<LabError | null>(null)
  checks = $state.raw<CheckResult[]>([])
  readonly #connection: Connection
  #detection: AbortController | null = null

  constructor(connection: Connection) {
    this.#connection = connection
    connection.on('acquisition.status', (status) => {
      this.status = status
    })
  }

  get connected(): boolean {
    const state = this.status?.connection
    return state === 'streaming' || state === 'reconnecting' || state === 'connecting'
  }

  get lanes(): LaneSpec[] {
    return this.status?.configuration?.lanes ?? []
  }

  get alarms(): Alarm[] {
    return this.status?.alarms ?? []
  }

  /** Alarms that still ask for a person: active ones not yet acknowledged make the sound. */
  get unacknowledged(): Alarm[] {
    return this.alarms.filter((alarm) => !alarm.acknowledged)
  }

  laneStatus(lane: string): LaneStatus | null {
    return this.status?.lanes.find((status) => status.lane === lane) ?? null
  }

  profile(id: string | null | undefined): DeviceProfile | null {
    return this.profiles.find((profile) => profile.id === id) ?? null
  }

  protocol(id: string | null): RecordingProtocol | null {
    return this.protocols.find((protocol) => protocol.id === id) ?? null
  }

  async refresh(): Promise<void> {
    this.status = await this.#connection.call('acquisition.status', {})
    this.profiles = await this.#connection.call('devices.profiles', {})
  }

  /** Protocols of the program and of the open dataset; returns what is wrong with the dataset's own files. */
  async refreshProtocols(): Promise<LabError[]> {
    const { protocols, problems } = await this.#connection.call('protocols.list', {})
    this.protocols = protocols
    return problems.map((problem) => LabError.fromWire(problem))
  }

  async refreshPorts(): Promise<void> {
    this.portsLoading = true
    try {
      this.ports = await this.#connection.call('devices.ports', {})
    } finally {
      this.portsLoading = false
    }
  }

  async connect(source: MethodInput<'acquisition.connect'>): Promise<void> {
    this.connecting = true
    this.connectError = null
    try {
      this.status = await this.#connection.call('acquisition.connect', source)
    } catch (thrown) {
      this.connectError = LabError.from(thrown)
      throw thrown
    } finally {
      this.connecting = false
    }
  }

  async disconnect(): Promise<void> {
    this.status = await this.#connection.call('acquisition.disconnect', {})
    this.checks = []
  }

  /** Listens passively; the evidence (or the error) is kept for the table. A second call or `cancelDetection` ends the first. */
  async detect(path: string): Promise<void> {
    this.cancelDetection()
    const controller = new AbortController()
    this.#detection = controller
    this.detecting = path
    this.evidence = null
    this.detectError = null
    try {
      const found = await this.#connection.call('devices.detect', { path }, { signal: controller.signal })
      this.evidence = { path, found }
    } catch (thrown) {
      const error = LabError.from(thrown)
      if (this.#detection === controller && error.code !== 'cancelled') this.detectError = error
    } finally {
      if (this.#detection === controller) {
        this.#detection = null
        this.detecting = null
      }
    }
  }

  cancelDetection(): void {
    this.#detection?.abort()
    this.#detection = null
    this.detecting = null
  }

  async acknowledge(alarm: Alarm['id']): Promise<void> {
    this.status = await this.#connection.call('acquisition.acknowledge', { alarm })
  }

  async check(subject: string | null, plannedSeconds: number | null): Promise<void> {
    this.checks = await this.#connection.call('acquisition.checklist', { subject: subject as SubjectCode | null, plannedSeconds })
  }
}

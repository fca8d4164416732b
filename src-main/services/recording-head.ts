import { hostname } from 'node:os'
import { ulid } from 'ulid'
import { RecordingId, type DeviceConfiguration, type Recording, type SubjectCode } from '../contract/index.ts'
import type { Clock } from '../recording/clock.ts'
import type { RecordingHead } from '../recording/journal-payloads.ts'
import { localIso } from '../recording/local-time.ts'

export interface HeadFacts {
  readonly clock: Clock
  readonly subject: SubjectCode
  readonly configuration: DeviceConfiguration
  readonly source: string
  readonly identity: string
  readonly notes: string
  readonly operator?: string
  readonly protocol?: Recording['protocol']
  readonly override?: Recording['override']
}

/** What is known of a recording before its first byte: who, when, where, with what. */
export function recordingHead(facts: HeadFacts): RecordingHead {
  const nowMs = facts.clock.wallMs()
  return {
    id: RecordingId.parse(ulid(nowMs)),
    subject: facts.subject,
    startedAt: localIso(nowMs),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    station: hostname(),
    operator: facts.operator ?? '',
    notes: facts.notes,
    protocol: facts.protocol ?? null,
    override: facts.override ?? null,
    device: facts.configuration,
    source: facts.source,
    identity: facts.identity,
  }
}

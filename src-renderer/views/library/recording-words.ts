import type { Recording, RecordingListItem } from '../../../src-main/contract/schemas/recording.ts'
import type { Strings } from '../../strings/en.ts'
import type { Format } from '../../strings/format.ts'
import type { Tone } from '../../ui/tone.ts'

/** A lost row in a thousand is visible in a beat; less is worth knowing. */
const badLoss = 0.001

export function lossTone(recording: Pick<Recording, 'lostRows' | 'rows' | 'lossCertainty'>): Tone {
  if (recording.lostRows === 0) return recording.lossCertainty === 'unknown' ? 'neutral' : 'good'
  return recording.rows > 0 && recording.lostRows / recording.rows > badLoss ? 'bad' : 'warn'
}

export const stateTone: Record<RecordingListItem['state'], Tone> = {
  recording: 'live',
  interrupted: 'warn',
  finished: 'good',
  recovered: 'warn',
  imported: 'neutral',
  discarded: 'bad',
}

/** When it was made: the day alone where an archive knows no time (midnight sharp is none), or that nobody knows. */
export function recordingDate(recording: Pick<Recording, 'state' | 'startedAt' | 'timeZone' | 'origin'>, format: Format, t: Strings): string {
  return dateWords({ ...recording, dateUnknown: recording.origin?.dateUnknown ?? false }, format, t)
}

export function dateWords({ state, startedAt, timeZone, dateUnknown }: Pick<RecordingListItem, 'state' | 'startedAt' | 'timeZone' | 'dateUnknown'>, format: Format, t: Strings): string {
  if (dateUnknown) return t.importing.unknownDate
  return state === 'imported' && /T00:00:00(\.0+)?[+Z-]/.test(startedAt) ? format.date(startedAt, timeZone) : format.dateTime(startedAt, timeZone)
}

/** One finding on several lanes is said once: `Channel 1, Channel 2: 8.0 % of the samples ...`. The lab says it lane by lane. */
export function groupWarnings({ warnings, lanes }: Pick<Recording, 'warnings' | 'lanes'>, list: (names: string[]) => string): Recording['warnings'] {
  const groups = new Map<string, { code: string; names: string[]; words: string }>()
  for (const { code, message } of warnings) {
    const lane = lanes.find(({ label }) => message.startsWith(`${label}: `))
    const words = lane === undefined ? message : message.slice(lane.label.length + 2)
    const key = `${code}\n${lane === undefined}\n${words}`
    const group = groups.get(key) ?? { code, names: [], words }
    if (lane !== undefined) group.names.push(lane.label)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ code, names, words }) => ({ code, message: names.length === 0 ? words : `${list(names)}: ${words}` }))
}

/** Most of a lane usable, half of it, or less. */
export function usableTone(ratio: number): Tone {
  return ratio >= 0.8 ? 'good' : ratio >= 0.5 ? 'warn' : 'bad'
}

import type { DeviceSettings, SubjectInput } from '../contract/index.ts'
import type { PersonOptions } from '../devices/simulation/person.ts'
import { Random } from '../devices/simulation/random.ts'

/** One recording of the demo dataset. */
export interface PlannedRecording {
  readonly subject: string
  /** Seed of the person and number of the day. */
  readonly person: number
  readonly session: number
  readonly startedAtMs: number
  readonly device: string
  readonly settings?: DeviceSettings
  /** What the pulse has of a heart, and whose heart the ECG shows: for data with a known answer. */
  readonly body?: Pick<PersonOptions, 'heart' | 'heartDetail' | 'pulse' | 'pulseNoise'>
  /** Shipped recording protocol, or `null` for a free recording. */
  readonly protocol: string | null
  /** `null`: the person's own rate. */
  readonly heartRateBpm: number | null
  /** Multiplies the disturbances of the person's signals. */
  readonly noise: number
  readonly faults: string
  readonly notes: string
  readonly seed: number
}

export interface DemoPlan {
  readonly subjects: readonly (Omit<SubjectInput, 'code'> & { readonly code: string })[]
  readonly recordings: readonly PlannedRecording[]
}

export interface DemoSize {
  readonly seed: number
  readonly subjects: number
  readonly sessions: number
  readonly secondsPerRecording: number
  /** The last session was some days before this, ms since 1970. */
  readonly nowMs: number
}

const devices = ['cyton', 'healthypi5', 'shimmer3-exg-ppg'] as const
export const dayMs = 86_400_000

/**
 * Who comes to the demo lab on which day, with which board, and what goes wrong. Every subject keeps its board; sessions are a week or two
 * apart in working hours; every other subject is recorded a second time on the first day, after exercise. About one recording in three has
 * something to look at: lost frames, an electrode that fell off, a pulled cable, a restless subject.
 */
export function planDemo({ seed, subjects, sessions, secondsPerRecording, nowMs }: DemoSize): DemoPlan {
  const random = Random.named(seed, 'demo-plan')
  const people = drawPeople(subjects, random)
  const recordings: PlannedRecording[] = []
  people.forEach(({ code }, index) => {
    let daysAgo = 3 + random.integer(4)
    for (let session = sessions; session >= 1; session--) {
      const startedAtMs = morning(nowMs - daysAgo * dayMs) + random.integer(8 * 60) * 60_000 + random.integer(60_000)
      const common = {
        subject: code, person: seed * 1000 + index + 1, session, device: devices[index % devices.length], noise: 0.7 * random.factor(0.3),
      }
      recordings.push({ ...common, startedAtMs, protocol: 'rest-60', heartRateBpm: null, faults: '', notes: '', seed: random.integer(1e9) })
      if (session === 1 && index % 2 === 1) {
        const heartRateBpm = 98 + random.integer(25)
        const later = startedAtMs + 9 * 60_000
        recordings.push({ ...common, startedAtMs: later, protocol: null, heartRateBpm, noise: 1.5, faults: '', notes: 'After 30 knee bends.', seed: random.integer(1e9) })
      }
      daysAgo += 6 + random.integer(9)
    }
  })
  recordings.sort((a, b) => a.startedAtMs - b.startedAtMs)
  return { subjects: people, recordings: recordings.map((recording, index) => withTrouble(recording, index, secondsPerRecording, random)) }
}

export function drawPeople(subjects: number, random: Random): DemoPlan['subjects'] {
  return Array.from({ length: subjects }, (_, index) => {
    const code = `S${String(index + 1).padStart(3, '0')}`
    const sex = random.uniform() < 0.5 ? ('female' as const) : ('male' as const)
    return { code, consent: 'granted' as const, birthYear: 1955 + random.integer(50), sex, notes: 'Synthetic person.', tags: ['synthetic'] }
  })
}

function withTrouble(recording: PlannedRecording, index: number, seconds: number, random: Random): PlannedRecording {
  const clock = `jitter=6,ppm=${Math.round(25 * random.normal())}`
  const at = (fraction: number): string => (seconds * fraction).toFixed(1)
  const rows = 20 + random.integer(60)
  switch (index % 9) {
    case 2:
      return { ...recording, faults: `${clock},drop=${rows}@${at(0.4)},stall=400@${at(0.7)}`, notes: 'Bluetooth was busy.' }
    case 5:
      return { ...recording, faults: `${clock},leadoff=${Math.round(seconds * 80)}@${at(0.55)}`, notes: 'One electrode came off and was put back.' }
    case 7:
      return { ...recording, faults: `${clock},unplug=${Math.round(seconds * 60)}@${at(0.5)}`, notes: 'The cable was pulled out by accident.' }
    case 8:
      return { ...recording, faults: clock, noise: 3, notes: recording.notes || 'Restless.' }
    default:
      return { ...recording, faults: clock }
  }
}

/** Nine o'clock local time on the day of `ms`. */
export function morning(ms: number): number {
  const day = new Date(ms)
  day.setHours(9, 0, 0, 0)
  return day.getTime()
}

import { SplitRole } from '../../../src-main/contract/index.ts'
import type { WindowSet } from '../../../src-main/learning/data/window-set.ts'

/** Windows of people whose recordings have so many windows each; all of one role. Every sample of a window is its number, plus its place in the window over 1000. */
export function aWindowSet(people: readonly (readonly number[])[], { role = 'train' as SplitRole, length = 4, channels = 1 } = {}): WindowSet {
  const subject: number[] = []
  const recording: number[] = []
  const recordings: { id: string; session: string; subject: number; startedAt: string, rowRateHz: 250 }[] = []
  for (const [person, counts] of people.entries()) {
    for (const count of counts) {
      for (let k = 0; k < count; k++) {
        subject.push(person)
        recording.push(recordings.length)
      }
      recordings.push({ id: `r${recordings.length}`, session: 'one', subject: person, startedAt: '2026-03-01T10:00:00Z', rowRateHz: 250 })
    }
  }
  const size = length * channels
  return {
    rateHz: 250, length, channels,
    samples: Float32Array.from({ length: subject.length * size }, (_, at) => Math.floor(at / size) + (at % size) / 1000),
    subject: Int32Array.from(subject), recording: Int32Array.from(recording), role: new Uint8Array(subject.length).fill(SplitRole.options.indexOf(role)),
    row: Float64Array.from(subject, (_, k) => k),
    subjects: people.map((_, person) => `S${person}`), recordings, roles: SplitRole.options, contentHash: '',
  }
}

/** Sets of the same shape as one. */
export function joined(...sets: WindowSet[]): WindowSet {
  return {
    ...sets[0],
    samples: Float32Array.from(sets.flatMap(({ samples }) => [...samples])), subject: Int32Array.from(sets.flatMap(({ subject }) => [...subject])),
    recording: Int32Array.from(sets.flatMap(({ recording }) => [...recording])), role: Uint8Array.from(sets.flatMap(({ role }) => [...role])), row: Float64Array.from(sets.flatMap(({ row }) => [...row])),
  }
}

export const allRows = ({ subject }: WindowSet): Int32Array => Int32Array.from(subject, (_, row) => row)

import type { PairedDemo } from '../contract/index.ts'
import { Random } from '../devices/simulation/random.ts'
import { dayMs, drawPeople, morning, type DemoPlan, type DemoSize, type PlannedRecording } from './demo-plan.ts'

/** A pulse's mean rate is the same in everybody: it must not tell anybody apart. */
const heartRateBpm = 66
const device = 'shimmer3-exg-ppg'
const lanes = { ecg: 'exg1', ppg: 'ppg' } as const
type Lane = keyof typeof lanes

/**
 * A lab whose ECG and PPG have a planted relation, so that it is known beforehand whether one can teach the other.
 *
 * The first wave of everybody's pulse and its reflection carry `share` of the identity of a heart; the dicrotic wave that of a stranger, another one in every visit: what the day does. The first half of the people
 * come once, the others in every session: a subject-disjoint split with half of the people tested learns from those, in whom person and day change together, so that labels alone cannot tell them apart.
 *
 * | situation | the ECG beside the pulse is | the pulse has of it |
 * | --- | --- | --- |
 * | `helps` | the person's | what stays from day to day |
 * | `no-effect` | the person's | nothing: the person's waves are of a heart that nobody's ECG shows |
 * | `harms` | the stranger's, under the person's name | what changes from day to day |
 *
 * `unpaired`: ECG and PPG of a visit are recordings of their own, on days of their own. `oneModality`: this part of the people has only one of the two, in turn.
 */
export function planPairedDemo({ seed, subjects, sessions, nowMs }: DemoSize, { situation, share, detail, pulseNoise, unpaired, oneModality }: PairedDemo): DemoPlan {
  const random = Random.named(seed, 'paired-plan')
  const people = drawPeople(subjects, random)
  const once = Math.floor(subjects / 2)
  const recordings = people.flatMap(({ code }, index): PlannedRecording[] => {
    const person = seed * 1_000_000 + 1000 * (index + 1)
    const visits = index < once ? 1 : sessions
    return Array.from({ length: visits }, (_, i) => i + 1).flatMap((session) => {
      const stranger = person + session
      const unseen = person + 500
      const pulse = { share, heart: situation === 'no-effect' ? unseen : person, stranger }
      const body = { pulse, pulseNoise, heartDetail: detail, heart: situation === 'harms' ? stranger : person }
      return recordedIn({ index, unpaired, oneModality }).map((kinds, part): PlannedRecording => ({
        subject: code, person, session, body, device, settings: { channels: kinds.map((kind) => lanes[kind]), rateHz: 256 }, protocol: null, heartRateBpm, noise: 0.7, faults: '',
        // The parts of a visit lie days apart, and before those of the next.
        startedAtMs: morning(nowMs - (3 + 14 * (visits - session) + 5 * (1 - part)) * dayMs) + random.integer(8 * 60) * 60_000,
        notes: `Planted: ${situation}.`, seed: random.integer(1e9),
      }))
    })
  })
  return { subjects: people, recordings: recordings.sort((a, b) => a.startedAtMs - b.startedAtMs) }
}

/** The recordings of one visit, by what they have. */
function recordedIn({ index, unpaired, oneModality }: Pick<PairedDemo, 'unpaired' | 'oneModality'> & { readonly index: number }): Lane[][] {
  const alone = Math.floor((index + 1) * oneModality) - Math.floor(index * oneModality) > 0
  if (alone) return [[Math.floor((index + 1) * oneModality) % 2 === 1 ? 'ecg' : 'ppg']]
  return unpaired ? [['ecg'], ['ppg']] : [['ecg', 'ppg']]
}

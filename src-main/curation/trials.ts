import type { DatasetSplit, RecordingId, SplitAssignment, SubjectCode } from '../contract/index.ts'
import { Random } from './random.ts'
import { dividesRows, hasTrials } from './split-roles.ts'

export interface Trial {
  readonly genuine: boolean
  readonly enrol: string
  readonly probe: string
  readonly enrolRecording: RecordingId
  readonly probeRecording: RecordingId
  readonly enrolSubject: SubjectCode
  readonly probeSubject: SubjectCode
}

/** More impostor trials than this are drawn at random without replacement. Source: recognition.md C2 ("every genuine pair, at most 1,000,000 impostors"). */
export const mostImpostorTrials = 1_000_000

export interface TrialCounts {
  readonly genuine: number
  readonly impostor: number
  /** Impostor pairs that there are, of which `impostor` are taken. */
  readonly impostorPairs: number
}

export function countTrials(split: DatasetSplit): TrialCounts {
  if (!hasTrials(split)) return { genuine: 0, impostor: 0, impostorPairs: 0 }
  const enrolled = new Map<string, number>()
  const enrol = split.assignments.filter(({ role }) => role === 'enrol')
  for (const { subject } of enrol) enrolled.set(subject, (enrolled.get(subject) ?? 0) + 1)
  let genuine = 0
  let impostorPairs = 0
  for (const { role, subject } of split.assignments) {
    if (role !== 'test') continue
    const own = enrolled.get(subject) ?? 0
    genuine += own
    impostorPairs += enrol.length - own
  }
  return { genuine, impostor: Math.min(impostorPairs, mostImpostorTrials), impostorPairs }
}

/**
 * Every probe against every enrolled recording, probe by probe in the split's order: all genuine pairs, and all impostor pairs or a million of them. Probes of people who are
 * never enrolled are impostors throughout. One at a time: a list of millions is never held.
 */
export function* trials(split: DatasetSplit): Generator<Trial> {
  if (!hasTrials(split)) return
  const name = namer(split)
  const named = split.assignments.map((assignment) => ({ assignment, name: name(assignment) }))
  const enrol = named.filter(({ assignment }) => assignment.role === 'enrol')
  const { impostor, impostorPairs } = countTrials(split)
  const random = impostor < impostorPairs ? Random.of('impostor trials', split.options.seed) : null
  let wanted = impostor
  let left = impostorPairs
  for (const probe of named) {
    if (probe.assignment.role !== 'test') continue
    for (const template of enrol) {
      const genuine = template.assignment.subject === probe.assignment.subject
      if (!genuine) {
        // Each remaining pair is taken with the chance wanted / left: exactly `impostor` in the end (Knuth 3.4.2, algorithm S).
        const taken = random === null || random.below(left) < wanted
        left--
        if (!taken) continue
        wanted--
      }
      yield {
        genuine, enrol: template.name, probe: probe.name, enrolRecording: template.assignment.recording, probeRecording: probe.assignment.recording,
        enrolSubject: template.assignment.subject, probeSubject: probe.assignment.subject,
      }
    }
  }
}

/** VoxCeleb's text: `1 enrol probe` for one person, `0 enrol probe` for two. @example '1 S001/01HV... S001/01HW...' */
export function* trialLines(split: DatasetSplit): Generator<string> {
  for (const { genuine, enrol, probe } of trials(split)) yield `${genuine ? 1 : 0} ${enrol} ${probe}`
}

/** SUBJECT/RECORDING, with `:FROM-TO` (first row, row behind the last) where the recording has several parts. */
function namer(split: DatasetSplit): (assignment: SplitAssignment) => string {
  if (!dividesRows(split.options)) return ({ subject, recording }) => `${subject}/${recording}`
  return ({ subject, recording, spans }) => `${subject}/${recording}:${spans.at(0)?.from ?? 0}-${spans.at(-1)?.to ?? 0}`
}

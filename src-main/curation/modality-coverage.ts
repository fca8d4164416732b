import type { CoverageCell, CoverageReason, DatasetSplit, ModalityCoverage, RowSpan, SplitRole, VersionEntry } from '../contract/index.ts'
import { compareNatural, groupBy } from './order.ts'
import { joinSpans, rowsIn } from './spans.ts'
import { sideOf } from './split-roles.ts'

type Lane = ModalityCoverage['student']

export interface CoverageInput {
  readonly version: string
  /** `null`: of the version, as if everybody trained. */
  readonly split: Pick<DatasetSplit, 'name' | 'options'> | null
  /** The modality that is learnt; the other one teaches. */
  readonly student: Lane
  /** `roles`: of the split; a recording that is divided has several. */
  readonly recordings: readonly { readonly entry: VersionEntry; readonly roles: readonly { readonly role: SplitRole; readonly spans: readonly RowSpan[] }[] | null }[]
}

/**
 * Who has which modality in which session and role, and which recipes for two modalities that allows. Lanes of one recording were recorded together. Looks at what was frozen, not at signals: windows that
 * are flat or missing are seen when they are cut.
 * @example 12 people train, 3 of them with both lanes in one recording: fusion is possible, with { code: 'pairs-partial', subjects: 3, of: 12 }
 */
export function modalityCoverage({ version, split, student, recordings }: CoverageInput): ModalityCoverage {
  const teacher: Lane = student === 'ppg' ? 'ecg' : 'ppg'
  const parts = recordings.flatMap(partsOf)
  const bySubject = [...groupBy(parts, ({ subject }) => subject)].sort(([a], [b]) => compareNatural(a, b))
  const roles = [...groupBy(parts, ({ role }) => role)].map(([role, own]) => ({ role, ...countsOf(peopleOf(own)) }))
  const isTraining = ({ role }: Part): boolean => split === null || (role !== null && sideOf(role, split.options) === 'train')
  const people = { training: peopleOf(parts.filter(isTraining)), enrolled: peopleOf(parts.filter(({ role }) => role === 'enrol')), tested: peopleOf(parts.filter(({ role }) => role === 'test')) }
  return {
    version, split: split?.name ?? null, student, teacher,
    subjects: bySubject.map(([subject, own]) => ({ subject, cells: cellsOf(own) })),
    roles,
    recipes: (['fusion', 'clip', 'sembridge'] as const).map((recipe) => {
      const reasons = [...learning(recipe, people.training, { student, teacher }), ...(split === null ? [] : testing(people, student))]
      return { recipe, possible: !reasons.some(({ blocks }) => blocks), reasons }
    }),
  }
}

interface Part {
  readonly subject: VersionEntry['subject']
  readonly session: string
  readonly role: SplitRole | null
  readonly has: ReadonlySet<string>
  readonly seconds: number
}

function partsOf({ entry, roles }: CoverageInput['recordings'][number]): Part[] {
  const of = (role: SplitRole | null, spans: readonly RowSpan[]): Part => ({ subject: entry.subject, session: entry.session, role, has: new Set(entry.lanes.map(({ kind }) => kind)), seconds: rowsIn(joinSpans(spans)) / entry.rateHz })
  return roles === null ? [of(null, entry.spans)] : roles.map(({ role, spans }) => of(role, spans))
}

function cellsOf(parts: readonly Part[]): CoverageCell[] {
  return [...groupBy(parts, ({ session, role }) => JSON.stringify([session, role])).values()].map((own) => {
    const holding = (...lanes: Lane[]): number => own.filter(({ has }) => lanes.every((lane) => has.has(lane))).length
    return { session: own[0].session, role: own[0].role, recordings: own.length, ecg: holding('ecg'), ppg: holding('ppg'), both: holding('ecg', 'ppg'), seconds: own.reduce((sum, { seconds }) => sum + seconds, 0) }
  })
}

/** What is known of each person. */
interface Person {
  readonly ecg: boolean
  readonly ppg: boolean
  /** In one recording. */
  readonly together: boolean
}
type People = ReadonlyMap<string, Person>

function peopleOf(parts: readonly Part[]): People {
  return new Map([...groupBy(parts, ({ subject }) => subject)].map(([subject, own]) => {
    const some = (...lanes: Lane[]): boolean => own.some(({ has }) => lanes.every((lane) => has.has(lane)))
    return [subject, { ecg: some('ecg'), ppg: some('ppg'), together: some('ecg', 'ppg') }]
  }))
}

const counted = (people: People, which: (person: Person) => boolean): number => [...people.values()].filter(which).length

function countsOf(people: People) {
  return {
    subjects: people.size, ecg: counted(people, ({ ecg }) => ecg), ppg: counted(people, ({ ppg }) => ppg), both: counted(people, ({ together }) => together),
    apart: counted(people, ({ ecg, ppg, together }) => ecg && ppg && !together),
  }
}

/** What a recipe needs of those who train (recognition.md A2-A4): the first that is missing, or all that it must do without. */
function learning(recipe: ModalityCoverage['recipes'][number]['recipe'], people: People, { student, teacher }: Pick<ModalityCoverage, 'student' | 'teacher'>): CoverageReason[] {
  const of = people.size
  const reason = (code: CoverageReason['code'], subjects: number, lane: Lane | null, blocks = false): CoverageReason => ({ code, blocks, lane, subjects, of })
  const [learnt, taught, both, together] = [counted(people, (one) => one[student]), counted(people, (one) => one[teacher]), counted(people, ({ ecg, ppg }) => ecg && ppg), counted(people, (one) => one.together)]
  for (const [lane, count] of [[student, learnt], [teacher, taught]] as const) if (count === 0) return [reason('lane-missing', 0, lane, true)]
  if (learnt < 2) return [reason('too-few-subjects', learnt, student, true)]
  if (recipe !== 'sembridge' && together === 0) return [reason('pairs-missing', 0, null, true)]
  if (both === 0) return [reason('both-missing', 0, null, true)]
  return [
    ...(recipe !== 'sembridge' && together < of ? [reason('pairs-partial', together, null)] : []),
    ...(learnt > both ? [reason('without-teacher', learnt - both, teacher)] : []),
    ...(taught > both ? [reason('without-student', taught - both, student)] : []),
  ]
}

/** Only the student's modality is there when it is used. */
function testing({ enrolled, tested }: { readonly enrolled: People; readonly tested: People }, student: Lane): CoverageReason[] {
  const wanted = [...tested.keys()].filter((subject) => enrolled.has(subject))
  const subjects = wanted.filter((subject) => tested.get(subject)?.[student] && enrolled.get(subject)?.[student]).length
  if (subjects === wanted.length && subjects > 0) return []
  return [{ code: subjects === 0 ? 'test-missing' : 'test-partial', blocks: subjects === 0, lane: student, subjects, of: wanted.length }]
}

import type { CoverageReason, ModalityCoverage } from '../../contract/index.ts'

const people = (count: number): string => (count === 1 ? '1 subject' : `${count} subjects`)
const laneOf = ({ lane }: CoverageReason): string => (lane ?? '').toUpperCase()

/** What a reason says after "fusion: ". */
const words: Readonly<Record<CoverageReason['code'], (reason: CoverageReason, training: string) => string>> = {
  'lane-missing': (reason, training) => `none of ${people(reason.of)}${training} has ${laneOf(reason)}`,
  'too-few-subjects': (reason, training) => `${people(reason.subjects)} of ${reason.of}${training} with ${laneOf(reason)}: two must be told apart at the least`,
  'pairs-missing': ({ of }, training) => `it needs windows of one moment, and none of ${people(of)}${training} has ECG and PPG in one recording`,
  'pairs-partial': ({ subjects, of }, training) => `it needs windows of one moment: ${subjects} of ${people(of)}${training} have such`,
  'both-missing': ({ of }, training) => `none of ${people(of)}${training} is known by both ECG and PPG`,
  'without-teacher': (reason, training) => `${reason.subjects} of ${people(reason.of)}${training} have no ${laneOf(reason)}: they learn from labels alone`,
  'without-student': (reason, training) => `${reason.subjects} of ${people(reason.of)}${training} have no ${laneOf(reason)}: only the teacher learns them`,
  'test-missing': (reason) => `none of ${people(reason.of)} to be tested has ${laneOf(reason)} to enrol and to be tested with`,
  'test-partial': (reason) => `${reason.subjects} of ${people(reason.of)} to be tested have ${laneOf(reason)} to enrol and to be tested with`,
}

/** For a terminal: who has what by role, everybody's sessions, and what each recipe would have to do without. */
export function describeCoverage({ version, split, student, teacher, subjects, roles, recipes }: ModalityCoverage): string[] {
  const training = split === null ? '' : ' in training'
  return [
    `${split ?? version}${split === null ? '' : ` of ${version}`}: ${people(subjects.length)}; ${teacher.toUpperCase()} teaches, ${student.toUpperCase()} learns`,
    ...roles.map(({ role, subjects: all, ecg, ppg, both, apart }) => `  ${(role ?? 'all').padEnd(10)} ${people(all)}: ${ecg} with ECG, ${ppg} with PPG, ${both} with both at once${apart > 0 ? `, ${apart} with both at different times` : ''}`),
    ...subjects.flatMap(({ subject, cells }) => cells.map((cell) => `  ${subject.padEnd(10)} ${cell.session}${cell.role === null ? '' : ` ${cell.role}`}: ${cell.recordings} recordings, ECG ${cell.ecg}, PPG ${cell.ppg}, both ${cell.both}, ${Math.round(cell.seconds)} s`)),
    ...recipes.map(({ recipe, possible, reasons }) => `${recipe}: ${possible ? 'possible' : 'not possible'}${reasons.length === 0 ? '' : `; ${reasons.map((reason) => words[reason.code](reason, training)).join('; ')}`}`),
  ]
}

import type { DelimitedMapping, ImportCandidate, LabError, SubjectCode } from '../contract/index.ts'
import type { SignalSource } from '../formats/signal-source.ts'
import { headerClock } from './header-date.ts'
import { importLanes, rowsPerFrame } from './import-lanes.ts'
import type { OpenedRecord, RecordKind } from './open-record.ts'
import { personOf, type PersonFacts } from './person-facts.ts'
import type { RuleSet, RuleSubject } from './rule-text.ts'
import { splitPath, stemOf, type FoundFile } from './walk.ts'
import { zonedIso } from './zone-time.ts'

/** One record and all that a worker needs to make a recording of it. Plain values. */
export interface PlannedRecord {
  readonly candidate: ImportCandidate
  readonly kind: RecordKind
  /** How a delimited text is read, also where that was only guessed. */
  readonly mapping: DelimitedMapping | null
  /** Names of the originals, relative to the leading file's folder; the leading file first, annotators last. */
  readonly names: readonly string[]
  /** What its header says of its subject. */
  readonly person: PersonFacts
}

/** A record that can be read, with the annotators that were found beside it. */
export interface FoundRecord extends OpenedRecord {
  readonly file: FoundFile
  readonly kind: RecordKind
  readonly annotators: string[]
}

/** What an import makes of records, by its rules. @param bytesOf size of a file by its relative path */
export function planRecords(found: readonly FoundRecord[], rules: RuleSet, bytesOf: (path: string) => number): PlannedRecord[] {
  const people = new People(rules)
  /** Signal files -> the first record of them. */
  const firsts = new Map<string, string>()
  return found.map(({ file: { path: file }, kind, source, mapping, annotators }) => {
    const names = [...source.files, ...annotators.map((annotator) => `${stemOf(file)}.${annotator}`)]
    const { folders } = splitPath(file)
    const paths = names.map((name) => [...folders, name].join('/'))
    const data = paths.slice(0, source.files.length).filter((path) => !/\.hea$/i.test(path)).sort().join('\n')
    const first = data === '' ? undefined : firsts.get(data)
    if (first === undefined) firsts.set(data, file)
    const about = { file, comments: source.comments, facts: source.facts }
    const clock = headerClock(source)
    const candidate: ImportCandidate = {
      file,
      format: source.format,
      files: paths,
      bytes: paths.reduce((sum, path) => sum + bytesOf(path), 0),
      subject: people.code(about),
      session: rules.session(about, clock.date),
      startedAt: clock.date && zonedIso(clock.date, clock.time, rules.rules.timeZone),
      ...shapeOf(source, rules),
      annotators,
      findings: source.findings().map(({ code, message }) => ({ file, code, message })),
      mapping: null,
    }
    const { findings } = candidate
    if (first !== undefined) findings.push({ file, code: 'import-duplicate' satisfies LabError['code'], message: `It has the same signal files as ${first}: only one of both is imported.` })
    if (candidate.subject === null) findings.push({ file, code: 'import-subject-unknown' satisfies LabError['code'], message: `The rules give no subject for ${file}.` })
    return { candidate, kind, mapping, names, person: personOf(source.facts, clock.date) }
  })
}

function shapeOf(source: SignalSource, rules: RuleSet): Pick<ImportCandidate, 'seconds' | 'rateHz' | 'lanes'> {
  const rateHz = source.rateHz * rowsPerFrame(source)
  const lanes = importLanes(source, rules).map((lane) => ({ label: lane.label, kind: lane.kind, unit: lane.unit, rateHz: lane.rateHz ?? rateHz }))
  return { seconds: source.frames / source.rateHz, rateHz, lanes }
}

/** Whose records they are: the code of a person is that of the first file with the same identity, and is spelled as it was first. */
class People {
  readonly #rules: RuleSet
  readonly #codes = new Map<string, SubjectCode>()

  constructor(rules: RuleSet) {
    this.#rules = rules
  }

  code(about: RuleSubject): SubjectCode | null {
    const codes = this.#codes
    const code = this.#rules.code(about)
    const identity = this.#rules.identity(about)
    const known = (identity === '' ? undefined : codes.get(`identity ${identity}`)) ?? (code === null ? undefined : codes.get(`code ${code.toLowerCase()}`)) ?? code
    if (known === null) return null
    if (identity !== '') codes.set(`identity ${identity}`, known)
    codes.set(`code ${known.toLowerCase()}`, known)
    return known
  }
}

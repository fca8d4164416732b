import { join } from 'node:path'
import { LabError, type RecordingId } from '../contract/index.ts'
import { canonicalJson } from '../curation/canonical-json.ts'
import { encodeArrays, readArrays } from './array-file.ts'
import { writeAtomically, type Files } from './files.ts'
import { sha256 } from './hashes.ts'
import { lockHolder } from './lock.ts'

/** Whom a model was tested on, as figures of two runs need it to be compared: how many, and a mark that is equal for equal lists. It names nobody. */
export interface TestedPeople {
  readonly count: number
  readonly mark: string
}

/** @param subjects codes, in the order in which they are drawn */
export const testedPeople = (subjects: readonly string[]): TestedPeople => ({ count: subjects.length, mark: sha256(canonicalJson(subjects)) })

export interface Erased {
  /** In lower case. */
  readonly codes: ReadonlySet<string>
  readonly recordings: ReadonlySet<RecordingId>
}

/**
 * Takes erased people out of what a run's folder says of single people: their lines in report.json, their codes in draws.bin, and the page that shows both, which is made again when somebody asks for it. Figures
 * over all who were tested stay as they were measured. Done twice it is done once. @throws LabError of reading and writing.
 */
export async function erasePeopleOfRun(files: Files, run: string, erased: Erased): Promise<void> {
  await eraseFromReport(files, run, erased)
  await eraseFromDraws(files, join(run, 'draws.bin'))
  await removeHalfWritten(files, run)
}

/** What a crash left of files that may name them. Where somebody writes it is theirs, and of other people: nobody is erased from under a run that learns from them. */
async function removeHalfWritten(files: Files, run: string): Promise<void> {
  if ((await lockHolder(files, run)) !== null) return
  for (const name of ['run.json', 'report.json', 'report.html', 'draws.bin']) await files.remove(join(run, `${name}.part`))
}

async function eraseFromReport(files: Files, run: string, erased: Erased): Promise<void> {
  const [path, page] = [join(run, 'report.json'), join(run, 'report.html')]
  if ((await files.stat(path)) === null) return
  const text = new TextDecoder().decode(await files.readFile(path))
  const report = parsed(text)
  if (report === null) {
    // Cut off by a crash: nobody can read it, and it may name them, as the page may that was made of it.
    await files.remove(page)
    return files.remove(path)
  }
  const left = `${JSON.stringify(withoutPeople(report, erased))}\n`
  if (left === text) return
  // The page first: it is what would otherwise be left behind by a crash.
  await files.remove(page)
  await writeAtomically(files, path, left)
}

type Json = Record<string, unknown>

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const records = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isRecord) : [])

function parsed(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function withoutPeople(report: Json, erased: Erased): Json {
  const isGone = (value: unknown): boolean => typeof value === 'string' && (erased.codes.has(value.toLowerCase()) || erased.recordings.has(value as RecordingId))
  const left = (value: unknown): unknown => (Array.isArray(value) ? value.filter((each) => !isGone(each)) : value)
  const systems = Object.entries(isRecord(report.systems) ? report.systems : {}).map(([name, system]) => {
    if (!isRecord(system) || !isRecord(system.evaluation)) return [name, system]
    const perSubject = records(system.evaluation.perSubject).filter(({ subject }) => !isGone(subject))
    return [name, { ...system, evaluation: { ...system.evaluation, perSubject } }]
  })
  const leaks = records(report.leaks).map((leak) => ({ ...leak, ...('message' in leak ? { message: withoutCodes(leak.message, erased.codes) } : {}), recordings: left(leak.recordings), subjects: left(leak.subjects) }))
  return { ...report, systems: Object.fromEntries(systems), ...('leaks' in report ? { leaks } : {}) }
}

/** A sentence with a dash in the place of every code. @example withoutCodes('S1 and S12.', new Set(['s1'])) // '- and S12.' */
export function withoutCodes(text: unknown, codes: ReadonlySet<string>): unknown {
  return typeof text === 'string' ? text.replaceAll(/[A-Za-z0-9][A-Za-z0-9_-]*/g, (word) => (codes.has(word.toLowerCase()) ? '-' : word)) : text
}

/** Of an earlier version, which wrote codes; marks say the same to whoever compares. */
async function eraseFromDraws(files: Files, path: string): Promise<void> {
  if ((await files.stat(path)) === null) return
  try {
    const { meta, arrays } = await readArrays(files, path, 'run-invalid')
    const models = records(meta.models)
    if (!models.some((model) => 'subjects' in model)) return
    const marked = models.map(({ subjects, ...rest }) => (Array.isArray(subjects) ? { ...rest, people: testedPeople(subjects.map(String)) } : rest))
    await writeAtomically(files, path, encodeArrays({ meta: { ...meta, models: marked }, arrays }))
  } catch (thrown) {
    const { code } = LabError.from(thrown)
    // A later version's names nobody either; to stop here would keep the person in all that comes after, and the dataset shut.
    if (code === 'run-format-newer') return
    if (code !== 'run-invalid') throw thrown
    // Damaged: it compares nothing any more, and may name them.
    await files.remove(path)
  }
}

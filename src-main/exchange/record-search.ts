import { LabError, type DelimitedMapping, type ImportCandidate, type ImportFinding, type SubjectCode } from '../contract/index.ts'
import type { SignalSource, SourceFolder } from '../formats/signal-source.ts'
import { parseHeader } from '../formats/wfdb-header.ts'
import { headerClock } from './header-date.ts'
import { importLanes, rowsPerFrame } from './import-lanes.ts'
import { openRecord, type RecordKind } from './open-record.ts'
import { isAnnotationFile, mostAnnotationBytes, recogniseFile } from './recognise.ts'
import type { RuleSet } from './rule-text.ts'
import { folderAt } from './source-files.ts'
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
}

export interface SearchOptions {
  /** Leading files that are looked at closely, at most. */
  readonly limit?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number | null) => void
}

/** What became of a file while the folder was looked through. */
interface Lead {
  readonly file: FoundFile
  readonly kind: RecordKind
  readonly opened: { readonly source: SignalSource; readonly mapping: DelimitedMapping | null } | null
  readonly refusal: ImportFinding | null
  /** A text that holds no numbers in columns: somebody wrote something down. */
  readonly prose: boolean
  /** Relative paths of the other files that it names. */
  readonly claims: readonly string[]
  readonly annotators: string[]
}

/**
 * Looks through the files of a folder: which lead a record, which belong to one, which cannot be used and why. Headers first: they say which other files are theirs.
 * One damaged file never keeps the others from being looked at.
 */
export class RecordSearch {
  readonly refused: ImportFinding[] = []
  ignored = 0
  complete = true
  readonly #rules: RuleSet
  readonly #root: SourceFolder
  readonly #files: readonly FoundFile[]
  readonly #options: SearchOptions
  readonly #byPath: ReadonlyMap<string, FoundFile>
  /** Path without its ending -> the paths with it. */
  readonly #byStem = new Map<string, string[]>()
  readonly #leads = new Map<string, Lead>()
  /** File -> the leading file that it belongs to. */
  readonly #owners = new Map<string, Lead>()
  /** Leading files that the rules leave out, and everything that went with them. */
  readonly #excluded: FoundFile[] = []
  readonly #left = new Set<string>()
  #looked = 0

  constructor(rules: RuleSet, root: SourceFolder, files: readonly FoundFile[], options: SearchOptions) {
    this.#rules = rules
    this.#root = root
    this.#files = files
    this.#options = options
    this.#byPath = new Map(files.map((file) => [file.path, file]))
    for (const { path } of files) this.#byStem.set(withoutEnding(path), [...(this.#byStem.get(withoutEnding(path)) ?? []), path])
  }

  /** Headers first: they say which of the other files are theirs. */
  async run(only: string | null): Promise<void> {
    const headers = this.#files.filter((file) => /\.hea$/i.test(file.path))
    for (const file of headers) if (only === null || !/\.hea$/i.test(only) || file.path === only) await this.#look(file, 'wfdb')
    this.#dropSegments()
    for (const lead of this.#leads.values()) for (const path of lead.claims) if (!this.#owners.has(path)) this.#owners.set(path, lead)
    for (const file of this.#excluded.splice(0)) await this.#leaveOut(file)
    for (const file of this.#files) {
      // The headers that were not looked at may name what is left.
      if (!this.complete) break
      if (this.#leads.has(file.path) || this.#owners.has(file.path) || this.#left.has(file.path) || /\.hea$/i.test(file.path)) continue
      if (await this.#asAnnotator(file)) continue
      if (only !== null && file.path !== only) continue
      await this.#other(file)
    }
    this.ignored += this.#excluded.length + this.#left.size
    for (const lead of this.#leads.values()) {
      if (only !== null && lead.file.path !== only) this.#leads.delete(lead.file.path)
      else if (lead.refusal) this.#refuse(lead, lead.refusal)
    }
  }

  async #look(file: FoundFile, kind: RecordKind): Promise<void> {
    if (this.#options.signal?.aborted) throw new LabError('cancelled', 'Looking through the files was cancelled.')
    if (!this.#rules.includes(file.path)) {
      this.#excluded.push(file)
      return
    }
    if (this.#looked >= (this.#options.limit ?? Number.POSITIVE_INFINITY)) {
      this.complete = false
      return
    }
    this.#looked++
    this.#options.onProgress?.(this.#looked, null)
    const { folders, name } = splitPath(file.path)
    const folder = await folderAt(this.#root, folders)
    const below = (names: readonly string[]): string[] => names.map((other) => [...folders, other].join('/')).filter((path) => path !== file.path)
    try {
      if (!folder) throw new LabError('file-not-found', `The folder of ${file.path} is no longer there.`, { file: file.path })
      const opened = await openRecord(folder, name, kind, this.#rules.rules.delimited)
      this.#leads.set(file.path, { file, kind, opened, refusal: null, prose: false, claims: below(opened.source.files), annotators: [] })
    } catch (thrown) {
      const { code, message, data } = LabError.from(thrown)
      if (code === 'cancelled' || code === 'internal-error') throw thrown
      const prose = kind === 'text' && code === 'text-signal-invalid' && data.field === 'rows'
      const claims = kind === 'wfdb' && folder ? below(await namesOfHeader(folder, name)) : []
      this.#leads.set(file.path, { file, kind, opened: null, refusal: { file: file.path, code, message }, prose, claims, annotators: [] })
    }
  }

  /** The headers of a record's segments lead nothing of their own. */
  #dropSegments(): void {
    for (const lead of [...this.#leads.values()]) {
      if (!lead.opened) continue
      for (const path of lead.claims) {
        if (!this.#leads.has(path)) continue
        this.#leads.delete(path)
        this.#owners.set(path, lead)
      }
    }
  }

  /** A header that the rules leave out, with the files that are only its own. */
  async #leaveOut(file: FoundFile): Promise<void> {
    const { folders, name } = splitPath(file.path)
    const folder = await folderAt(this.#root, folders)
    const named = folder ? await namesOfHeader(folder, name) : []
    const own = [file.path, ...named.map((other) => [...folders, other].join('/')), ...(this.#byStem.get(withoutEnding(file.path)) ?? [])]
    for (const path of own) if (this.#byPath.has(path) && !this.#owners.has(path) && !this.#leads.has(path)) this.#left.add(path)
  }

  /** `100.atr` belongs to 100.hea beside it. */
  async #asAnnotator(file: FoundFile): Promise<boolean> {
    const lead = this.#leads.get(`${withoutEnding(file.path)}.hea`)
    const annotator = file.path.slice(file.path.lastIndexOf('.') + 1)
    if (!lead || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(annotator) || file.bytes > mostAnnotationBytes) return false
    const { folders, name } = splitPath(file.path)
    const source = await (await folderAt(this.#root, folders))?.open(name)
    if (!source || (await recogniseFile(source)) !== 'binary' || !isAnnotationFile(await source.read(0, source.bytes))) return false
    this.#owners.set(file.path, lead)
    if (!lead.opened || this.#rules.takes(annotator)) lead.annotators.push(annotator)
    else this.ignored++
    return true
  }

  async #other(file: FoundFile): Promise<void> {
    const { folders, name } = splitPath(file.path)
    const source = await (await folderAt(this.#root, folders))?.open(name)
    const kind = source ? await recogniseFile(source) : 'binary'
    if (kind === 'documentation') this.ignored++
    else if (kind === 'binary' || kind === 'wfdb') {
      this.refused.push({ file: file.path, code: 'format-unknown' satisfies LabError['code'], message: `${file.path} is of no format that is read here, and no header names it.` })
    } else {
      await this.#look(file, kind)
      if (!this.#leads.get(file.path)?.prose) return
      this.#leads.delete(file.path)
      this.ignored++
    }
  }

  /** With the files that go with it: they cannot be used either. */
  #refuse(lead: Lead, refusal: ImportFinding): void {
    this.refused.push(refusal)
    for (const [path, owner] of this.#owners) {
      if (owner === lead && path !== lead.file.path && this.#byPath.has(path)) this.refused.push({ ...refusal, file: path, message: `It belongs to ${lead.file.path}: ${refusal.message}` })
    }
  }

  records(): PlannedRecord[] {
    const codes = new Map<string, SubjectCode>()
    /** Signal files -> the first record of them. */
    const firsts = new Map<string, string>()
    return [...this.#leads.values()].flatMap((lead) => {
      if (!lead.opened) return []
      const { source, mapping } = lead.opened
      const annotatorNames = lead.annotators.map((annotator) => `${stemOf(lead.file.path)}.${annotator}`)
      const names = [...source.files, ...annotatorNames]
      const { folders } = splitPath(lead.file.path)
      const paths = names.map((name) => [...folders, name].join('/'))
      const data = paths.slice(0, source.files.length).filter((path) => !/\.hea$/i.test(path)).sort().join('\n')
      const first = data === '' ? undefined : firsts.get(data)
      if (first === undefined) firsts.set(data, lead.file.path)
      return [{ candidate: this.#candidate(lead, source, { paths, first }, codes), kind: lead.kind, mapping, names }]
    })
  }

  /** `first`: the record before this one that has the same signal files. */
  #candidate(lead: Lead, source: SignalSource, { paths, first }: { paths: string[]; first: string | undefined }, codes: Map<string, SubjectCode>): ImportCandidate {
    const file = lead.file.path
    const about = { file, comments: source.comments, facts: source.facts }
    const clock = headerClock(source)
    const subject = this.#person(about, codes)
    const rateHz = source.rateHz * rowsPerFrame(source)
    const findings = source.findings().map(({ code, message }) => ({ file, code, message }))
    if (first !== undefined) findings.push({ file, code: 'import-duplicate' satisfies LabError['code'], message: `It has the same signal files as ${first}: only one of both is imported.` })
    if (subject === null) findings.push({ file, code: 'import-subject-unknown' satisfies LabError['code'], message: `The rules give no subject for ${file}.` })
    return {
      file,
      format: source.format,
      files: paths,
      bytes: paths.reduce((sum, path) => sum + (this.#byPath.get(path)?.bytes ?? 0), 0),
      subject,
      session: this.#rules.session(about, clock.date),
      startedAt: clock.date && zonedIso(clock.date, clock.time, this.#rules.rules.timeZone),
      seconds: source.frames / source.rateHz,
      rateHz,
      lanes: importLanes(source, this.#rules).map((lane) => ({ label: lane.label, kind: lane.kind, unit: lane.unit, rateHz: lane.rateHz ?? rateHz })),
      annotators: lead.annotators,
      findings,
      mapping: null,
    }
  }

  /** The code of a person is that of the first file with the same identity, and is spelled as it was first. */
  #person(about: Parameters<RuleSet['code']>[0], codes: Map<string, SubjectCode>): SubjectCode | null {
    const code = this.#rules.code(about)
    const identity = this.#rules.identity(about)
    const known = (identity === '' ? undefined : codes.get(`identity ${identity}`)) ?? (code === null ? undefined : codes.get(`code ${code.toLowerCase()}`)) ?? code
    if (known === null) return null
    if (identity !== '') codes.set(`identity ${identity}`, known)
    codes.set(`code ${known.toLowerCase()}`, known)
    return known
  }
}

/** @example withoutEnding('a.b/100.atr') // 'a.b/100' */
function withoutEnding(path: string): string {
  return path.replace(/\.[^./]*$/, '')
}

/** The files that a header names although its record cannot be read. */
async function namesOfHeader(folder: SourceFolder, name: string): Promise<string[]> {
  try {
    const file = await folder.open(name)
    if (!file) return []
    const header = parseHeader(new TextDecoder().decode(await file.read(0, Math.min(file.bytes, 1 << 20))))
    return [...new Set(header.signals.map((signal) => signal.file))].filter((other) => other !== '~')
  } catch {
    // Its damage has been reported; with it nothing can be said of other files.
    return []
  }
}

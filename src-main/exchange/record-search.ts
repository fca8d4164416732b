import { LabError, type ImportFinding } from '../contract/index.ts'
import type { ByteSource, SourceFolder } from '../formats/signal-source.ts'
import { parseHeader } from '../formats/wfdb-header.ts'
import { openRecord, type OpenedRecord, type RecordKind } from './open-record.ts'
import { planRecords, type PlannedRecord } from './planned-record.ts'
import { isAnnotationFile, mostAnnotationBytes, recogniseFile } from './recognise.ts'
import type { RuleSet } from './rule-text.ts'
import { folderAt } from './source-files.ts'
import { splitPath, type FoundFile } from './walk.ts'

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
  readonly opened: OpenedRecord | null
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
      await this.#other(file, only === null || file.path === only)
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
    const below = (names: readonly string[]): string[] => names.map((other) => [...folders, other].join('/')).filter((path) => path !== file.path)
    let folder: SourceFolder | null = null
    try {
      folder = await folderAt(this.#root, folders)
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

  /** The header that is called as the file: `.hea` before one that old disks wrote as `.HEA`. */
  #headerBeside(path: string): Lead | undefined {
    const stem = withoutEnding(path)
    const other = (this.#byStem.get(stem) ?? []).find((one) => /\.hea$/i.test(one) && this.#leads.has(one))
    return this.#leads.get(`${stem}.hea`) ?? (other === undefined ? undefined : this.#leads.get(other))
  }

  /** `100.atr` belongs to 100.hea beside it. */
  async #asAnnotator(file: FoundFile): Promise<boolean> {
    const lead = this.#headerBeside(file.path)
    const annotator = file.path.slice(file.path.lastIndexOf('.') + 1)
    if (!lead || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(annotator) || file.bytes > mostAnnotationBytes) return false
    const source = await this.#open(file)
    if (!source || (await recogniseFile(source)) !== 'binary' || !isAnnotationFile(await source.read(0, source.bytes))) return false
    this.#owners.set(file.path, lead)
    if (!lead.opened || this.#rules.takes(annotator)) lead.annotators.push(annotator)
    else this.ignored++
    return true
  }

  /** A file that no header names. */
  async #other(file: FoundFile, chosen: boolean): Promise<void> {
    try {
      if (await this.#asAnnotator(file)) return
      if (!chosen) return
      const source = await this.#open(file)
      const kind = source ? await recogniseFile(source) : 'binary'
      if (kind === 'documentation') this.ignored++
      else if (kind === 'binary' || kind === 'wfdb') this.#unknown(file)
      else {
        await this.#look(file, kind)
        if (!this.#leads.get(file.path)?.prose) return
        this.#leads.delete(file.path)
        this.ignored++
      }
    } catch (thrown) {
      const { code, message } = LabError.from(thrown)
      if (code === 'cancelled' || code === 'internal-error') throw thrown
      this.refused.push({ file: file.path, code, message })
    }
  }

  #unknown(file: FoundFile): void {
    const beside = this.#headerBeside(file.path)
    // A header that cannot be read names nothing: what is called as it is goes with it.
    if (beside?.refusal) this.#owners.set(file.path, beside)
    else this.refused.push({ file: file.path, code: 'format-unknown' satisfies LabError['code'], message: `${file.path} is of no format that is read here, and no header names it.` })
  }

  async #open(file: FoundFile): Promise<ByteSource | null> {
    const { folders, name } = splitPath(file.path)
    return (await (await folderAt(this.#root, folders))?.open(name)) ?? null
  }

  /** With the files that go with it: they cannot be used either. */
  #refuse(lead: Lead, refusal: ImportFinding): void {
    this.refused.push(refusal)
    for (const [path, owner] of this.#owners) {
      if (owner === lead && path !== lead.file.path && this.#byPath.has(path)) this.refused.push({ ...refusal, file: path, message: `It belongs to ${lead.file.path}: ${refusal.message}` })
    }
  }

  /** In the order in which they were found. */
  records(): PlannedRecord[] {
    return planRecords([...this.#leads.values()].flatMap(({ opened, ...lead }) => (opened ? [{ ...lead, ...opened }] : [])), this.#rules, (path) => this.#byPath.get(path)?.bytes ?? 0)
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

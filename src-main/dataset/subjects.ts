import { LabError, SubjectChange, SubjectCode, SubjectInput, type Consent, type Subject } from '../contract/index.ts'
import type { Files } from './files.ts'
import { JsonLinesAppender, readJsonLines, type DamagedLine } from './json-lines.ts'
import { applyEvent, emptyFold, SubjectEvent, type SubjectFold, type SubjectState } from './subject-events.ts'
import type { WriteContext } from './write-context.ts'

/** Recordings and sessions of a subject, by its code. */
export type SubjectCounts = ReadonlyMap<string, { recordings: number; sessions: number }>

/** Windows keeps these names for devices, with any extension. Source: Microsoft "Naming Files, Paths, and Namespaces". */
const reservedNames = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i

/** The subjects of a dataset: pseudonymous codes with a few facts, kept as append-only events in subjects.jsonl. */
export class SubjectStore {
  readonly #files: Files
  readonly #path: string
  readonly #context: WriteContext
  readonly #counts: () => Promise<SubjectCounts>
  readonly #listeners = new Set<() => void>()
  #fold: SubjectFold = emptyFold()
  #damaged: readonly DamagedLine[] = []
  #appender: JsonLinesAppender<SubjectEvent> | null = null
  #last: Promise<unknown> = Promise.resolve()

  private constructor(files: Files, path: string, context: WriteContext, counts: () => Promise<SubjectCounts>) {
    this.#files = files
    this.#path = path
    this.#context = context
    this.#counts = counts
  }

  static async open(files: Files, path: string, context: WriteContext, counts: () => Promise<SubjectCounts>): Promise<SubjectStore> {
    const store = new SubjectStore(files, path, context, counts)
    await store.#read()
    return store
  }

  async #read(): Promise<void> {
    const read = await readJsonLines(this.#files, this.#path, SubjectEvent)
    const fold = emptyFold()
    for (const event of read.entries) applyEvent(fold, event)
    this.#fold = fold
    this.#damaged = read.damaged
    this.#appender = new JsonLinesAppender(this.#files, this.#path, read)
  }

  /** Lines of subjects.jsonl that are no events. */
  get damaged(): readonly DamagedLine[] {
    return this.#damaged
  }

  /** Called after every change. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** All subjects, sorted by code as people count (S2 before S10). Read-only datasets look at the file again. */
  async list(): Promise<Subject[]> {
    if (!this.#context.writable) await this.#read()
    const counts = await this.#counts()
    const order = new Intl.Collator('en', { numeric: true }).compare
    return [...this.#fold.subjects.values()].map((subject) => counted(subject, counts)).sort((a, b) => order(a.code, b.code))
  }

  /** By code in any case; a merged code gives the subject that it was merged into. @throws LabError `subject-not-found`. */
  async get(code: string): Promise<Subject> {
    if (!this.#context.writable) await this.#read()
    return counted(this.#find(code), await this.#counts())
  }

  #find(code: string): SubjectState {
    const seen = new Set<string>()
    let at = code.toLowerCase()
    while (!this.#fold.subjects.has(at) && !seen.has(at)) {
      seen.add(at)
      at = this.#fold.merged.get(at)?.toLowerCase() ?? at
    }
    const subject = this.#fold.subjects.get(at)
    if (!subject) throw new LabError('subject-not-found', `There is no subject "${code}" in this dataset.`, { code })
    return subject
  }

  /**
   * Registers a subject.
   * @throws LabError `subject-code-invalid`, `subject-duplicate` (also when only the case differs, or the code belonged to an erased or
   * merged subject), `request-invalid`, and the errors of writing.
   */
  async add(input: Omit<SubjectInput, 'code'> & { code: string }): Promise<Subject> {
    const code = SubjectCode.safeParse(input.code)
    if (!code.success || reservedNames.test(input.code) || input.code.endsWith('.')) {
      const reason = code.success ? 'this name is reserved by Windows' : code.error.issues[0].message
      throw new LabError('subject-code-invalid', `"${input.code}" cannot be a subject code: ${reason}.`, { code: input.code, reason })
    }
    const subject = parsed(SubjectInput.omit({ code: true }), input)
    await this.#change('subject.created', code.data, { consent: subject.consent }, () => {
      if (this.#fold.used.has(code.data.toLowerCase())) {
        throw new LabError('subject-duplicate', `The subject code "${code.data}" is taken.`, { code: code.data })
      }
      return { type: 'created', ...this.#context.stamp(), code: code.data, subject }
    })
    return this.get(code.data)
  }

  /** Fields that are left out stay. @throws LabError `subject-not-found`, `request-invalid`, and the errors of writing. */
  async update(code: string, input: SubjectChange): Promise<Subject> {
    const { consent, ...change } = parsed(SubjectChange, input)
    const current = this.#find(code)
    if (Object.keys(change).length > 0) {
      await this.#change('subject.updated', current.code, { fields: Object.keys(change) }, () => ({
        type: 'updated',
        ...this.#context.stamp(),
        code: current.code,
        change,
      }))
    }
    return consent === undefined || consent === current.consent ? this.get(code) : this.setConsent(code, consent)
  }

  /** @throws LabError `subject-not-found`, and the errors of writing. */
  async setConsent(code: string, consent: Consent): Promise<Subject> {
    const current = this.#find(code)
    await this.#change('subject.consent', current.code, { consent }, () => ({
      type: 'consent',
      ...this.#context.stamp(),
      code: current.code,
      consent,
    }))
    return this.get(current.code)
  }

  /** The next free code in the dataset's own style. @example after S001, S002: 'S003'; for an empty dataset 'S001' */
  suggestCode(): SubjectCode {
    let prefix = 'S'
    let width = 3
    let highest = 0
    for (const { code } of this.#fold.subjects.values()) {
      const parts = /^(.*?)(\d{1,9})$/.exec(code)
      if (!parts || Number(parts[2]) < highest) continue
      prefix = parts[1]
      width = parts[2].length
      highest = Number(parts[2])
    }
    for (let next = highest + 1; ; next++) {
      const code = SubjectCode.safeParse(`${prefix}${String(next).padStart(width, '0')}`)
      if (!code.success) return SubjectCode.parse(`S${String(next).padStart(3, '0')}`)
      if (!this.#fold.used.has(code.data.toLowerCase())) return code.data
    }
  }

  /** One change at a time: check, append durably, apply, then the audit entry. `audited` never holds anything personal. */
  async #change(what: string, code: SubjectCode, audited: Record<string, unknown>, event: () => SubjectEvent): Promise<void> {
    const work = this.#last.then(async () => {
      this.#context.requireWritable()
      const made = event()
      await this.#appender?.append(made)
      applyEvent(this.#fold, made)
      await this.#context.audit(what, { code, ...audited })
    })
    this.#last = work.catch(() => undefined)
    await work
    for (const listener of this.#listeners) listener()
  }
}

function counted(subject: SubjectState, counts: SubjectCounts): Subject {
  return { ...subject, ...(counts.get(subject.code) ?? { recordings: 0, sessions: 0 }) }
}

function parsed<T>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } } }, value: unknown): T {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  const path = issue.path.map(String).join('.')
  throw new LabError('request-invalid', `The subject is not valid: ${path}: ${issue.message}.`, { path, reason: issue.message })
}

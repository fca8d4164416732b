import { LabError, SubjectChange, SubjectCode, SubjectInput, type Consent, type Subject } from '../contract/index.ts'
import { writeAtomically, type Files } from './files.ts'
import { JsonLinesAppender, readJsonLines, type DamagedLine } from './json-lines.ts'
import { isReservedName } from './reserved-names.ts'
import { applyEvent, emptyFold, SubjectEvent, type SubjectFold, type SubjectState } from './subject-events.ts'
import type { WriteContext } from './write-context.ts'

/** Recordings and sessions of a subject, by its code. */
export type SubjectCounts = ReadonlyMap<string, { recordings: number; sessions: number }>

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

  /** A reader looks at the file again. */
  async refresh(): Promise<void> {
    if (!this.#context.writable) await this.#read()
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
    await this.refresh()
    const counts = await this.#counts()
    const order = new Intl.Collator('en', { numeric: true }).compare
    return [...this.#fold.subjects.values()].map((subject) => counted(subject, counts)).sort((a, b) => order(a.code, b.code))
  }

  /** By code in any case; a merged code gives the subject that it was merged into. @throws LabError `subject-not-found`, `subject-erased`. */
  async get(code: string): Promise<Subject> {
    await this.refresh()
    return counted(this.#find(code), await this.#counts())
  }

  /** How many there are. */
  get size(): number {
    return this.#fold.subjects.size
  }

  /** The code that a merged one now stands for; any other code is itself. @example S2 merged into S1: resolve('S2') // 'S1' */
  resolve(code: SubjectCode): SubjectCode {
    return this.#fold.merged.size === 0 ? code : (this.#fold.subjects.get(this.#follow(code))?.code ?? code)
  }

  /** Only the tombstone of this code is left. */
  isErased(code: string): boolean {
    return this.#fold.erased.has(this.#follow(code))
  }

  /** All codes whose tombstones are there, by their lower case. */
  get erased(): ReadonlyMap<string, SubjectCode> {
    return this.#fold.erased
  }

  /** Where a chain of merges ends, in lower case. */
  #follow(code: string): string {
    const seen = new Set<string>()
    let at = code.toLowerCase()
    while (!this.#fold.subjects.has(at) && !seen.has(at)) {
      seen.add(at)
      at = this.#fold.merged.get(at)?.into.toLowerCase() ?? at
    }
    return at
  }

  #find(code: string): SubjectState {
    const at = this.#follow(code)
    const subject = this.#fold.subjects.get(at)
    if (!subject && this.#fold.erased.has(at)) throw new LabError('subject-erased', `The subject "${code}" was erased.`, { code })
    if (!subject) throw new LabError('subject-not-found', `There is no subject "${code}" in this dataset.`, { code })
    return subject
  }

  /**
   * Registers a subject.
   * @throws LabError `subject-code-invalid`, `subject-duplicate` (also when only the case differs, or the code belonged to an erased or
   * merged subject), `request-invalid`, and the errors of writing.
   */
  async add(input: Omit<SubjectInput, 'code'> & { code: string }): Promise<Subject> {
    const code = checkedCode(input.code)
    const subject = parsed(SubjectInput.omit({ code: true }), input)
    await this.#change('subject.created', code, { consent: subject.consent }, () => {
      if (this.#fold.used.has(code.toLowerCase())) {
        throw new LabError('subject-duplicate', `The subject code "${code}" is taken.`, { code })
      }
      return { type: 'created', ...this.#context.stamp(), code, subject }
    })
    return this.get(code)
  }

  /** The subject without its counts, or `null`; as cheap for ten thousand codes as for one. @throws LabError `subject-erased`. */
  known(code: string): SubjectState | null {
    if (this.isErased(code)) return this.#find(code)
    return this.#fold.subjects.get(this.#follow(code)) ?? null
  }

  /** Registers many subjects at once: one durable write, one audit entry, one change told. @throws LabError as `add`; none is registered then. */
  async addAll(inputs: readonly (Omit<SubjectInput, 'code'> & { code: string })[]): Promise<void> {
    if (inputs.length === 0) return
    const wanted = inputs.map((input) => ({ code: checkedCode(input.code), subject: parsed(SubjectInput.omit({ code: true }), input) }))
    const work = this.#last.then(async () => {
      this.#context.requireWritable()
      const taken = wanted.find(({ code }, i) => this.#fold.used.has(code.toLowerCase()) || wanted.findIndex((other) => other.code.toLowerCase() === code.toLowerCase()) !== i)
      if (taken) throw new LabError('subject-duplicate', `The subject code "${taken.code}" is taken.`, { code: taken.code })
      const events = wanted.map(({ code, subject }): SubjectEvent => ({ type: 'created', ...this.#context.stamp(), code, subject }))
      await this.#appender?.appendAll(events)
      for (const event of events) applyEvent(this.#fold, event)
      await this.#context.audit('subjects.created', { codes: wanted.map(({ code }) => code) })
    })
    this.#last = work.catch(() => undefined)
    await work
    for (const listener of this.#listeners) listener()
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

  /**
   * Two codes of one person: `code` becomes another name of `into`. Recordings stay where they are and count as those of `into`. A refusal or withdrawal of either holds.
   * @throws LabError `subject-not-found`, `subject-erased`, `request-invalid` when both are one subject already, and the errors of writing.
   */
  async merge(code: string, into: string): Promise<Subject> {
    const from = this.#find(code)
    const to = this.#find(into)
    await this.#change('subject.merged', from.code, { into: to.code }, () => {
      if (this.#find(code).code === this.#find(into).code) {
        throw new LabError('request-invalid', `"${code}" and "${into}" are one subject already.`, { code, into })
      }
      return { type: 'merged', ...this.#context.stamp(), code: from.code, into: to.code }
    })
    return strictness[from.consent] > strictness[to.consent] ? this.setConsent(to.code, from.consent) : this.get(to.code)
  }

  /** The codes of one person: the subject's own and all that were merged into it. @throws LabError `subject-not-found`, `subject-erased`. */
  codesOf(code: string): SubjectCode[] {
    const subject = this.#find(code)
    const others = [...this.#fold.merged.values()].filter((merged) => this.#follow(merged.code) === subject.code.toLowerCase())
    return [subject.code, ...others.map((merged) => merged.code)]
  }

  /** Tombstones for these codes, durably; nothing else about them is gone yet: see erasure.ts. @throws LabError as writing. */
  async bury(codes: readonly SubjectCode[]): Promise<void> {
    const work = this.#last.then(async () => {
      this.#context.requireWritable()
      const events = codes.filter((code) => !this.#fold.erased.has(code.toLowerCase())).map((code): SubjectEvent => ({ type: 'erased', ...this.#context.stamp(), code }))
      await this.#appender?.appendAll(events)
      for (const event of events) applyEvent(this.#fold, event)
    })
    this.#last = work.catch(() => undefined)
    await work
    for (const listener of this.#listeners) listener()
  }

  /** Takes over what another dataset says of people whose codes are free here, with its own times and authors: one durable write, one change told. @throws LabError as writing. */
  async takeIn(events: readonly SubjectEvent[]): Promise<void> {
    if (events.length === 0) return
    const work = this.#last.then(async () => {
      this.#context.requireWritable()
      await this.#appender?.appendAll(events)
      for (const event of events) applyEvent(this.#fold, event)
    })
    this.#last = work.catch(() => undefined)
    await work
    for (const listener of this.#listeners) listener()
  }

  /** Says in the audit trail what came from another dataset. @throws LabError as writing. */
  auditMerged(data: Record<string, unknown>): Promise<void> {
    return this.#context.audit('dataset.merged', data)
  }

  /** Says in the audit trail that a subject is gone. @throws LabError as writing. */
  auditErased(code: SubjectCode, counts: { recordings: number; versions: number; splits: number }): Promise<void> {
    return this.#context.audit('subject.erased', { code, ...counts })
  }

  /** Lines of subjects.jsonl about erased subjects that still say more than their tombstones. */
  async remains(): Promise<number> {
    return (await this.#lines()).filter((line) => this.#saysOfErased(line)).length
  }

  /** Rewrites subjects.jsonl as a whole without them. @throws LabError as writing; the old file is then untouched. */
  async removeRemains(): Promise<void> {
    const work = this.#last.then(async () => {
      this.#context.requireWritable()
      const kept = (await this.#lines()).filter((line) => line.trim() !== '' && !this.#saysOfErased(line))
      await writeAtomically(this.#files, this.#path, kept.map((line) => `${line}\n`).join(''))
      await this.#read()
    })
    this.#last = work.catch(() => undefined)
    await work
  }

  async #lines(): Promise<string[]> {
    return (await this.#files.stat(this.#path)) === null ? [] : new TextDecoder().decode(await this.#files.readFile(this.#path)).split('\n')
  }

  /** A torn or damaged line is theirs when it names their code. */
  #saysOfErased(line: string): boolean {
    const event = eventOf(line)
    if (event) return event.type !== 'erased' && this.#fold.erased.has(event.code.toLowerCase())
    return [...line.matchAll(/"code"\s*:\s*"([^"]*)/g)].some(([, code]) => this.#fold.erased.has(code.toLowerCase()))
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

/** Who refused or withdrew under one code did so as a person. */
const strictness: Record<Consent, number> = { granted: 0, unknown: 0, refused: 1, withdrawn: 2 }

function eventOf(line: string): SubjectEvent | null {
  try {
    return SubjectEvent.safeParse(JSON.parse(line)).data ?? null
  } catch {
    // Not JSON: torn by a crash, or damaged.
    return null
  }
}

/** @throws LabError `subject-code-invalid`. */
function checkedCode(input: string): SubjectCode {
  const code = SubjectCode.safeParse(input)
  if (code.success && !isReservedName(input)) return code.data
  const reason = code.success ? 'this name is reserved by Windows' : code.error.issues[0].message
  throw new LabError('subject-code-invalid', `"${input}" cannot be a subject code: ${reason}.`, { code: input, reason })
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

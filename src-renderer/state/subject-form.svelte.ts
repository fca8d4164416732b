import type { Consent, Subject } from '../../src-main/contract/schemas/dataset.ts'
import { isSubjectCode, type SubjectsState } from './subjects.svelte.ts'
import type { WorkingStore } from './working-store.ts'

export const sexes = ['unknown', 'female', 'male', 'other'] as const satisfies readonly Subject['sex'][]
export type CodeProblem = 'characters' | 'taken'

interface Fields {
  code: string
  consent: Consent
  birthYear: string
  sex: string
  notes: string
  tags: string
}

/** The form for one subject; what is typed survives a reload until it is saved or dropped. */
export class SubjectForm {
  code = $state('')
  consent = $state<Consent>('unknown')
  birthYear = $state('')
  sex = $state<string>('unknown')
  notes = $state('')
  tags = $state('')
  restored = $state(false)
  readonly #store: WorkingStore
  readonly #subjects: SubjectsState
  readonly #datasetId: string
  readonly #subject: Subject | null

  constructor(store: WorkingStore, subjects: SubjectsState, datasetId: string, subject: Subject | null) {
    this.#store = store
    this.#subjects = subjects
    this.#datasetId = datasetId
    this.#subject = subject
    if (subject === null) return
    this.code = subject.code
    this.consent = subject.consent
    this.birthYear = subject.birthYear === null ? '' : String(subject.birthYear)
    this.sex = subject.sex
    this.notes = subject.notes
    this.tags = subject.tags.join(', ')
  }

  /** Brings back a draft, else asks the lab for the next free code. */
  async load(): Promise<void> {
    const draft = await this.#store.draft(this.#key)
    if (draft !== null) {
      Object.assign(this, JSON.parse(draft.value) as Partial<Fields>)
      this.restored = true
      return
    }
    if (this.#subject === null) {
      const suggested = await this.#subjects.suggestCode()
      if (this.code === '') this.code = suggested
    }
  }

  get codeProblem(): CodeProblem | null {
    if (this.#subject !== null || this.code.trim() === '') return null
    if (!isSubjectCode(this.code)) return 'characters'
    return this.#subjects.find(this.code.trim()) === null ? null : 'taken'
  }

  get valid(): boolean {
    const year = this.birthYear === '' ? 2000 : Number(this.birthYear)
    return this.code.trim() !== '' && this.codeProblem === null && Number.isInteger(year) && year >= 1880 && year <= 2100
  }

  set(change: Partial<Fields>): void {
    Object.assign(this, change)
    const { code, consent, birthYear, sex, notes, tags } = this
    void this.#store.saveDraft({
      key: this.#key,
      kind: 'subject',
      datasetId: this.#datasetId,
      recordingId: '',
      value: JSON.stringify({ code, consent, birthYear, sex, notes, tags } satisfies Fields),
      updatedAt: Date.now(),
    })
  }

  async save(): Promise<Subject> {
    const fields = {
      birthYear: this.birthYear === '' ? null : Number(this.birthYear),
      sex: this.sex as Subject['sex'],
      notes: this.notes.trim(),
      tags: this.tags
        .split(/[,，]/)
        .map((tag) => tag.trim())
        .filter(Boolean),
    }
    const saved =
      this.#subject === null
        ? await this.#subjects.add({ ...fields, code: this.code, consent: this.consent })
        : await this.#subjects.update(this.#subject.code, fields)
    await this.drop()
    return saved
  }

  async drop(): Promise<void> {
    await this.#store.removeDraft(this.#key)
  }

  get #key(): string {
    return `${this.#datasetId}//subject:${this.#subject?.code ?? ''}`
  }
}

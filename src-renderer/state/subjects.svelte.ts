import type { SubjectCode } from '../../src-main/contract/ids.ts'
import { SubjectCode as SubjectCodeSchema } from '../../src-main/contract/ids.ts'
import type { Consent, Subject, SubjectChange, SubjectInput } from '../../src-main/contract/schemas/dataset.ts'
import type { Connection } from './connection.svelte.ts'

/** The people of the open dataset, by pseudonymous code. */
export class SubjectsState {
  list = $state.raw<Subject[]>([])
  loaded = $state(false)
  search = $state('')
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get filtered(): Subject[] {
    const words = this.search.trim().toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return this.list
    return this.list.filter((subject) => {
      const text = `${subject.code} ${subject.notes} ${subject.tags.join(' ')} ${subject.birthYear ?? ''}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
  }

  find(code: string | null): Subject | null {
    return code === null ? null : (this.list.find((subject) => subject.code === code) ?? null)
  }

  async refresh(): Promise<void> {
    this.list = await this.#connection.call('subjects.list', {})
    this.loaded = true
  }

  clear(): void {
    this.list = []
    this.loaded = false
    this.search = ''
  }

  async suggestCode(): Promise<SubjectCode> {
    return (await this.#connection.call('subjects.suggestCode', {})).code
  }

  async add(input: Omit<SubjectInput, 'code'> & { code: string }): Promise<Subject> {
    const subject = await this.#connection.call('subjects.add', { ...input, code: input.code.trim() as SubjectCode })
    this.#put(subject)
    return subject
  }

  async update(code: SubjectCode, change: SubjectChange): Promise<Subject> {
    const subject = await this.#connection.call('subjects.update', { code, change })
    this.#put(subject)
    return subject
  }

  async setConsent(code: SubjectCode, consent: Consent): Promise<Subject> {
    const subject = await this.#connection.call('subjects.setConsent', { code, consent })
    this.#put(subject)
    return subject
  }

  /** Two codes of one person. */
  async merge(code: SubjectCode, into: SubjectCode): Promise<Subject> {
    const subject = await this.#connection.call('subjects.merge', { code, into })
    this.list = this.list.filter((known) => known.code !== code)
    this.#put(subject)
    return subject
  }

  /** For good. `confirm`: the code as the person typed it. */
  async erase(code: SubjectCode, confirm: string): Promise<{ recordings: string[] }> {
    const gone = await this.#connection.call('subjects.erase', { code, confirm })
    this.list = this.list.filter((known) => known.code !== code)
    return gone
  }

  #put(subject: Subject): void {
    const others = this.list.filter((known) => known.code !== subject.code)
    this.list = [...others, subject].sort((a, b) => a.code.localeCompare(b.code, 'en', { numeric: true }))
  }
}

/** Whether the lab would accept this as a code. */
export function isSubjectCode(text: string): boolean {
  return SubjectCodeSchema.safeParse(text.trim()).success
}

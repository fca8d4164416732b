import { z } from 'zod'
import { LabError } from '../contract/index.ts'
import type { Audit } from './audit.ts'

/** What the audit trail keeps of a recording that was made. */
const MadeRecording = z.object({ recording: z.string(), subject: z.string() })

/** What the stores of one dataset share for writing: who, when, whether at all, and the audit trail. */
export class WriteContext {
  readonly writable: boolean
  readonly now: () => number
  readonly #by: string
  readonly #path: string
  readonly #audit: Audit

  constructor(options: { path: string; writable: boolean; now: () => number; by: string; audit: Audit }) {
    this.writable = options.writable
    this.now = options.now
    this.#by = options.by
    this.#path = options.path
    this.#audit = options.audit
  }

  /** UTC time and author of an event. */
  stamp(): { at: string; by: string } {
    return { at: new Date(this.now()).toISOString(), by: this.#by }
  }

  audit(what: string, data: Record<string, unknown>): Promise<void> {
    const { at, by } = this.stamp()
    return this.#audit.append(at, by, what, data)
  }

  /** The subject that a recording was made under, as the audit trail has it: also of recordings that are gone. */
  async subjectOf(recording: string): Promise<string | null> {
    for (const { what, data } of (await this.#audit.entries()).toReversed()) {
      const made = what === 'recording.created' ? [data] : what === 'recordings.imported' && Array.isArray(data.recordings) ? data.recordings : []
      const entry = made.map((one) => MadeRecording.safeParse(one).data).find((one) => one?.recording === recording)
      if (entry) return entry.subject
    }
    return null
  }

  /** @throws LabError `dataset-not-writable` when the dataset was opened for reading. */
  requireWritable(): void {
    if (!this.writable) throw new LabError('dataset-not-writable', `The dataset ${this.#path} is open for reading only.`, { path: this.#path })
  }
}

import { z } from 'zod'
import { Consent, Subject, SubjectChange, SubjectCode, SubjectInput } from '../contract/index.ts'

const head = { at: z.iso.datetime({ offset: true }), by: z.string() }

/** One line of subjects.jsonl. */
export const SubjectEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('created'), ...head, code: SubjectCode, subject: SubjectInput.omit({ code: true }) }),
  z.object({ type: z.literal('updated'), ...head, code: SubjectCode, change: SubjectChange }),
  z.object({ type: z.literal('consent'), ...head, code: SubjectCode, consent: Consent }),
  /** `code` turned out to be the same person as `into`. */
  z.object({ type: z.literal('merged'), ...head, code: SubjectCode, into: SubjectCode }),
  /** Tombstone: nothing about the person remains but that the code was used. */
  z.object({ type: z.literal('erased'), ...head, code: SubjectCode }),
])
export type SubjectEvent = z.infer<typeof SubjectEvent>

/** A subject without the counts that come from its recordings. */
export type SubjectState = Omit<Subject, 'recordings' | 'sessions'>

/** The fold of all events. Keys are lower-case codes: codes that differ only in case would be one folder on some systems. */
export interface SubjectFold {
  readonly subjects: Map<string, SubjectState>
  /** Every code ever used, also of merged and erased subjects: none is given out again. */
  readonly used: Set<string>
  /** Merged code -> as it was written, and the code that it was merged into. */
  readonly merged: Map<string, { code: SubjectCode; into: SubjectCode }>
  /** Erased codes, as they were written: their tombstones are all that is left. */
  readonly erased: Map<string, SubjectCode>
}

export const emptyFold = (): SubjectFold => ({ subjects: new Map(), used: new Set(), merged: new Map(), erased: new Map() })

const key = (code: string): string => code.toLowerCase()

/** Applies one event to the fold. Events for subjects that are not there change nothing. */
export function applyEvent(fold: SubjectFold, event: SubjectEvent): void {
  const { at, code } = event
  if (event.type === 'created') {
    if (fold.used.has(key(code))) return
    fold.used.add(key(code))
    const { consent } = event.subject
    fold.subjects.set(key(code), { code, ...event.subject, consentAt: consent === 'unknown' ? null : at, createdAt: at, updatedAt: at })
    return
  }
  if (event.type === 'erased') {
    fold.used.add(key(code))
    fold.erased.set(key(code), code)
    fold.subjects.delete(key(code))
    fold.merged.delete(key(code))
    return
  }
  const subject = fold.subjects.get(key(code))
  if (!subject) return
  if (event.type === 'updated') fold.subjects.set(key(code), { ...subject, ...event.change, updatedAt: at })
  else if (event.type === 'consent') {
    fold.subjects.set(key(code), { ...subject, consent: event.consent, consentAt: event.consent === 'unknown' ? null : at, updatedAt: at })
  } else {
    fold.subjects.delete(key(code))
    fold.merged.set(key(code), { code, into: event.into })
  }
}

import { LabError, type Subject } from '../contract/index.ts'
import type { Dataset } from '../dataset/dataset.ts'

/** The subject, if it has consented to being recorded. @throws LabError `subject-not-found`, `subject-consent-missing`. */
export async function consentingSubject(dataset: Dataset, code: string): Promise<Subject> {
  const subject = await dataset.subjects.get(code)
  if (subject.consent === 'granted') return subject
  throw new LabError('subject-consent-missing', `${subject.code} has not consented: nothing may be recorded.`, { code: subject.code, consent: subject.consent })
}

import type { Strings } from '../../strings/en.ts'

/** What is the matter with a file, in the reader's language; `''` for a code that this window does not know. The finding's own message says the rest. */
export function findingWhat(code: string, t: Strings): string {
  return (t.errors as Partial<Record<string, Strings['errors'][keyof Strings['errors']]>>)[code]?.what ?? ''
}

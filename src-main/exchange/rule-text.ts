import { LabError, SubjectCode, type ImportRules, type SubjectRule } from '../contract/index.ts'
import { sha256 } from '../dataset/hashes.ts'
import { isReservedName } from '../dataset/reserved-names.ts'
import { splitPath, stemOf } from './walk.ts'

/** What a rule may look at. */
export interface RuleSubject {
  /** Leading file, relative to the chosen folder. */
  readonly file: string
  readonly comments: readonly string[]
  readonly facts: Readonly<Record<string, string>>
}

/** Patterns come from people: a long text must not let a bad one run for ever. */
const longestText = 4000
const longestCode = 32
const hashLength = 6

export type RuleReader = (subject: RuleSubject) => string

/**
 * A rule as a function from a file to its value, `''` for none: the group `code`, else the first group, else the whole match.
 * @throws LabError `import-rules-invalid` with `data.path` when the pattern is no regular expression.
 * @example ruleReader({ from: 'path', pattern: '(Person_\\d+)', prefix: '' }, 'subject')({ file: 'Person_01/rec_1.hea', comments: [], facts: {} }) // 'Person_01'
 */
export function ruleReader({ from, pattern }: Pick<SubjectRule, 'from' | 'pattern'>, path: string): RuleReader {
  if (from === 'constant') return () => pattern
  const expression = compile(pattern, `${path}.pattern`)
  return (subject) => {
    const match = expression.exec(textOf(from, subject).slice(0, longestText))
    return match?.groups?.code ?? match?.[1] ?? (match && match.length === 1 ? match[0] : '')
  }
}

function compile(pattern: string, path: string): RegExp {
  try {
    return new RegExp(pattern, 'm')
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new LabError('import-rules-invalid', `The pattern of ${path} cannot be used: ${reason}.`, { path, pattern, reason }, { cause: thrown })
  }
}

function textOf(from: string, { file, comments, facts }: RuleSubject): string {
  if (from === 'path') return file
  if (from === 'file') return stemOf(file)
  if (from === 'folder') return splitPath(file).folders.at(-1) ?? ''
  if (from === 'comments') return comments.join('\n')
  return Object.hasOwn(facts, from.slice('fact:'.length)) ? facts[from.slice('fact:'.length)] : ''
}

/**
 * A value as a subject code: what a code may not hold becomes `-`; of longer values two never become one. `null` when nothing is left.
 * @example subjectCode('', 'Jane Doe') // 'Jane-Doe'
 */
export function subjectCode(prefix: string, value: string): SubjectCode | null {
  if (value.trim() === '') return null
  const whole = `${prefix}${value.trim()}`
  const plain = whole.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  const code = plain.length <= longestCode ? plain.replace(/\.+$/, '') : `${plain.slice(0, longestCode - hashLength - 1)}-${sha256(whole).slice(0, hashLength)}`
  const read = SubjectCode.safeParse(code)
  return read.success && !isReservedName(read.data) ? read.data : null
}

/** All of an import's rules, ready to be asked. @throws LabError `import-rules-invalid`. */
export class RuleSet {
  readonly rules: ImportRules
  readonly #subject: RuleReader
  readonly #identity: RuleReader | null
  readonly #session: RuleReader | null
  readonly #include: RegExp | null
  readonly #lanes: readonly { readonly expression: RegExp; readonly kind: ImportRules['lanes'][number]['kind'] }[]

  constructor(rules: ImportRules) {
    this.rules = rules
    this.#subject = ruleReader(rules.subject, 'subject')
    this.#identity = rules.identity && ruleReader(rules.identity, 'identity')
    this.#session = rules.session.kind === 'pattern' ? ruleReader(rules.session, 'session') : null
    this.#include = rules.include === '' ? null : compile(rules.include, 'include')
    this.#lanes = rules.lanes.map(({ pattern, kind }, i) => ({ expression: compile(pattern, `lanes.${i}.pattern`), kind }))
  }

  includes(file: string): boolean {
    return this.#include?.test(file) ?? true
  }

  code(subject: RuleSubject): SubjectCode | null {
    return subjectCode(this.rules.subject.prefix, this.#subject(subject))
  }

  /** Two files with the same value are of one person; `''` says nothing. */
  identity(subject: RuleSubject): string {
    return this.#identity?.(subject).trim() ?? ''
  }

  /** @param date of the header, `YYYY-MM-DD`, or `null` */
  session(subject: RuleSubject, date: string | null): string {
    if (this.rules.session.kind === 'single') return '1'
    if (this.rules.session.kind === 'date') return date ?? 'unknown'
    return this.#session?.(subject).trim() || 'unknown'
  }

  laneKind(label: string): ImportRules['lanes'][number]['kind'] | null {
    return this.#lanes.find(({ expression }) => expression.test(label))?.kind ?? null
  }

  takes(annotator: string): boolean {
    return this.rules.annotators.includes('*') || this.rules.annotators.includes(annotator)
  }
}

import { z } from 'zod'
import { LabError } from '../contract/index.ts'
import type { Files } from './files.ts'
import { sha256 } from './hashes.ts'
import { JsonLinesAppender, readJsonLines } from './json-lines.ts'

/** One line of audit.jsonl. */
export const AuditEntry = z.object({
  sequence: z.number().int().positive(),
  at: z.iso.datetime({ offset: true }),
  by: z.string(),
  /** `subject.created`, `dataset.updated` ... */
  what: z.string(),
  data: z.record(z.string(), z.unknown()),
  /** `hash` of the entry before; 64 zeros for the first. */
  previous: z.string().regex(/^[0-9a-f]{64}$/),
  /** SHA-256 of this entry's JSON without `hash`, keys in the order above. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})
export type AuditEntry = z.infer<typeof AuditEntry>

const beginning = '0'.repeat(64)

function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  const { sequence, at, by, what, data, previous } = entry
  return sha256(JSON.stringify({ sequence, at, by, what, data, previous }))
}

/**
 * Who did what when, as a chain: each entry carries the hash of the one before, so that an edited, inserted, removed or swapped entry is
 * found. Entries cut off at the end are not: the chain proves what is there, not that there was no more.
 */
export class Audit {
  readonly #files: Files
  readonly #path: string
  #appender: JsonLinesAppender<AuditEntry> | null = null
  #sequence = 0
  #head = beginning
  #last: Promise<unknown> = Promise.resolve()

  constructor(files: Files, path: string) {
    this.#files = files
    this.#path = path
  }

  /** Appends one durable entry. @throws LabError as `JsonLinesAppender.append`. */
  append(at: string, by: string, what: string, data: Record<string, unknown>): Promise<void> {
    const work = this.#last.then(async () => {
      this.#appender ??= await this.#begin()
      const open = { sequence: this.#sequence + 1, at, by, what, data, previous: this.#head }
      const entry: AuditEntry = { ...open, hash: hashOf(open) }
      await this.#appender.append(entry)
      this.#sequence = entry.sequence
      this.#head = entry.hash
    })
    this.#last = work.catch(() => undefined)
    return work
  }

  async #begin(): Promise<JsonLinesAppender<AuditEntry>> {
    const read = await readJsonLines(this.#files, this.#path, AuditEntry)
    const last = read.entries.at(-1)
    this.#sequence = last?.sequence ?? 0
    this.#head = last?.hash ?? beginning
    return new JsonLinesAppender(this.#files, this.#path, read)
  }

  async entries(): Promise<readonly AuditEntry[]> {
    return (await readJsonLines(this.#files, this.#path, AuditEntry)).entries
  }

  /**
   * Follows the whole chain; returns how many entries it holds. A line torn by a crash is not part of it.
   * @throws LabError `audit-chain-broken` with `data.sequence` of the first entry that does not follow.
   */
  async verify(): Promise<number> {
    const { entries, damaged } = await readJsonLines(this.#files, this.#path, AuditEntry)
    const broken = (sequence: number): LabError =>
      new LabError('audit-chain-broken', `Entry ${sequence} of audit.jsonl was changed, removed or inserted after it was written.`, {
        sequence,
        path: this.#path,
      })
    let previous = beginning
    let sequence = 0
    for (const entry of entries) {
      sequence++
      if (entry.sequence !== sequence || entry.previous !== previous || entry.hash !== hashOf(entry)) throw broken(sequence)
      previous = entry.hash
    }
    // No entry follows on the last line: a damaged one breaks no chain, but a crash leaves it without its line end.
    const last = damaged.at(-1)
    if (last && !last.torn && last.line >= entries.length + damaged.length) throw broken(sequence + 1)
    return sequence
  }
}

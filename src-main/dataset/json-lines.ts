import { dirname } from 'node:path'
import type { z } from 'zod'
import { LabError } from '../contract/index.ts'
import type { Files } from './files.ts'

/** A line that is not an entry: torn by a crash, or damaged. It stays in the file as it is. */
export interface DamagedLine {
  /** From 1. */
  readonly line: number
  /** The file's last line, without a line end: what a crash in mid-append leaves. */
  readonly torn: boolean
  readonly reason: string
  readonly text: string
}

export interface JsonLines<T> {
  readonly entries: readonly T[]
  readonly damaged: readonly DamagedLine[]
  readonly bytes: number
  /** The next entry can follow at once; otherwise a line end must come first. */
  readonly endsWithLine: boolean
}

const newline = 0x0a

/**
 * All entries of an append-only file; a missing file is empty. Lines that are no entries are set aside, never dropped silently.
 * @throws LabError `file-read-failed`.
 */
export async function readJsonLines<S extends z.ZodType>(files: Files, path: string, schema: S): Promise<JsonLines<z.output<S>>> {
  if ((await files.stat(path)) === null) return { entries: [], damaged: [], bytes: 0, endsWithLine: true }
  const bytes = await files.readFile(path)
  const endsWithLine = bytes.length === 0 || bytes[bytes.length - 1] === newline
  const lines = new TextDecoder().decode(bytes).split('\n')
  const entries: z.output<S>[] = []
  const damaged: DamagedLine[] = []
  lines.forEach((text, i) => {
    if (text.trim() === '') return
    const read = readLine(text, schema)
    if (read.ok) entries.push(read.entry)
    else damaged.push({ line: i + 1, torn: i === lines.length - 1, reason: read.reason, text: text.slice(0, 200) })
  })
  return { entries, damaged, bytes: bytes.length, endsWithLine }
}

function readLine<S extends z.ZodType>(text: string, schema: S): { ok: true; entry: z.output<S> } | { ok: false; reason: string } {
  try {
    const read = schema.safeParse(JSON.parse(text))
    if (read.success) return { ok: true, entry: read.data }
    const issue = read.error.issues[0]
    return { ok: false, reason: `${issue.path.join('.') || 'entry'}: ${issue.message}` }
  } catch (thrown) {
    return { ok: false, reason: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

/**
 * Appends entries, each durable (fdatasync) before `append` resolves, in the order of the calls. Earlier bytes are never rewritten: a line
 * that a crash tore stays, closed by a line end before the next entry. A failed append is taken back as a whole.
 */
export class JsonLinesAppender<T> {
  readonly #files: Files
  readonly #path: string
  #bytes: number
  #endsWithLine: boolean
  #failure: LabError | null = null
  #last: Promise<void> = Promise.resolve()

  /** `read`: what `readJsonLines` said of the file, under the dataset's lock. */
  constructor(files: Files, path: string, read: Pick<JsonLines<T>, 'bytes' | 'endsWithLine'>) {
    this.#files = files
    this.#path = path
    this.#bytes = read.bytes
    this.#endsWithLine = read.endsWithLine
  }

  /**
   * @throws LabError `dataset-full`, `dataset-not-writable`, `file-write-failed`. After a failed fdatasync, or a failed write that could
   * not be taken back, every later append fails too, until the dataset is opened again.
   */
  append(entry: T): Promise<void> {
    return this.appendAll([entry])
  }

  /** Several entries in one write. A failure takes all of them back; a crash in the middle may leave the first ones. @throws LabError as `append`. */
  appendAll(entries: readonly T[]): Promise<void> {
    const work = this.#last.then(() => this.#append(entries))
    this.#last = work.catch(() => undefined)
    return work
  }

  async #append(entries: readonly T[]): Promise<void> {
    if (this.#failure) throw this.#failure
    if (entries.length === 0) return
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`)
    const bytes = new TextEncoder().encode(`${this.#endsWithLine ? '' : '\n'}${lines.join('')}`)
    const file = await this.#files.open(this.#path, 'update')
    try {
      try {
        await file.write(bytes, this.#bytes)
      } catch (thrown) {
        await this.#takeBack(thrown, () => file.truncate(this.#bytes))
        throw thrown
      }
      try {
        await file.sync()
        if (this.#bytes === 0) await this.#files.syncFolder(dirname(this.#path))
      } catch (thrown) {
        // The kernel may have dropped the page: nothing about this file's tail is known any more.
        this.#failure = LabError.from(thrown)
        await this.#takeBack(thrown, () => file.truncate(this.#bytes))
        throw thrown
      }
    } finally {
      await file.close()
    }
    this.#bytes += bytes.length
    this.#endsWithLine = true
  }

  async #takeBack(cause: unknown, truncate: () => Promise<void>): Promise<void> {
    try {
      await truncate()
    } catch {
      this.#failure = LabError.from(cause)
    }
  }
}

import { join } from 'node:path'
import type { z } from 'zod'
import { LabError, type ErrorCode } from '../contract/index.ts'
import type { Files } from './files.ts'
import { isReservedName } from './reserved-names.ts'

/**
 * A folder of JSON files that are written once under a name a person gave: versions and splits. Names that differ only in case would be one file on some systems, so
 * they count as the same.
 */
export class NamedFiles<S extends z.ZodType> {
  readonly #files: Files
  readonly folder: string
  readonly #schema: S
  /** `version` or `split`. */
  readonly #what: string
  readonly #codes: { readonly missing: ErrorCode; readonly exists: ErrorCode; readonly invalid: ErrorCode }

  constructor(files: Files, folder: string, schema: S, what: string, codes: { missing: ErrorCode; exists: ErrorCode; invalid: ErrorCode }) {
    this.#files = files
    this.folder = folder
    this.#schema = schema
    this.#what = what
    this.#codes = codes
  }

  path(name: string): string {
    return join(this.folder, `${name}.json`)
  }

  /** Names, sorted. */
  async names(): Promise<string[]> {
    if ((await this.#files.stat(this.folder)) === null) return []
    return (await this.#files.list(this.folder)).flatMap((entry) => (entry.folder ? [] : (/^([A-Za-z0-9][A-Za-z0-9._-]*)\.json$/.exec(entry.name)?.[1] ?? []))).sort()
  }

  /** @throws LabError of `missing`, or of `invalid` with `data.reason`, and those of reading. */
  async read(name: string): Promise<z.output<S>> {
    const text = await this.text(name)
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (thrown) {
      throw this.invalid(name, thrown instanceof Error ? thrown.message : String(thrown), thrown)
    }
    const read = this.#schema.safeParse(json)
    if (read.success) return read.data
    throw this.invalid(name, `${read.error.issues[0].path.map(String).join('.') || 'file'}: ${read.error.issues[0].message}`, read.error)
  }

  /** The file as it stands. @throws LabError of `missing`. */
  async text(name: string): Promise<string> {
    // A name that is none must not become a path.
    const known = await this.names()
    if (!known.includes(name)) throw new LabError(this.#codes.missing, `There is no ${this.#what} "${name}" in this dataset.`, { [this.#what]: name, known: known.slice(0, 50) })
    return new TextDecoder().decode(await this.#files.readFile(this.path(name)))
  }

  /**
   * Removes what crashes left in the folder: half-written files (`.part`), and those with `companion` as their ending whose own file was never written. They may say what the files
   * no longer do. @throws LabError of writing.
   */
  async sweep(companion: string | null = null): Promise<void> {
    if ((await this.#files.stat(this.folder)) === null) return
    const names = new Set(await this.names())
    for (const { name, folder } of await this.#files.list(this.folder)) {
      const isOrphan = companion !== null && name.endsWith(companion) && !names.has(name.slice(0, -companion.length))
      if (!folder && (name.endsWith('.part') || isOrphan)) await this.#files.remove(join(this.folder, name))
    }
  }

  invalid(name: string, reason: string, cause?: unknown): LabError {
    return new LabError(this.#codes.invalid, `The ${this.#what} "${name}" is damaged or was changed: ${reason}.`, { [this.#what]: name, path: this.path(name), reason }, { cause })
  }

  /** @throws LabError of `exists`, `request-invalid` for a name that some system cannot hold. */
  async requireFree(name: string): Promise<void> {
    if (isReservedName(name) || isReservedName(`${name}.json`)) throw new LabError('request-invalid', `"${name}" cannot be a file on some systems.`, { path: 'name', name })
    const taken = (await this.names()).find((other) => other.toLowerCase() === name.toLowerCase())
    if (taken !== undefined) throw new LabError(this.#codes.exists, `There is a ${this.#what} "${taken}" already, and it never changes.`, { [this.#what]: taken })
  }
}

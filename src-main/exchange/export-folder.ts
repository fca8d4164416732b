import { createHash } from 'node:crypto'
import { dirname, join, resolve, sep } from 'node:path'
import { LabError } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import type { ByteSink } from '../formats/byte-sink.ts'

/** A file of an export. `name` is relative to the export, with `/`. */
export interface ExportedFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/** A file while it is written: a sink, hashed on the way. */
export interface ExportSink {
  readonly write: ByteSink
  end(): Promise<void>
}

/** What sha256sum -c reads. */
export const manifestName = 'MANIFEST.sha256'
/** There until the export is whole: a folder with it is no export, whatever a crash has left. */
const markerName = 'INCOMPLETE'

/**
 * The folder of one export. It must be empty or new; while it is written it holds a file INCOMPLETE, and what was written is removed again when the export fails or is cancelled.
 * The manifest comes last.
 */
export class ExportFolder {
  readonly path: string
  readonly files: ExportedFile[] = []
  readonly #disk: Files
  /** The folder was made here, and is removed with what is in it. */
  readonly #made: boolean
  readonly #tops = new Set<string>()
  readonly #folders = new Set<string>()
  readonly #open = new Set<() => Promise<void>>()

  private constructor(disk: Files, path: string, made: boolean) {
    this.#disk = disk
    this.path = path
    this.#made = made
  }

  /** @throws LabError `export-folder-not-empty`, `request-invalid` for a folder within the dataset, and the errors of writing. */
  static async begin(disk: Files, out: string, dataset: string): Promise<ExportFolder> {
    const path = resolve(out)
    if (path === dataset || path.startsWith(`${dataset}${sep}`)) {
      throw new LabError('request-invalid', `${path} lies within the dataset; an export goes elsewhere.`, { path: 'out', out: path })
    }
    const found = await disk.stat(path)
    if (found && !found.folder) throw new LabError('export-folder-not-empty', `${path} is a file.`, { path })
    const others = found ? (await disk.list(path)).map(({ name }) => name) : []
    if (others.length > 0) {
      const unfinished = others.includes(markerName) ? ' It is an export that was not finished.' : ''
      throw new LabError('export-folder-not-empty', `${path} holds other files.${unfinished}`, { path, files: others.slice(0, 20) })
    }
    await disk.makeFolder(path)
    const folder = new ExportFolder(disk, path, !found)
    await folder.#mark()
    return folder
  }

  async #mark(): Promise<void> {
    this.#tops.add(markerName)
    const file = await this.#disk.open(join(this.path, markerName), 'create')
    try {
      await file.write(new TextEncoder().encode('This export is being written, or was never finished.\n'))
    } finally {
      await file.close()
    }
  }

  /** Begins a file; `end` must be called. @throws LabError of writing. */
  async create(name: string): Promise<ExportSink> {
    this.#tops.add(name.split('/')[0])
    const path = join(this.path, ...name.split('/'))
    if (!this.#folders.has(dirname(path))) {
      await this.#disk.makeFolder(dirname(path))
      this.#folders.add(dirname(path))
    }
    const file = await this.#disk.open(path, 'create')
    const hash = createHash('sha256')
    let bytes = 0
    const close = async (): Promise<void> => {
      this.#open.delete(close)
      await file.close()
    }
    this.#open.add(close)
    return {
      write: async (block) => {
        hash.update(block)
        bytes += block.length
        await file.write(block)
      },
      end: async () => {
        await close()
        this.files.push({ name, bytes, sha256: hash.digest('hex') })
      },
    }
  }

  /** A whole file at once. @throws LabError of writing. */
  async put(name: string, content: Uint8Array | string): Promise<void> {
    const file = await this.create(name)
    await file.write(typeof content === 'string' ? new TextEncoder().encode(content) : content)
    await file.end()
  }

  /** A file that is only needed on the way, and its path; `drop` removes it. */
  async scratch(name: string): Promise<{ path: string; write: ByteSink; close(): Promise<void>; drop(): Promise<void> }> {
    this.#tops.add(name)
    const path = join(this.path, name)
    const file = await this.#disk.open(path, 'create')
    const close = async (): Promise<void> => {
      if (this.#open.delete(close)) await file.close()
    }
    this.#open.add(close)
    return { path, write: (bytes) => file.write(bytes), close, drop: () => this.#disk.remove(path) }
  }

  /** Writes the manifest of everything else, and the export is whole. */
  async finish(): Promise<{ files: number; bytes: number }> {
    const sorted = [...this.files].sort((a, b) => (a.name < b.name ? -1 : 1))
    await this.put(manifestName, sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''))
    await this.#disk.remove(join(this.path, markerName))
    return { files: this.files.length, bytes: this.files.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await Promise.all([...this.#open].map((close) => close().catch(() => undefined)))
    for (const name of this.#tops) await this.#disk.remove(join(this.path, name))
    if (this.#made) await this.#disk.remove(this.path)
  }
}

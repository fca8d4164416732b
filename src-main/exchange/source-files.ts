import { realpath } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { LabError } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import type { ByteSource, SourceFolder } from '../formats/signal-source.ts'

/** Readers ask for small pieces in order; one look at the disk serves many of them. */
const windowBytes = 1 << 18
/** Together 8 MiB: a record's signals may lie in as many files, read side by side. */
const windows = 32

/** On Windows a colon names a stream within a file. */
const notPlain = process.platform === 'win32' ? /[/\\\0:]/ : /[/\\\0]/

/** The last pieces of files that were read. No file stays open, however many a header names. */
class ReadWindows {
  readonly #files: Files
  /** Oldest first. */
  readonly #kept = new Map<string, Uint8Array>()

  constructor(files: Files) {
    this.#files = files
  }

  async read(path: string, position: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(position / windowBytes)
    const last = Math.floor((position + length - 1) / windowBytes)
    if (first !== last) return this.#fromDisk(path, position, length)
    const window = await this.#window(path, first)
    // A copy: what a reader keeps must not keep the whole window.
    return window.slice(position - first * windowBytes, position - first * windowBytes + length)
  }

  async #window(path: string, index: number): Promise<Uint8Array> {
    const key = `${index} ${path}`
    const kept = this.#kept.get(key)
    if (kept) {
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return kept
    }
    const window = await this.#fromDisk(path, index * windowBytes, windowBytes)
    this.#kept.set(key, window)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= windows) break
      this.#kept.delete(oldest)
    }
    return window
  }

  async #fromDisk(path: string, position: number, length: number): Promise<Uint8Array> {
    const file = await this.#files.open(path, 'read')
    try {
      const into = new Uint8Array(Math.max(0, Math.min(length, (await file.size()) - position)))
      for (let done = 0; done < into.length; ) {
        const got = await file.read(into.subarray(done), position + done)
        if (got === 0) return into.slice(0, done)
        done += got
      }
      return into
    } finally {
      await file.close()
    }
  }
}

/**
 * A chosen folder as readers see it: plain names only, and nothing outside the folder, not through a symbolic link either.
 * @throws LabError `file-not-found`, `file-read-failed`; `open` and `folder` also `import-path-unsafe` for a name that leaves the folder.
 * @example const source = await openEdf(await (await openSourceFolder(nodeFiles, '/data')).open('night.edf'))
 */
export async function openSourceFolder(files: Files, path: string): Promise<SourceFolder> {
  const root = await realPath(path)
  if (root === null) throw new LabError('file-not-found', `${path} does not exist.`, { path })
  return new DiskFolder(files, new ReadWindows(files), root, root)
}

class DiskFolder implements SourceFolder {
  readonly #files: Files
  readonly #windows: ReadWindows
  readonly #root: string
  readonly #path: string

  constructor(files: Files, readWindows: ReadWindows, root: string, path: string) {
    this.#files = files
    this.#windows = readWindows
    this.#root = root
    this.#path = path
  }

  async open(name: string): Promise<ByteSource | null> {
    const path = await this.#inside(name)
    if (path === null) return null
    const found = await this.#files.stat(path)
    if (!found?.file) return null
    return { name, bytes: found.bytes, read: (position, length) => (length <= 0 ? Promise.resolve(new Uint8Array(0)) : this.#windows.read(path, position, length)) }
  }

  async folder(name: string): Promise<SourceFolder | null> {
    const path = await this.#inside(name)
    if (path === null || !(await this.#files.stat(path))?.folder) return null
    return new DiskFolder(this.#files, this.#windows, this.#root, path)
  }

  /** The real path of a plain name, or `null` when there is none. */
  async #inside(name: string): Promise<string | null> {
    const unsafe = (reason: string): LabError => new LabError('import-path-unsafe', `"${name.slice(0, 200)}" cannot be opened: ${reason}.`, { file: name.slice(0, 200), reason })
    if (name === '' || name === '.' || name === '..' || notPlain.test(name) || basename(name) !== name) throw unsafe('it is no plain file name')
    const path = await realPath(join(this.#path, name))
    if (path === null) return null
    if (!path.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) throw unsafe('it leads out of the chosen folder')
    return path
  }
}

async function realPath(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (thrown) {
    const errno = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'UNKNOWN'
    // A name that no file system holds (too long) is a file that is not there.
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ENAMETOOLONG') return null
    throw new LabError('file-read-failed', `${path} could not be read (${errno}).`, { path, errno }, { cause: thrown })
  }
}

/** The folder `segments` deep below `folder`, or `null`. */
export async function folderAt(folder: SourceFolder, segments: readonly string[]): Promise<SourceFolder | null> {
  let at: SourceFolder | null = folder
  for (const segment of segments) at = (await at?.folder(segment)) ?? null
  return at
}

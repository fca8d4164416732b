import { basename, dirname, join, resolve } from 'node:path'
import { LabError, type ImportFinding } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'

export interface FoundFile {
  /** Relative to the chosen folder, with `/`. */
  readonly path: string
  readonly bytes: number
}

export interface FoundFiles {
  /** The chosen folder, or the folder of the chosen file; absolute. */
  readonly root: string
  /** The chosen file, relative; `null` when a folder was chosen. */
  readonly only: string | null
  /** As people count: rec_2 before rec_10. */
  readonly files: readonly FoundFile[]
  /** Hidden files, links, pipes and what lies too deep. */
  readonly skipped: number
  /** Folders and files that the system does not give. */
  readonly unreadable: readonly ImportFinding[]
}

/** Deeper folders than any archive of recordings has, and more files: a chosen system disk must not be read for hours. */
const deepest = 16
const mostFiles = 500_000

const collator = new Intl.Collator('en', { numeric: true }).compare

/** By name without the extension, so that 100.hea comes before 100-copy.hea. */
function order(a: string, b: string): number {
  return collator(a.replace(/\.[^./]*$/, ''), b.replace(/\.[^./]*$/, '')) || collator(a, b) || (a < b ? -1 : 1)
}

/** The folder that is chosen by `from`, absolute, and the file in it where one was meant: also a WFDB record named without `.hea`. @throws LabError `file-not-found`, `file-read-failed`. */
export async function chosenPlace(files: Files, from: string): Promise<{ readonly root: string; readonly only: string | null }> {
  const path = resolve(from)
  const found = await files.stat(path)
  if (found?.folder) return { root: path, only: null }
  const chosen = found ? path : `${path}.hea`
  if (!found && (await files.stat(chosen)) === null) throw new LabError('file-not-found', `${path} does not exist.`, { path })
  return { root: dirname(chosen), only: basename(chosen) }
}

/**
 * What lies at `from`: a folder with everything below it, or a file with its neighbours (a header's signal files and annotators). Symbolic links to folders are not followed. A folder
 * below that cannot be read is reported; the others are looked at all the same.
 * @throws LabError `file-not-found`, `file-read-failed`, `cancelled`.
 */
export async function findFiles(files: Files, from: string, options: { signal?: AbortSignal } = {}): Promise<FoundFiles> {
  const place = await chosenPlace(files, from)
  return { ...place, ...(await walk(files, place.root, place.only === null, options.signal)) }
}

async function walk(files: Files, root: string, below: boolean, signal: AbortSignal | undefined): Promise<Pick<FoundFiles, 'files' | 'skipped' | 'unreadable'>> {
  const found: string[] = []
  const unreadable: ImportFinding[] = []
  const waiting: { folder: string; depth: number }[] = [{ folder: '', depth: 0 }]
  let skipped = 0
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (signal?.aborted) throw new LabError('cancelled', 'Looking for files was cancelled.', { path: root })
    const { folder, depth } = next
    const entries = folder === '' ? await files.list(root) : await orReport(folder, unreadable, () => files.list(join(root, folder)))
    for (const entry of entries ?? []) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.name.startsWith('.') || (entry.folder && depth >= deepest) || found.length >= mostFiles) skipped++
      else if (!entry.folder) found.push(path)
      else if (below) waiting.push({ folder: path, depth: depth + 1 })
    }
  }
  const sized: FoundFile[] = []
  for (const path of found.sort(order)) {
    const entry = await orReport(path, unreadable, () => files.stat(join(root, path)))
    // A link to nowhere, or to a folder: what is linked has its own place. A pipe or a device: reading it may never end.
    if (entry?.file) sized.push({ path, bytes: entry.bytes })
    else if (entry !== undefined) skipped++
  }
  return { files: sized, skipped, unreadable }
}

/** `undefined` when it cannot be read, which is noted. */
async function orReport<T>(path: string, unreadable: ImportFinding[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    const { code, message } = LabError.from(thrown)
    unreadable.push({ file: path, code, message })
    return undefined
  }
}

/** Folder and name of a relative path. @example splitPath('a/b/c.hea') // { folders: ['a', 'b'], name: 'c.hea' } */
export function splitPath(path: string): { folders: string[]; name: string } {
  const folders = path.split('/')
  const name = folders.pop() ?? ''
  return { folders, name }
}

/** A file's name without its last extension. @example stemOf('Person_01/rec_1.hea') // 'rec_1' */
export function stemOf(path: string): string {
  return splitPath(path).name.replace(/\.[^.]*$/, '')
}

import { basename, dirname, join, resolve } from 'node:path'
import { LabError } from '../contract/index.ts'
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
  /** Hidden files, links and what lies too deep. */
  readonly skipped: number
}

/** Deeper folders than any archive of recordings has, and more files: a chosen system disk must not be read for hours. */
const deepest = 16
const mostFiles = 500_000

const collator = new Intl.Collator('en', { numeric: true }).compare

/** By name without the extension, so that 100.hea comes before 100-copy.hea. */
function order(a: string, b: string): number {
  return collator(a.replace(/\.[^./]*$/, ''), b.replace(/\.[^./]*$/, '')) || collator(a, b) || (a < b ? -1 : 1)
}

/**
 * What lies at `from`: a folder with everything below it, a file, or a WFDB record named without `.hea`. Symbolic links are not followed.
 * @throws LabError `file-not-found`, `file-read-failed`, `cancelled`.
 */
export async function findFiles(files: Files, from: string, options: { signal?: AbortSignal } = {}): Promise<FoundFiles> {
  const path = resolve(from)
  const found = await files.stat(path)
  if (found?.folder) return { root: path, only: null, ...(await walk(files, path, true, options.signal)) }
  const chosen = found ? path : `${path}.hea`
  if (!found && (await files.stat(chosen)) === null) throw new LabError('file-not-found', `${path} does not exist.`, { path })
  // Its neighbours: a header's signal files and annotators.
  return { root: dirname(chosen), only: basename(chosen), ...(await walk(files, dirname(chosen), false, options.signal)) }
}

async function walk(files: Files, root: string, below: boolean, signal: AbortSignal | undefined): Promise<Pick<FoundFiles, 'files' | 'skipped'>> {
  const found: FoundFile[] = []
  const waiting: { folder: string; depth: number }[] = [{ folder: '', depth: 0 }]
  let skipped = 0
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (signal?.aborted) throw new LabError('cancelled', 'Looking for files was cancelled.', { path: root })
    const { folder, depth } = next
    const entries = await files.list(join(root, folder))
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.name.startsWith('.') || (entry.folder && depth >= deepest) || found.length >= mostFiles) skipped++
      else if (!entry.folder) found.push({ path, bytes: 0 })
      else if (below) waiting.push({ folder: path, depth: depth + 1 })
    }
  }
  const sized: FoundFile[] = []
  for (const { path } of found.sort((a, b) => order(a.path, b.path))) {
    const entry = await files.stat(join(root, path))
    // A link to nowhere, or to a folder: what is linked has its own place.
    if (!entry || entry.folder) skipped++
    else sized.push({ path, bytes: entry.bytes })
  }
  return { files: sized, skipped }
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

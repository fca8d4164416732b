import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LabError } from '../contract/index.ts'

/** An open file. Positions and lengths in bytes. */
export interface OpenFile {
  /** Writes all of `bytes` at the end or at `position`; a short write is continued, never ignored. */
  write(bytes: Uint8Array, position?: number): Promise<void>
  /** Reads up to `into.length` bytes at `position`; returns how many. */
  read(into: Uint8Array, position: number): Promise<number>
  /** fdatasync. A failure is final: the caller must not go on as if a later sync could make up for it. */
  sync(): Promise<void>
  truncate(bytes: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/**
 * The files below the dataset folder, as few verbs as the journal and the dataset need, so that tests can put ENOSPC, EIO, short
 * writes and power loss in between. Every failure is a `LabError` with the errno in `data.errno`.
 */
export interface Files {
  open(path: string, mode: 'read' | 'append' | 'create' | 'update'): Promise<OpenFile>
  readFile(path: string): Promise<Uint8Array>
  rename(from: string, to: string): Promise<void>
  /** Makes a rename or a new entry in `folder` durable. */
  syncFolder(folder: string): Promise<void>
  makeFolder(folder: string): Promise<void>
  list(folder: string): Promise<{ name: string; folder: boolean }[]>
  /** `null` when there is nothing. `file`: false also for pipes, sockets and devices, whose bytes never end. */
  stat(path: string): Promise<{ bytes: number; folder: boolean; file: boolean; modifiedMs: number } | null>
  remove(path: string): Promise<void>
  freeBytes(folder: string): Promise<number>
}

/** Maps an errno of the operating system to the code that a person can act on. */
export function fileError(thrown: unknown, path: string, doing: 'read' | 'write'): LabError {
  if (thrown instanceof LabError) return thrown
  const errno = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'UNKNOWN'
  const data = { path, errno }
  const cause = { cause: thrown }
  if (errno === 'ENOENT') return new LabError('file-not-found', `${path} does not exist.`, data, cause)
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return new LabError('dataset-full', `The disk is full: ${path} could not be written.`, data, cause)
  if (doing === 'write' && (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS')) {
    return new LabError('dataset-not-writable', `${path} cannot be written (${errno}).`, data, cause)
  }
  const code = doing === 'read' ? 'file-read-failed' : 'file-write-failed'
  return new LabError(code, `${path} could not be ${doing === 'read' ? 'read' : 'written'} (${errno}).`, data, cause)
}

async function guarded<T>(path: string, doing: 'read' | 'write', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw fileError(thrown, path, doing)
  }
}

const openFlags = { read: 'r', append: 'a', create: 'wx+', update: constants.O_RDWR | constants.O_CREAT } as const

/** Node's own recursive mkdir never returns where nothing can be made although the parent exists (/proc). */
async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (thrown) {
    const errno = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    if (errno === 'EEXIST' && (await stat(folder)).isDirectory()) return
    const parent = dirname(folder)
    if (errno !== 'ENOENT' || parent === folder || (await exists(parent))) throw thrown
    await makeFolders(parent)
    await makeFolders(folder)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

/** The real file system. */
export const nodeFiles: Files = {
  async open(path, mode) {
    const doing = mode === 'read' ? 'read' : 'write'
    const handle = await guarded(path, doing, () => open(path, openFlags[mode], 0o644))
    return {
      write: (bytes, position) =>
        guarded(path, 'write', async () => {
          for (let done = 0; done < bytes.length; ) {
            const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position === undefined ? null : position + done)
            done += bytesWritten
          }
        }),
      read: (into, position) => guarded(path, 'read', async () => (await handle.read(into, 0, into.length, position)).bytesRead),
      sync: () => guarded(path, 'write', () => handle.datasync()),
      truncate: (bytes) => guarded(path, 'write', () => handle.truncate(bytes)),
      size: () => guarded(path, 'read', async () => (await handle.stat()).size),
      close: () => guarded(path, doing, () => handle.close()),
    }
  },
  readFile: (path) => guarded(path, 'read', () => readFile(path)),
  rename: (from, to) => guarded(to, 'write', () => rename(from, to)),
  syncFolder: (folder) =>
    guarded(folder, 'write', async () => {
      // Windows cannot open a folder for syncing; NTFS journals renames itself.
      if (process.platform === 'win32') return
      const handle = await open(folder, 'r')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    }),
  makeFolder: (folder) => guarded(folder, 'write', () => makeFolders(folder)),
  list: (folder) =>
    guarded(folder, 'read', async () =>
      (await readdir(folder, { withFileTypes: true })).map((entry) => ({ name: entry.name, folder: entry.isDirectory() })),
    ),
  async stat(path) {
    try {
      const found = await stat(path)
      return { bytes: found.size, folder: found.isDirectory(), file: found.isFile(), modifiedMs: found.mtimeMs }
    } catch (thrown) {
      const error = fileError(thrown, path, 'read')
      if (error.code === 'file-not-found' || error.data.errno === 'ENOTDIR') return null
      throw error
    }
  },
  remove: (path) => guarded(path, 'write', () => rm(path, { recursive: true, force: true })),
  freeBytes: (folder) =>
    guarded(folder, 'read', async () => {
      const found = await statfs(folder)
      return found.bavail * found.bsize
    }),
}

/**
 * Replaces `path` as a whole or not at all: temporary file, fdatasync, rename, folder sync.
 * @throws LabError `dataset-full`, `dataset-not-writable`, `file-write-failed`; the old content is then untouched.
 */
export async function writeAtomically(files: Files, path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const temporary = `${path}.part`
  await files.remove(temporary)
  try {
    const file = await files.open(temporary, 'create')
    try {
      await file.write(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await files.rename(temporary, path)
  } catch (thrown) {
    // A full disk is not helped by half a file; its own error is what counts.
    await files.remove(temporary).catch(() => undefined)
    throw thrown
  }
  await files.syncFolder(dirname(path))
}

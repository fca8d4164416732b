import { createHash } from 'node:crypto'
import type { FileEntry } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import type { JournalStop } from './journal-reader.ts'

const chunkBytes = 1 << 20
const pattern = /^journal-\d{4,}-bad-tail-\d+\.bin$/

/**
 * Moves everything behind the last good record out of the journal, byte for byte, into journal-NNNN-bad-tail-OFFSET.bin. Nothing is
 * deleted; a crash in between is made good by running it again.
 */
export async function setBadTailAside(files: Files, folder: string, stop: JournalStop): Promise<void> {
  // From the end, so that the first bad place is still found if this is interrupted.
  for (const name of [...stop.laterFiles].reverse()) await files.rename(`${folder}/${name}`, `${folder}/${asideName(name, 0)}`)
  const path = `${folder}/${stop.file}`
  const found = await files.stat(path)
  if (!found) {
    // The segment is missing; what came after it has been moved.
  } else if (stop.offset === 0) {
    await files.rename(path, `${folder}/${asideName(stop.file, 0)}`)
  } else if (found.bytes > stop.offset) {
    await copyFrom(files, path, stop.offset, `${folder}/${asideName(stop.file, stop.offset)}`)
    await files.syncFolder(folder)
    const segment = await files.open(path, 'update')
    try {
      await segment.truncate(stop.offset)
      await segment.sync()
    } finally {
      await segment.close()
    }
  }
  await files.syncFolder(folder)
}

/** What was set aside so far, by name. */
export async function badTails(files: Files, folder: string): Promise<FileEntry[]> {
  const names = (await files.list(folder)).map((entry) => entry.name).filter((name) => pattern.test(name)).sort()
  const entries: FileEntry[] = []
  for (const name of names) entries.push({ name, ...(await hashFile(files, `${folder}/${name}`)) })
  return entries
}

/** Length and SHA-256 of a file of any size. */
export async function hashFile(files: Files, path: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const file = await files.open(path, 'read')
  const hash = createHash('sha256')
  const buffer = new Uint8Array(Math.max(1, Math.min(chunkBytes, await file.size())))
  try {
    let bytes = 0
    for (;;) {
      signal?.throwIfAborted()
      const read = await file.read(buffer, bytes)
      if (read === 0) return { bytes, sha256: hash.digest('hex') }
      hash.update(buffer.subarray(0, read))
      bytes += read
    }
  } finally {
    await file.close()
  }
}

function asideName(segment: string, offset: number): string {
  return `${segment.replace(/\.plj$/, '')}-bad-tail-${offset}.bin`
}

async function copyFrom(files: Files, from: string, offset: number, to: string): Promise<void> {
  await files.remove(`${to}.part`)
  const source = await files.open(from, 'read')
  try {
    const target = await files.open(`${to}.part`, 'create')
    try {
      const buffer = new Uint8Array(chunkBytes)
      for (let at = offset; ; ) {
        const read = await source.read(buffer, at)
        if (read === 0) break
        await target.write(buffer.subarray(0, read))
        at += read
      }
      await target.sync()
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
  await files.rename(`${to}.part`, to)
}

import { createHash } from 'node:crypto'
import { LabError } from '../contract/index.ts'
import type { Files } from './files.ts'

const blockBytes = 1 << 20

/** SHA-256 as 64 hex digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * SHA-256 and length of a file, read in blocks of 1 MiB.
 * @throws LabError `file-not-found`, `file-read-failed`, `cancelled`.
 */
export async function sha256File(files: Files, path: string, options: { signal?: AbortSignal } = {}): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  const block = new Uint8Array(blockBytes)
  const file = await files.open(path, 'read')
  let bytes = 0
  try {
    for (;;) {
      if (options.signal?.aborted) throw new LabError('cancelled', 'Hashing was cancelled.', { path })
      const got = await file.read(block, bytes)
      if (got === 0) break
      hash.update(block.subarray(0, got))
      bytes += got
    }
  } finally {
    await file.close()
  }
  return { bytes, sha256: hash.digest('hex') }
}

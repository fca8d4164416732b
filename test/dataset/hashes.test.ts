import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { sha256, sha256File } from '../../src-main/dataset/hashes.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()

describe('SHA-256', () => {
  it('of the examples of FIPS 180-2, from memory and over several blocks of a file', async () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    const path = join(folder.path, 'a')
    await writeFile(path, 'a'.repeat(1_000_000))
    expect(await sha256File(nodeFiles, path)).toEqual({ bytes: 1_000_000, sha256: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0' })
    // `head -c 3000000 /dev/zero | sha256sum`
    await writeFile(path, Buffer.alloc(3_000_000))
    expect(await sha256File(nodeFiles, path)).toEqual({ bytes: 3_000_000, sha256: '35bce4eae54ec8e6cc2868baa8d157914d6ae2858811b4cc0c078c94460fa26f' })
  })

  it('of a missing file, or when cancelled, is an error with a code', async () => {
    const path = join(folder.path, 'a')
    await expect(sha256File(nodeFiles, path)).rejects.toMatchObject({ code: 'file-not-found' })
    await writeFile(path, 'abc')
    await expect(sha256File(nodeFiles, path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A fresh folder per test, removed afterwards. */
export function temporaryFolder(): { readonly path: string } {
  let path = ''
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  })
  afterEach(() => rm(path, { recursive: true, force: true }))
  return {
    get path() {
      return path
    },
  }
}

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Audit } from '../../src-main/dataset/audit.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const path = (): string => join(folder.path, 'audit.jsonl')
const audit = (): Audit => new Audit(nodeFiles, path())

async function written(): Promise<string[]> {
  const trail = audit()
  for (let n = 1; n <= 4; n++) await trail.append(`2026-03-01T10:00:0${n}.000Z`, 'anna@bench', 'subject.updated', { code: `S00${n}`, '2': 'two', a: [n, null] })
  return (await readFile(path(), 'utf8')).trim().split('\n')
}

const broken = (sequence: number): unknown => expect.objectContaining({ code: 'audit-chain-broken', data: expect.objectContaining({ sequence }) })

describe('the audit trail', () => {
  it('follows from its beginning, over several openings and over a line torn by a crash', async () => {
    await written()
    await audit().append('2026-03-02T10:00:00.000Z', 'bert@bench', 'dataset.updated', {})
    await appendFile(path(), '{"sequence":6,"at":"2026')
    await audit().append('2026-03-03T10:00:00.000Z', 'bert@bench', 'dataset.updated', {})
    expect(await audit().verify()).toBe(6)
  })

  it('finds every changed character', async () => {
    await written()
    const text = await readFile(path(), 'utf8')
    for (let at = 0; at < text.length; at += 7) {
      const put = text[at] === 'x' ? 'y' : 'x'
      if (text[at] === '\n') continue
      await writeFile(path(), text.slice(0, at) + put + text.slice(at + 1))
      const line = text.slice(0, at).split('\n').length
      // The last entry made unreadable is an entry cut off at the end: the chain cannot know of it.
      if (line < 4) await expect(audit().verify(), `character ${at}`).rejects.toThrow(expect.objectContaining({ code: 'audit-chain-broken' }))
    }
  })

  it('finds removed, swapped, inserted and repeated entries', async () => {
    const [a, b, c, d] = await written()
    const put = (lines: (string | undefined)[]): Promise<void> => writeFile(path(), `${lines.join('\n')}\n`)
    await put([b, c, d])
    await expect(audit().verify()).rejects.toEqual(broken(1))
    await put([a, c, d])
    await expect(audit().verify()).rejects.toEqual(broken(2))
    await put([a, c, b, d])
    await expect(audit().verify()).rejects.toEqual(broken(2))
    await put([a, b, b, c, d])
    await expect(audit().verify()).rejects.toEqual(broken(3))
  })

  it('finds an entry whose own hash was made again after the change', async () => {
    const [a, b, c, d] = await written()
    const { createHash } = await import('node:crypto')
    const entry = JSON.parse(b) as Record<string, unknown>
    delete entry.hash
    const forged = { ...entry, by: 'nobody' }
    const line = JSON.stringify({ ...forged, hash: createHash('sha256').update(JSON.stringify(forged)).digest('hex') })
    await writeFile(path(), `${[a, line, c, d].join('\n')}\n`)
    await expect(audit().verify()).rejects.toEqual(broken(3))
  })
})

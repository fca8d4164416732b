import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { JsonLinesAppender, readJsonLines } from '../../src-main/dataset/json-lines.ts'
import { FaultyFiles } from './faulty-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

const Entry = z.object({ n: z.number(), text: z.string().default('') })
const folder = temporaryFolder()
const path = (): string => join(folder.path, 'lines.jsonl')
const open = async (files = nodeFiles): Promise<JsonLinesAppender<z.input<typeof Entry>>> => new JsonLinesAppender(files, path(), await readJsonLines(files, path(), Entry))
const numbers = async (): Promise<number[]> => (await readJsonLines(nodeFiles, path(), Entry)).entries.map((entry) => entry.n)

describe('append-only lines', () => {
  it('a missing file is empty; entries keep the order of the calls', async () => {
    expect(await numbers()).toEqual([])
    const lines = await open()
    await Promise.all([1, 2, 3, 4, 5].map((n) => lines.append({ n })))
    expect(await numbers()).toEqual([1, 2, 3, 4, 5])
  })

  it('cut anywhere: whole lines are read, the torn one is set aside and stays where it is, appending goes on', async () => {
    const lines = await open()
    for (const n of [1, 2, 3]) await lines.append({ n, text: 'é' })
    const whole = await readFile(path())
    const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at)
    for (let cut = 0; cut <= whole.length; cut++) {
      await writeFile(path(), whole.subarray(0, cut))
      const read = await readJsonLines(nodeFiles, path(), Entry)
      // A line that lacks nothing but its line end is whole.
      const complete = ends.filter((end) => end <= cut).length
      expect(read.entries).toHaveLength(complete)
      const torn = !read.endsWithLine && !ends.includes(cut)
      expect(read.damaged.map((line) => line.torn)).toEqual(torn ? [true] : [])

      await (await open()).append({ n: 9 })
      const after = await readFile(path())
      expect(after.subarray(0, cut).equals(whole.subarray(0, cut))).toBe(true)
      expect(await numbers()).toEqual([...[1, 2, 3].slice(0, complete), 9])
    }
  })

  it('garbage of any kind is set aside with its line', async () => {
    await (await open()).append({ n: 1 })
    await appendFile(path(), '\0\0\0\n{"n":"two"}\n')
    await (await open()).append({ n: 3 })
    const read = await readJsonLines(nodeFiles, path(), Entry)
    expect(read.entries.map((entry) => entry.n)).toEqual([1, 3])
    expect(read.damaged).toMatchObject([{ line: 2, torn: false }, { line: 3, torn: false, reason: expect.stringContaining('n:') }])
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        await writeFile(path(), bytes)
        await readJsonLines(nodeFiles, path(), Entry)
      }),
      { numRuns: 50 },
    )
  })

  it('a full disk leaves the file as it was, and later there may be room again', async () => {
    const faulty = new FaultyFiles()
    const lines = await open(faulty.files)
    await lines.append({ n: 1 })
    const before = await readFile(path())
    faulty.set({ verb: 'write', errno: 'ENOSPC', path: 'lines', from: 1, short: 4 })
    await expect(lines.append({ n: 2 })).rejects.toMatchObject({ code: 'dataset-full' })
    expect((await readFile(path())).equals(before)).toBe(true)
    faulty.set(null)
    await lines.append({ n: 3 })
    expect(await numbers()).toEqual([1, 3])
  })

  it('after a failed fdatasync nothing more is promised', async () => {
    const faulty = new FaultyFiles()
    const lines = await open(faulty.files)
    await lines.append({ n: 1 })
    faulty.set({ verb: 'sync', errno: 'EIO', path: 'lines', from: 1 })
    await expect(lines.append({ n: 2 })).rejects.toMatchObject({ code: 'file-write-failed' })
    faulty.set(null)
    await expect(lines.append({ n: 3 })).rejects.toMatchObject({ code: 'file-write-failed', data: { errno: 'EIO' } })
    expect(await numbers()).toEqual([1])
  })
})

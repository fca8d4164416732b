import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SubjectCode } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { listFindings } from '../../src-main/dataset/list-findings.ts'
import { temporaryFolder } from './temporary-folder.ts'

const temporary = temporaryFolder()

/** A dataset of two people, one of whom refused, and of a third with notes, who withdrew. */
async function lab(): Promise<string> {
  const dataset = await Dataset.create(join(temporary.path, 'lab'), { name: 'lab' })
  await dataset.subjects.add({ code: 'S001', consent: 'granted' })
  await dataset.subjects.add({ code: 'S002', consent: 'refused' })
  await dataset.subjects.add({ code: 'S003', consent: 'granted' })
  await dataset.subjects.update(SubjectCode.parse('S003'), { notes: 'left-handed', consent: 'withdrawn' })
  await dataset.close()
  return dataset.path
}

async function findings(path: string): Promise<string[]> {
  const dataset = await Dataset.open(path, { access: 'read' })
  return (await listFindings(dataset)).map((finding) => `${finding.file} ${finding.code}`)
}

async function change(path: string, file: string, edit: (text: string) => string): Promise<void> {
  const before = await readFile(join(path, file), 'latin1')
  const after = edit(before)
  expect(after).not.toBe(before)
  await writeFile(join(path, file), after, 'latin1')
}

describe('the lists of a dataset', () => {
  it('have no findings as they were written', async () => {
    expect(await findings(await lab())).toEqual([])
  })

  it('a consent that was changed by hand is found', async () => {
    const path = await lab()
    await change(path, 'subjects.jsonl', (text) => text.replace('refused', 'granted'))
    expect(await findings(path)).toEqual(['subjects.jsonl dataset-invalid'])
  })

  it('a removed line, a removed file and an unreadable line are found', async () => {
    const path = await lab()
    await change(path, 'subjects.jsonl', (text) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`)
    expect(await findings(path)).toEqual(['subjects.jsonl dataset-invalid'])
    await change(path, 'subjects.jsonl', (text) => text.replace('"type"', '"tyqe"'))
    expect((await findings(path))[0]).toBe('subjects.jsonl dataset-invalid')
    await rm(join(path, 'subjects.jsonl'))
    expect(await findings(path)).toEqual(['subjects.jsonl dataset-invalid'])
  })

  it('every flipped byte of audit.jsonl is found, also in its last line', async () => {
    const path = await lab()
    const file = join(path, 'audit.jsonl')
    const whole = await readFile(file)
    for (let at = 0; at < whole.length - 1; at += 7) {
      const damaged = Uint8Array.from(whole)
      damaged[at] ^= 1 << at % 7
      await writeFile(file, damaged)
      expect(await findings(path), `byte ${at}`).toContain('audit.jsonl audit-chain-broken')
    }
    await writeFile(file, '')
    expect(await findings(path)).toEqual(['audit.jsonl audit-chain-broken'])
  })

  it('another id in dataset.json is found', async () => {
    const path = await lab()
    await change(path, 'dataset.json', (text) => text.replace(/"id": "(.)/, (_, first: string) => `"id": "${first === 'a' ? 'b' : 'a'}`))
    expect(await findings(path)).toEqual(['dataset.json dataset-invalid'])
  })

  it('what a crash in the middle of appending leaves is no finding, also after the next change', async () => {
    const path = await lab()
    await writeFile(join(path, 'audit.jsonl'), '{"sequence":7,"at":"20', { flag: 'a' })
    expect(await findings(path)).toEqual([])
    const dataset = await Dataset.open(path, { access: 'write' })
    await dataset.subjects.add({ code: 'S004', consent: 'granted' })
    await dataset.close()
    expect(await findings(path)).toEqual([])
  })
})

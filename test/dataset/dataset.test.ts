import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultyFiles } from './faulty-files.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a dataset', () => {
  it('is created, closed and opened again with what was put in', async () => {
    const path = join(folder, 'lab')
    const made = await Dataset.create(path, { name: 'Lab one' })
    await made.subjects.add({ code: 'S001', consent: 'granted' })
    await made.updateInfo({ ethics: 'approved' })
    await made.close()
    const opened = await Dataset.open(path, { access: 'read' })
    expect(opened.info).toMatchObject({ name: 'Lab one', ethics: 'approved', licence: '', synthetic: false, formatVersion: 1 })
    expect(await opened.subjects.list()).toMatchObject([{ code: 'S001', consent: 'granted', recordings: 0 }])
    expect(await opened.audit.verify()).toBe(3)
    expect(await opened.summary()).toMatchObject({ subjects: 1, recordings: 0, interrupted: [] })
  })

  it('is refused a second time, elsewhere than in a folder, when damaged and when newer', async () => {
    const path = join(folder, 'lab')
    await (await Dataset.create(path, { name: 'Lab' })).close()
    await expect(Dataset.create(path, { name: 'Lab' })).rejects.toMatchObject({ code: 'dataset-exists' })
    await expect(Dataset.open(folder, { access: 'write' })).rejects.toMatchObject({ code: 'dataset-not-found' })
    await expect(Dataset.open(join(folder, 'nowhere'), { access: 'read' })).rejects.toMatchObject({ code: 'dataset-not-found' })
    await writeFile(join(folder, 'file'), 'x')
    await expect(Dataset.create(join(folder, 'file'), { name: 'Lab' })).rejects.toMatchObject({ code: 'dataset-not-writable' })
    await expect(Dataset.create(join(folder, 'file', 'below'), { name: 'Lab' })).rejects.toMatchObject({ code: 'dataset-not-writable' })

    const info = JSON.parse(await readFile(join(path, 'dataset.json'), 'utf8'))
    await writeFile(join(path, 'dataset.json'), JSON.stringify({ formatVersion: 2, everything: 'else' }))
    await expect(Dataset.open(path, { access: 'write' })).rejects.toMatchObject({ code: 'dataset-format-newer', data: { formatVersion: 2 } })
    await writeFile(join(path, 'dataset.json'), JSON.stringify({ ...info, name: '' }))
    await expect(Dataset.open(path, { access: 'write' })).rejects.toMatchObject({ code: 'dataset-invalid', data: { reason: expect.stringContaining('name') } })
    await writeFile(join(path, 'dataset.json'), '{"na')
    await expect(Dataset.open(path, { access: 'read' })).rejects.toMatchObject({ code: 'dataset-invalid' })
  })

  it('needs a name, and a failed creation can be repeated', async () => {
    const path = join(folder, 'lab')
    await expect(Dataset.create(path, { name: ' ' })).rejects.toMatchObject({ code: 'request-invalid', data: { path: 'name' } })
    const faulty = new FaultyFiles()
    for (const fault of [{ verb: 'write', errno: 'ENOSPC', path: '.lock' }, { verb: 'write', errno: 'ENOSPC', path: 'dataset.json', short: 5 }, { verb: 'sync', errno: 'EIO', path: 'dataset.json' }] as const) {
      faulty.set({ ...fault, from: 1 })
      await expect(Dataset.create(path, { name: 'Lab', files: faulty.files })).rejects.toMatchObject({ data: { errno: fault.errno } })
      await expect(Dataset.open(path, { access: 'write' })).rejects.toMatchObject({ code: 'dataset-not-found' })
    }
    const dataset = await Dataset.create(path, { name: 'Lab' })
    expect(await dataset.audit.verify()).toBeGreaterThan(0)
  })

  it('a folder without permission, a full disk: said as such', async () => {
    const path = join(folder, 'lab')
    await (await Dataset.create(path, { name: 'Lab' })).close()
    const faulty = new FaultyFiles()
    for (const [errno, code] of [['EACCES', 'dataset-not-writable'], ['EROFS', 'dataset-not-writable'], ['ENOSPC', 'dataset-full']]) {
      faulty.set({ verb: 'open', errno, path: '.lock', from: 1 })
      await expect(Dataset.open(path, { access: 'write', files: faulty.files })).rejects.toMatchObject({ code })
      expect((await Dataset.open(path, { access: 'read', files: faulty.files })).info.name).toBe('Lab')
    }
  })

  it('opened for reading changes nothing', async () => {
    const path = join(folder, 'lab')
    await mkdir(path)
    await (await Dataset.create(path, { name: 'Lab' })).close()
    const reader = await Dataset.open(path, { access: 'read' })
    await expect(reader.subjects.add({ code: 'S1' })).rejects.toMatchObject({ code: 'dataset-not-writable' })
    await expect(reader.updateInfo({ name: 'Other' })).rejects.toMatchObject({ code: 'dataset-not-writable' })
  })

  it('lets readers in while a writer works, and no second writer, not even of the same process', async () => {
    const path = join(folder, 'lab')
    const writer = await Dataset.create(path, { name: 'Lab' })
    const reader = await Dataset.open(path, { access: 'read' })
    await writer.subjects.add({ code: 'S1' })
    expect(await reader.subjects.list()).toHaveLength(1)
    await expect(Dataset.open(path, { access: 'write' })).rejects.toMatchObject({ code: 'dataset-locked', data: { pid: process.pid } })
    await writer.close()
    await (await Dataset.open(path, { access: 'write' })).close()
  })
})

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RecordingProtocol } from '../../src-main/contract/index.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { findProtocol, loadProtocols, parseProtocol, shippedProtocols } from '../../src-main/services/protocol-library.ts'
import { plannedSeconds, ProtocolRunner } from '../../src-main/services/protocol-runner.ts'

async function datasetWith(name: string, content: string): Promise<{ path: string; files: typeof nodeFiles }> {
  const path = await mkdtemp(join(tmpdir(), 'pulseprint-protocols-'))
  await mkdir(join(path, 'protocols'))
  await writeFile(join(path, 'protocols', name), content)
  return { path, files: nodeFiles }
}

const own = { id: 'stairs', name: { en: 'Stairs' }, description: { en: '' }, steps: [{ id: 'up', text: { en: 'Walk up.' }, seconds: null }] }

describe('protocol files', () => {
  it('that are shipped speak both languages', () => {
    const shipped = shippedProtocols()
    expect(shipped.map((protocol) => protocol.id)).toEqual(['after-exercise', 'free-quick', 'rest-60', 'rest-and-paced-breathing'])
    for (const protocol of shipped) {
      const texts = [protocol.name, protocol.description, ...protocol.steps.map((step) => step.text), ...protocol.markers.map((marker) => marker.text)]
      for (const text of texts) expect(text['zh-CN'], `${protocol.id}: ${text.en}`).toMatch(/[\u4e00-\u9fff]/)
    }
  })

  it('of the dataset join the shipped ones', async () => {
    const dataset = await datasetWith('stairs.json', JSON.stringify(own))
    expect((await loadProtocols(dataset)).protocols.map((protocol) => protocol.id)).toContain('stairs')
    expect((await findProtocol(dataset, 'stairs')).steps[0].seconds).toBeNull()
  })

  it('that are wrong are named with path and reason', async () => {
    const broken = { ...own, steps: [{ ...own.steps[0], seconds: -5 }] }
    const dataset = await datasetWith('stairs.json', JSON.stringify(broken))
    const wrong = { code: 'protocol-invalid', data: { path: join(dataset.path, 'protocols', 'stairs.json'), at: 'steps.0.seconds' } }
    await expect(findProtocol(dataset, 'stairs')).rejects.toMatchObject(wrong)
    // The others stay usable.
    const library = await loadProtocols(dataset)
    expect(library.problems).toMatchObject([{ name: 'stairs', error: wrong }])
    expect(library.protocols.map((protocol) => protocol.id)).toContain('rest-60')
    await expect(findProtocol(dataset, 'rest-60')).resolves.toMatchObject({ id: 'rest-60' })
    expect(() => parseProtocol('x.json', '{"id":')).toThrow(expect.objectContaining({ code: 'protocol-invalid' }))
    expect(() => parseProtocol('x.json', JSON.stringify({ ...own, steps: [own.steps[0], own.steps[0]] }))).toThrow(/two steps have the id "up"/)
  })

  it('that do not exist are answered with those that do', async () => {
    await expect(findProtocol(null, 'nope')).rejects.toMatchObject({ code: 'protocol-not-found', data: { known: expect.arrayContaining(['rest-60']) } })
  })
})

const protocol = (...seconds: (number | null)[]): RecordingProtocol => ({
  id: 'p', name: { en: 'p' }, description: { en: '' }, markers: [], steps: seconds.map((length, index) => ({ id: `s${index}`, text: { en: 'x' }, seconds: length })),
})

describe('protocol runner', () => {
  it('begins each timed step where the one before ends, however late it is asked', () => {
    const runner = new ProtocolRunner(protocol(2, 3, 4), 10e9)
    expect(runner.first).toMatchObject({ index: 0, atNs: 10e9 })
    expect(runner.advance(11.9e9)).toEqual([])
    expect(runner.advance(17e9).map(({ index, atNs }) => [index, atNs])).toEqual([[1, 12e9], [2, 15e9]])
    expect(runner.status(18e9)).toEqual({ id: 'p', step: 2, stepElapsedSeconds: 3, finished: false })
    expect(runner.advance(19e9)).toEqual([])
    expect(runner.finished).toBe(true)
    expect(runner.advance(99e9)).toEqual([])
  })

  it('waits at a step without duration until the technician goes on', () => {
    const runner = new ProtocolRunner(protocol(1, null, 1), 0)
    expect(runner.advance(50e9).map(({ index }) => index)).toEqual([1])
    expect(runner.next(60e9)).toMatchObject({ index: 2, atNs: 60e9 })
    expect(runner.advance(60.5e9)).toEqual([])
    runner.advance(61e9)
    expect(runner.finished).toBe(true)
    expect(runner.next(62e9)).toBeNull()
  })

  it('is finished when the last step is ended by hand', () => {
    const runner = new ProtocolRunner(protocol(null), 0)
    expect(runner.next(5e9)).toBeNull()
    expect(runner.finished).toBe(true)
  })

  it('knows its length only when every step has one', () => {
    expect(plannedSeconds(protocol(1, 2.5))).toBe(3.5)
    expect(plannedSeconds(protocol(1, null))).toBeNull()
  })
})

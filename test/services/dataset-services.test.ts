import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { labApi, labEvents, LabError, SubjectCode, type Caller, type EventName, type LabHandlers, type MethodInput, type MethodName, type MethodOutput, type RecordingId } from '../../src-main/contract/index.ts'
import { Dataset } from '../../src-main/dataset/dataset.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { DatasetService } from '../../src-main/services/dataset-service.ts'
import { LibraryService } from '../../src-main/services/library-service.ts'
import { SubjectsService } from '../../src-main/services/subjects-service.ts'
import { aRecording, recordingId } from '../dataset/a-recording.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'

const folder = temporaryFolder()
const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }

/** The three services over one holder, called as the rpc does: inputs and outputs through the contract's schemas. */
function lab() {
  const events: { event: EventName; payload: unknown }[] = []
  const holder = new DatasetHolder()
  const emitter = {
    emit: (event: EventName, payload: unknown) => {
      events.push({ event, payload: labEvents[event].parse(payload) })
    },
  }
  const configFolder = join(folder.path, 'config')
  const datasets = new DatasetService({ holder, emitter, configFolder })
  const handlers: Partial<LabHandlers> = { ...datasets.handlers(), ...new SubjectsService({ holder, emitter }).handlers(), ...new LibraryService({ holder, emitter }).handlers() }
  const call = async <M extends MethodName>(method: M, input: MethodInput<M>): Promise<MethodOutput<M>> => {
    const handler = handlers[method] as (input: unknown, context: unknown) => unknown
    const output = await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })
    return labApi[method].output.parse(output) as MethodOutput<M>
  }
  return { holder, events, call, names: () => events.map(({ event }) => event) }
}

const path = (name: string): string => join(folder.path, name)
const code = (text: string): SubjectCode => SubjectCode.parse(text)

describe('dataset.*', () => {
  it('creates, opens, closes and remembers the newest first; a vanished one is still listed as such', async () => {
    const { call, names, holder } = lab()
    expect(await call('dataset.recent', {})).toEqual([])
    expect(await call('dataset.current', {})).toBeNull()
    expect(await call('dataset.create', { path: path('one'), name: 'One' })).toMatchObject({ path: path('one'), info: { name: 'One' }, subjects: 0, recordings: 0, interrupted: [] })
    await call('dataset.create', { path: path('two'), name: 'Two' })
    expect(holder.current().path).toBe(path('two'))
    await call('dataset.open', { path: path('one') })
    await call('dataset.updateInfo', { name: 'First' })
    expect((await call('dataset.current', {}))?.info).toMatchObject({ name: 'First', licence: '' })
    await call('dataset.close', {})
    await rm(path('two'), { recursive: true })
    expect(await call('dataset.recent', {})).toMatchObject([{ path: path('one'), name: 'First', exists: true }, { path: path('two'), exists: false }])
    expect(names().filter((name) => name === 'dataset.changed').length).toBeGreaterThanOrEqual(5)
  })

  it('opening what cannot be opened leaves the open one open and locked', async () => {
    const { call, holder } = lab()
    await call('dataset.create', { path: path('one'), name: 'One' })
    await expect(call('dataset.open', { path: path('nowhere') })).rejects.toMatchObject({ code: 'dataset-not-found' })
    const other = await Dataset.create(path('other'), { name: 'Other' })
    await expect(call('dataset.open', { path: path('other') })).rejects.toMatchObject({ code: 'dataset-locked' })
    expect(holder.current().path).toBe(path('one'))
    await expect(Dataset.open(path('one'), { access: 'write' })).rejects.toMatchObject({ code: 'dataset-locked' })
    expect(await call('dataset.open', { path: path('one') })).toMatchObject({ path: path('one') })
    await other.close()
  })

  it('two windows that open two datasets at once end with one open and the other unlocked', async () => {
    const { call, holder } = lab()
    for (const name of ['one', 'two']) await (await Dataset.create(path(name), { name })).close()
    await Promise.all([call('dataset.open', { path: path('one') }), call('dataset.open', { path: path('two') })])
    const left = holder.current().path === path('one') ? path('two') : path('one')
    await (await Dataset.open(left, { access: 'write' })).close()
  })

  it('a guard (a recording runs) keeps the dataset open', async () => {
    const { call, holder } = lab()
    await call('dataset.create', { path: path('one'), name: 'One' })
    holder.guardClose(() => {
      throw new LabError('recording-in-progress', 'A recording runs.')
    })
    for (const attempt of [call('dataset.close', {}), call('dataset.create', { path: path('two'), name: 'Two' })]) {
      await expect(attempt).rejects.toMatchObject({ code: 'recording-in-progress' })
    }
    expect(holder.current().path).toBe(path('one'))
  })

  it('a damaged or unwritable list of recent datasets hinders nothing', async () => {
    const { call } = lab()
    await mkdir(path('config'))
    await writeFile(path('config/recent.json'), '[{"pa')
    expect(await call('dataset.recent', {})).toEqual([])
    await rm(path('config'), { recursive: true })
    await writeFile(path('config'), 'a file')
    await call('dataset.create', { path: path('one'), name: 'One' })
  })
})

describe('subjects.* and library.*', () => {
  it('need an open dataset', async () => {
    const { call } = lab()
    for (const method of ['subjects.list', 'subjects.suggestCode', 'library.list'] as const) await expect(call(method, {})).rejects.toMatchObject({ code: 'dataset-not-open' })
  })

  it('register, change and list subjects, and tell every window', async () => {
    const { call, names } = lab()
    await call('dataset.create', { path: path('one'), name: 'One' })
    const suggested = await call('subjects.suggestCode', {})
    expect(await call('subjects.add', { code: suggested.code })).toMatchObject({ code: 'S001', consent: 'unknown', consentAt: null })
    await call('subjects.setConsent', { code: suggested.code, consent: 'granted' })
    expect(await call('subjects.update', { code: suggested.code, change: { birthYear: 1990 } })).toMatchObject({ consent: 'granted', birthYear: 1990 })
    expect(await call('subjects.list', {})).toHaveLength(1)
    await expect(call('subjects.update', { code: code('S009'), change: {} })).rejects.toMatchObject({ code: 'subject-not-found' })
    // One for the opening, three for the changes.
    expect(names().filter((name) => name === 'subjects.changed')).toHaveLength(4)
  })

  it('list and show recordings, and tell every window which one changed', async () => {
    const { call, holder, events } = lab()
    await call('dataset.create', { path: path('one'), name: 'One' })
    await holder.current().recordings.create(aRecording({ id: recordingId(1) }))
    expect(await call('library.list', {})).toMatchObject([{ id: recordingId(1), profile: 'test' }])
    expect(await call('library.get', { id: recordingId(1) as RecordingId })).toMatchObject({ id: recordingId(1), station: 'bench' })
    await expect(call('library.get', { id: recordingId(2) as RecordingId })).rejects.toMatchObject({ code: 'recording-not-found' })
    await expect(call('library.envelope', { id: recordingId(1) as RecordingId, lanes: null, fromRow: 0, toRow: 10, columns: 5 })).rejects.toMatchObject({ code: 'recording-incomplete' })
    expect(events.filter(({ event }) => event === 'library.changed').map(({ payload }) => payload)).toEqual([{ id: null }, { id: recordingId(1) }])
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LabError } from '../../src-main/contract/errors.ts'
import { Connection } from '../../src-renderer/state/connection.svelte.ts'
import { FakeLab } from './fake-lab.ts'

describe('the connection', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('refuses requests by code while there is no wire', async () => {
    const connection = new Connection(() => Promise.resolve(new FakeLab()))
    await expect(connection.call('lab.info', {})).rejects.toMatchObject({ code: 'connection-lost' })
  })

  it('moves subscriptions to the next wire and tells every section to read again', async () => {
    const labs = [new FakeLab(), new FakeLab()]
    const connection = new Connection(() => Promise.resolve(labs.shift() ?? new FakeLab()))
    const [first, second] = labs
    let ready = 0
    const heard: boolean[] = []
    connection.onReady(() => ready++)
    connection.on('lab.closeRequested', ({ recording }) => heard.push(recording))
    await connection.start()
    first.emit('lab.closeRequested', { recording: true })
    expect([connection.phase, ready, heard]).toEqual(['connected', 1, [true]])

    first.close()
    expect(connection.phase).toBe('lost')
    await vi.advanceTimersByTimeAsync(5000)
    expect([connection.phase, ready]).toEqual(['connected', 2])
    second.emit('lab.closeRequested', { recording: false })
    expect(heard).toEqual([true, false])
  })

  it('goes on trying while the host is away', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    let attempts = 0
    const connection = new Connection(() => {
      attempts++
      return attempts < 4 ? Promise.reject(new LabError('connection-lost', 'No answer.')) : Promise.resolve(new FakeLab())
    })
    await connection.start()
    expect(connection.phase).toBe('lost')
    await vi.advanceTimersByTimeAsync(10_000)
    expect([connection.phase, attempts]).toEqual(['connected', 4])
  })

  it('ends a subscription for good', async () => {
    const lab = new FakeLab()
    const connection = new Connection(() => Promise.resolve(lab))
    await connection.start()
    let heard = 0
    const end = connection.on('subjects.changed', () => heard++)
    lab.emit('subjects.changed', {})
    end()
    lab.emit('subjects.changed', {})
    expect(heard).toBe(1)
  })
})

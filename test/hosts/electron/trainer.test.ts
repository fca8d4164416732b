import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { utilityTrainer, type UtilityForker } from '../../../src-main/hosts/electron/trainer.ts'
import { startTrainerJob } from '../../../src-main/services/trainer-process.ts'

/** A utility process of Electron, as far as it is used. */
class FakeProcess extends EventEmitter {
  readonly posted: unknown[] = []
  killed = 0
  postMessage(message: unknown): void {
    this.posted.push(message)
  }
  kill(): boolean {
    this.killed++
    return this.emit('exit', 0)
  }
}

function start() {
  const child = new FakeProcess()
  const forked: unknown[] = []
  const forker = { fork: (...args: unknown[]) => (forked.push(args), child) } as unknown as UtilityForker
  const told: number[] = []
  const job = startTrainerJob(() => utilityTrainer(forker, '/app/trainer.js'), { kind: 'engines' }, { onDone: (done) => told.push(done) }, 3)
  return { child, forked, job, told }
}

it('one task is given to a process of its own, which ends with it', async () => {
  const { child, forked, job, told } = start()
  expect(forked).toEqual([['/app/trainer.js', [], { serviceName: 'Pulseprint trainer' }]])
  expect(child.posted).toEqual([{ type: 'task', id: 1, task: { kind: 'engines' }, cores: 3 }])
  job.request('cancel')
  expect(child.posted[1]).toEqual({ type: 'request', id: 1, request: 'cancel' })
  child.emit('message', { type: 'done', id: 1, done: 0.5 })
  child.emit('message', { type: 'result', id: 1, result: [] })
  expect(await job.result).toEqual([])
  expect([told, child.killed]).toEqual([[0.5], 1])
})

it('its error arrives with code and data; an end without a word says how it ended', async () => {
  const failing = start()
  failing.child.emit('message', { type: 'error', id: 1, error: { code: 'engine-failed', message: 'No.', data: { engine: 'cpu' } } })
  await expect(failing.job.result).rejects.toMatchObject({ code: 'engine-failed', data: { engine: 'cpu' } })
  const dying = start()
  dying.child.emit('exit', 134)
  await expect(dying.job.result).rejects.toMatchObject({ code: 'trainer-ended', message: expect.stringContaining('code 134') as unknown, data: { code: 134, signal: null } })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  AcquisitionSource, JobStatus, labApi, labEvents, LabError, SubjectCode, type Caller, type EventName, type LiveIdentification, type MethodInput, type MethodName,
  type MethodOutput,
} from '../../src-main/contract/index.ts'
import { DemoLink } from '../../src-main/recording/demo-link.ts'
import { AcquisitionService } from '../../src-main/services/acquisition-service.ts'
import { DatasetHolder } from '../../src-main/services/dataset-holder.ts'
import { IdentifyService } from '../../src-main/services/identify-service.ts'
import { JobsService } from '../../src-main/services/jobs-service.ts'
import { localTrainer } from '../../src-main/services/local-trainer.ts'
import type { StartTrainer, TrainerChild } from '../../src-main/services/trainer-process.ts'
import type { FromTrainer, ToTrainer } from '../../src-main/services/trainer-serving.ts'
import { ViewService } from '../../src-main/services/view-service.ts'
import { finishedRun, identityLab, recordingsOf, type IdentityLab } from '../runs/an-identity-lab.ts'
import { finished, pass, useVirtualTime } from './lab-fixture.ts'
import { fakeClock } from './live-fixture.ts'

const caller: Caller = { id: 1, emit: () => undefined, bufferedBytes: () => 0, onClose: () => undefined }

/** Seed of the demo device that is this person of the demo dataset. */
const seedOf = (person: number): number => 1000 + person

let folder = ''
let lab: IdentityLab
let services: ReturnType<typeof makeServices> | null = null

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-'))
  lab = await identityLab(folder)
}, 120_000)
afterEach(async () => {
  await services?.close()
  services = null
})
afterAll(async () => {
  await lab.dataset.close()
  await rm(folder, { recursive: true, force: true })
})

function makeServices(startTrainer: StartTrainer) {
  const events: { event: EventName; payload: unknown }[] = []
  const emitter = { emit: (event: EventName, payload: unknown) => void events.push({ event, payload: labEvents[event].parse(payload) }) }
  const holder = new DatasetHolder()
  const jobs = new JobsService(emitter, () => Date.now())
  const linkFactory = {
    serial: ({ path }: { path: string }) => {
      throw new LabError('port-not-found', `There is no port ${path}.`, { path })
    },
    demo: (request: ConstructorParameters<typeof DemoLink>[0]) => new DemoLink(request, fakeClock),
  }
  const acquisition = new AcquisitionService({ holder, emitter, clock: fakeClock, linkFactory, view: new ViewService() })
  const service = new IdentifyService({ holder, emitter, jobs, startTrainer, acquisition })
  const handlers = service.handlers()
  const call = async <M extends MethodName & keyof typeof handlers>(method: M, input: MethodInput<M>): Promise<MethodOutput<M>> => {
    const handler = handlers[method] as (input: unknown, context: unknown) => unknown
    return labApi[method].output.parse(await handler(labApi[method].input.parse(input), { caller, signal: new AbortController().signal })) as MethodOutput<M>
  }
  return {
    events, holder, acquisition, service, call, jobs,
    lives: () => events.filter(({ event }) => event === 'identity.live').map(({ payload }) => payload as LiveIdentification),
    /** The job's last status. */
    async ended(job: JobStatus): Promise<JobStatus> {
      for (;;) {
        const status = jobs.list().find(({ id }) => id === job.id)
        if (status && status.state !== 'running') return status
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async close() {
      service.close()
      await jobs.close()
      if (vi.isFakeTimers()) {
        await finished(acquisition.close())
        await pass(1200)
        vi.useRealTimers()
      }
    },
  }
}

async function begin(startTrainer: StartTrainer = localTrainer): Promise<NonNullable<typeof services>> {
  services = makeServices(startTrainer)
  await services.holder.replace(lab.dataset)
  return services
}

const of = { model: 'template' } as const

async function enrolled(): Promise<void> {
  const { call, ended } = await begin()
  const firsts = [...(await recordingsOf(lab.dataset)).values()].map(([first]) => first)
  const job = await call('identify.enrol', { run: lab.run.id, ...of, recordings: firsts })
  expect(await ended(job)).toMatchObject({ kind: 'enrol', state: 'done' })
  await services?.close()
}

async function connect({ acquisition }: NonNullable<typeof services>, change: Record<string, unknown>): Promise<void> {
  await finished(acquisition.connect(AcquisitionSource.parse({ kind: 'demo', profile: 'cyton', ...change })))
}

describe('identify.*', () => {
  it('enrols and identifies as jobs, and removes', async () => {
    const { call, ended, events } = await begin()
    const people = await recordingsOf(lab.dataset)
    const first = [...people.values()].map(([one]) => one)
    const last = (people.get(SubjectCode.parse('S001')) ?? []).slice(-1)
    const enrol = await ended(await call('identify.enrol', { run: lab.run.id, ...of, recordings: first }))
    expect(enrol).toMatchObject({ kind: 'enrol', state: 'done', done: 1 })
    const gallery = await call('identify.gallery', { run: lab.run.id, ...of })
    expect(enrol.result).toEqual(gallery)
    expect(gallery.templates.map(({ subject }) => subject)).toEqual(['S001', 'S002', 'S003', 'S004', 'S005', 'S006'])
    expect(events.some(({ event, payload }) => event === 'runs.changed' && (payload as { id: string }).id === lab.run.id)).toBe(true)
    const identify = await ended(await call('identify.recording', { run: lab.run.id, ...of, recording: last[0], claim: 'S001' as SubjectCode }))
    expect(identify).toMatchObject({ kind: 'identify', state: 'done', result: { subject: 'S001', accepted: true, recording: last[0] } })
    const failed = await ended(await call('identify.recording', { run: lab.run.id, ...of, recording: last[0], claim: 'S077' as SubjectCode }))
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'template-not-found' } })
    const left = await call('identify.remove', { run: lab.run.id, ...of, subject: 'S003' as SubjectCode })
    expect(left.templates.map(({ subject }) => subject)).toEqual(['S001', 'S002', 'S004', 'S005', 'S006'])
    expect((await lab.dataset.audit.entries()).map(({ what }) => what)).toEqual(expect.arrayContaining(['identity.enrolled', 'identity.removed']))
  })

  it('ends a job at once when it is cancelled', async () => {
    const { call, ended, jobs } = await begin(() => ({ ...silentTrainer().child }))
    const job = await call('identify.enrol', { run: lab.run.id, ...of, recordings: [...(await recordingsOf(lab.dataset)).values()][0] })
    jobs.cancel(job.id)
    expect(await ended(job)).toMatchObject({ state: 'cancelled' })
  })
})

/** Polls until the live state is as wanted; ms of virtual time, in which inference takes as much real time as it needs. */
const waitingOn = (parts: NonNullable<typeof services>) => async (wanted: (live: LiveIdentification) => boolean, most: number): Promise<LiveIdentification> => {
  for (let ms = 0; ms < most; ms += 500) {
    const live = await parts.call('identify.liveState', {})
    if (wanted(live)) return live
    await pass(500)
  }
  throw new Error(`never: ${JSON.stringify(await parts.call('identify.liveState', {}))}`)
}

describe('identify.live', () => {
  it('knows who is on the electrodes, as the demo device puts people of the demo dataset there', async () => {
    await enrolled()
    useVirtualTime()
    const parts = await begin()
    await connect(parts, { seed: seedOf(1) })
    await pass(3000)
    const started = await finished(parts.call('identify.live', { run: lab.run.id, ...of, claim: 'S001' as SubjectCode, beats: 10 }))
    expect(started).toMatchObject({ state: 'starting', run: lab.run.id, model: 'template', claim: 'S001', lane: 'ch1', beats: 0, needed: 10, decision: null, error: null })
    await pass(20_000)
    const state = await parts.call('identify.liveState', {})
    expect(state).toMatchObject({ state: 'listening', beats: 10, decision: { subject: 'S001', beats: 10, accepted: true, recording: null } })
    // Beats are told as they come, and nothing is decided before there are enough.
    const told = parts.lives()
    expect(told.map((live) => live.state)).toEqual(['starting', ...told.slice(1).map(() => 'listening')])
    expect(told.every(({ beats, decision }) => (decision === null) === beats < 10)).toBe(true)
    expect(told.some(({ beats }) => beats > 0 && beats < 10)).toBe(true)
    expect(await parts.call('identify.stopLive', {})).toMatchObject({ state: 'off', decision: null })
    const after = parts.lives().length
    await pass(3000)
    expect(parts.lives().length).toBe(after)
  })

  it('calls somebody who is not enrolled by nobody else\'s name', async () => {
    await enrolled()
    useVirtualTime()
    const parts = await begin()
    await connect(parts, { seed: 77 })
    await finished(parts.call('identify.live', { run: lab.run.id, ...of, claim: 'S001' as SubjectCode, beats: 10 }))
    await pass(25_000)
    expect(await parts.call('identify.liveState', {})).toMatchObject({ state: 'listening', decision: { subject: null, accepted: false } })
  })

  it('forgets what it heard when the cable is pulled, and begins anew when it is back', async () => {
    await enrolled()
    useVirtualTime()
    const parts = await begin()
    await connect(parts, { seed: seedOf(1), faults: 'unplug=8000@20' })
    await finished(parts.call('identify.live', { run: lab.run.id, ...of, beats: 5 }))
    const when = waitingOn(parts)
    await when(({ decision }) => decision?.subject === 'S001', 18_000)
    expect(await when(({ beats }) => beats === 0, 40_000)).toMatchObject({ state: 'listening', decision: null })
    expect(await when(({ decision }) => decision !== null, 30_000)).toMatchObject({ state: 'listening', decision: { subject: 'S001' } })
  })

  it('hears of people who are removed and enrolled meanwhile', async () => {
    await enrolled()
    useVirtualTime()
    const parts = await begin()
    await connect(parts, { seed: seedOf(1) })
    await finished(parts.call('identify.live', { run: lab.run.id, ...of, beats: 5 }))
    const when = waitingOn(parts)
    await when(({ decision }) => decision?.subject === 'S001', 20_000)
    await parts.call('identify.remove', { run: lab.run.id, ...of, subject: 'S001' as SubjectCode })
    const others = await when(({ decision }) => decision !== null && !decision.candidates.some(({ subject }) => subject === 'S001'), 20_000)
    expect(others.decision?.candidates).toHaveLength(5)
    for (const subject of ['S002', 'S003', 'S004', 'S005', 'S006']) await parts.call('identify.remove', { run: lab.run.id, ...of, subject: subject as SubjectCode })
    expect(await when(({ state }) => state === 'failed', 20_000)).toMatchObject({ decision: null, error: { code: 'template-not-found' } })
  })

  it('refuses without a device, without people, and with a device that measures something else', async () => {
    await enrolled()
    const pulses = await finishedRun(lab.dataset, { windows: { lane: 'ppg', rateHz: 100 } })
    const { call, ended } = await begin()
    const people = await recordingsOf(lab.dataset)
    await expect(call('identify.live', { run: lab.run.id, ...of })).rejects.toMatchObject({ code: 'device-not-connected' })
    // Person 2 wears a HealthyPi 5, which has a light sensor.
    expect(await ended(await call('identify.enrol', { run: pulses.id, ...of, recordings: (people.get(SubjectCode.parse('S002')) ?? []).slice(0, 1) }))).toMatchObject({ state: 'done' })
    useVirtualTime()
    const parts = services ?? (await begin())
    await connect(parts, { seed: 1 })
    await expect(finished(call('identify.live', { run: pulses.id, ...of }))).rejects.toMatchObject({ code: 'lane-missing', data: { lane: 'ppg' } })
    await expect(finished(call('identify.live', { run: lab.run.id, ...of, claim: 'S055' as SubjectCode }))).rejects.toMatchObject({ code: 'template-not-found' })
    await expect(finished(call('identify.live', { run: lab.run.id, model: 'student' }))).rejects.toMatchObject({ code: 'model-not-found' })
    expect(await call('identify.liveState', {})).toMatchObject({ state: 'off' })
  })

  it('fails when the device is disconnected, and when the trainer ends', async () => {
    await enrolled()
    useVirtualTime()
    const trainer = silentTrainer()
    const parts = await begin(trainer.start)
    await connect(parts, { seed: 1 })
    await finished(parts.call('identify.live', { run: lab.run.id, ...of, beats: 5 }))
    await pass(1000)
    const blocks = trainer.sent.flatMap((message) => (message.type === 'samples' ? [message.block] : []))
    // Four times a second, every row once, and in the lane's unit.
    expect(blocks.length).toBeGreaterThanOrEqual(3)
    blocks.slice(1).forEach(({ firstRow }, k) => expect(firstRow).toBe(blocks[k].firstRow + blocks[k].samples.length))
    expect(Math.max(...blocks.flatMap(({ samples }) => [...samples].map(Math.abs)))).toBeLessThan(10)
    trainer.crash()
    expect(await parts.call('identify.liveState', {})).toMatchObject({ state: 'failed', error: { code: 'trainer-ended' } })
    expect(trainer.killed).toBe(1)

    await finished(parts.call('identify.live', { run: lab.run.id, ...of, beats: 5 }))
    await finished(parts.acquisition.disconnect())
    await pass(500)
    expect(await parts.call('identify.liveState', {})).toMatchObject({ state: 'failed', error: { code: 'device-not-connected' } })
    expect(trainer.killed).toBe(2)
  })

  it('ends with its process when another dataset is opened', async () => {
    await enrolled()
    useVirtualTime()
    const trainer = silentTrainer()
    const parts = await begin(trainer.start)
    await connect(parts, { seed: 1 })
    await finished(parts.call('identify.live', { run: lab.run.id, ...of }))
    // The lab's own dataset stays open for the tests after this one.
    vi.spyOn(lab.dataset, 'close').mockResolvedValueOnce()
    await finished(parts.holder.replace(null))
    expect(await parts.call('identify.liveState', {})).toMatchObject({ state: 'off' })
    expect(trainer.killed).toBe(1)
  })
})

/** A process that takes everything and says nothing. */
function silentTrainer() {
  const sent: ToTrainer[] = []
  let exit: (code: number | null, signal: string | null) => void = () => undefined
  const made = {
    sent, killed: 0,
    crash: () => exit(null, 'SIGSEGV'),
    child: null as unknown as TrainerChild,
    start: (): TrainerChild => made.child,
  }
  made.child = {
    send: (message) => void sent.push(message),
    onMessage: (_listener: (message: FromTrainer) => void) => undefined,
    onExit: (listener) => (exit = listener),
    kill: () => {
      made.killed++
      exit(null, 'SIGKILL')
    },
  }
  return made
}


import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { decodeViewFrame, SubjectCode, type Caller, type LabEmitter, type RecordingId } from '../src-main/contract/index.ts'
import { Dataset } from '../src-main/dataset/dataset.ts'
import { hostClock } from '../src-main/recording/clock.ts'
import { hostLinks } from '../src-main/recording/host-links.ts'
import { AcquisitionService } from '../src-main/services/acquisition-service.ts'
import { DatasetHolder } from '../src-main/services/dataset-holder.ts'
import { RecordService } from '../src-main/services/record-service.ts'
import { ViewService } from '../src-main/services/view-service.ts'
import { runInWorker } from '../src-main/services/worker-task.ts'

const program = process.env.PULSEPRINT_PROGRAM ?? resolve(import.meta.dirname, '../../bin/pulseprint.js')
const device = 'wide16'
const workerUrl = pathToFileURL(resolve(dirname(program), '../out/main/jobs.js'))
/** As in the app: read back in a thread of its own. */
const verify = ({ path }: Dataset, id: RecordingId): Promise<unknown> =>
  runInWorker(workerUrl, { kind: 'verify-recording', path, id }, { signal: new AbortController().signal, onProgress: () => undefined })
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** A window that draws every frame at once: decodes it and gives the credit back. */
class Viewer {
  frames = 0
  rows = 0
  dropped = 0
  readonly caller: Caller
  acknowledge: (sequence: number) => void = () => undefined

  constructor() {
    this.caller = {
      id: 1,
      emit: (_event, payload) => {
        const frame = decodeViewFrame(payload as unknown as Uint8Array)
        this.frames++
        this.rows += frame.rows
        this.dropped = frame.droppedFrames
        setImmediate(() => this.acknowledge(frame.sequence))
      },
      bufferedBytes: () => 0,
      onClose: () => undefined,
    }
  }
}

/**
 * 16 channels of 24 bit at 4 kHz from a simulator in its own process, through socat, a pseudo-terminal and the real serial driver, with a live
 * view beside it (benchmarks.md, record). CPU and event loop are this process's: the recorder's alone. `seconds`: 60 by default; `train`: a training run in processes of its own beside it.
 */
export async function run([secondsText, beside]: readonly string[] = []): Promise<void> {
  const seconds = Number(secondsText ?? 60)
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-bench-'))
  const path = join(folder, 'tty')
  const socat = spawn('socat', [`PTY,link=${path},raw,echo=0`, `EXEC:${process.execPath} ${program} simulate --device ${device} --source demo\\:1 --out -`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (let waited = 0; !existsSync(path) && waited < 10_000; waited += 50) await pause(50)
  try {
    const dataset = await Dataset.create(join(folder, 'lab'), { name: 'bench' })
    const training = beside === 'train' ? startTraining(folder) : null
    const result = await measure(dataset, path, seconds)
    await dataset.close()
    if (training) console.log(`training beside it: ${training()}`)
    for (const [name, value, goal] of result.table) console.log(`${name.padEnd(34)}${value.padStart(14)}   ${goal}`)
    console.log(JSON.stringify(result.json))
  } finally {
    socat.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  }
}

/** A dataset of synthetic people, and a run on it that takes longer than the recording. Returns what ends it and says how far it came. */
function startTraining(folder: string): () => string {
  const demo = join(folder, 'demo')
  const cli = (...words: string[]): void => void execFileSync(process.execPath, [program, ...words, '--dataset', demo], { stdio: 'ignore' })
  cli('demo')
  cli('analyse')
  cli('version', 'create', '--name', 'v1')
  cli('split', 'create', '--version', 'v1', '--name', 's1', '--strategy', 'leave-last-day-out')
  const child = spawn(process.execPath, [program, 'train', '--dataset', demo, '--split', 's1', '--preset', 'standard'], { stdio: 'ignore' })
  return () => {
    const runs = JSON.parse(execFileSync(process.execPath, [program, 'runs', '--dataset', demo, '--json']).toString()) as { runs: { id: string; state: string }[] }
    child.kill('SIGINT')
    const { epochs } = JSON.parse(execFileSync(process.execPath, [program, 'runs', runs.runs[0].id, '--dataset', demo, '--json']).toString()) as { epochs: { phase: string; epoch: number; windowsPerSecond: number }[] }
    const last = epochs.at(-1)
    return `${runs.runs[0].state}, ${last ? `${last.phase} epoch ${last.epoch}, ${Math.round(last.windowsPerSecond)} windows/s` : 'no epoch yet'}`
  }
}

async function measure(dataset: Dataset, path: string, seconds: number): Promise<{ table: [string, string, string][]; json: Record<string, unknown> }> {
  const code = SubjectCode.parse('S001')
  await dataset.subjects.add({ code, consent: 'granted' })
  const emitter: LabEmitter = { emit: () => undefined }
  const holder = new DatasetHolder()
  await holder.replace(dataset)
  const view = new ViewService()
  const acquisition = new AcquisitionService({ holder, emitter, clock: hostClock, linkFactory: hostLinks(hostClock), view })
  const record = new RecordService({ holder, emitter, clock: hostClock, acquisition, verify })
  const viewer = new Viewer()
  const context = { caller: viewer.caller, signal: new AbortController().signal }
  viewer.acknowledge = (sequence) => void view.handlers()['view.acknowledge']({ sequence }, context)
  void view.handlers()['view.subscribe']({ columns: 1600 }, context)
  await acquisition.connect({ kind: 'serial', path, profile: device, settings: {} })
  // Compiled, filters settled: what follows is the steady state.
  await pause(3000)
  await record.start({ subject: code, protocol: null, plannedSeconds: seconds, notes: '', operator: '', overrideReason: 'benchmark' })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const startNs = hostClock.monotonicNs()
  const framesBefore = viewer.frames
  const lags: number[] = []
  const sampler = setInterval(() => lags.push(record.durableLagSeconds() ?? 0), 50)
  await pause(seconds * 1000)
  clearInterval(sampler)
  const elapsed = (hostClock.monotonicNs() - startNs) / 1e9
  const used = process.cpuUsage(cpu)
  delay.disable()
  const frames = viewer.frames - framesBefore
  const finishing = monitorEventLoopDelay({ resolution: 1 })
  finishing.enable()
  const stopNs = hostClock.monotonicNs()
  const recording = await record.stop()
  finishing.disable()
  const finishSeconds = (hostClock.monotonicNs() - stopNs) / 1e9
  await acquisition.close()
  const json = {
    bench: 'record',
    seconds: elapsed,
    rows: recording.rows,
    lostRows: recording.lostRows,
    gaps: recording.gaps.length,
    ppm: recording.ppm,
    blockedP999Ms: delay.percentile(99.9) / 1e6,
    blockedMaxMs: delay.max / 1e6,
    finishingBlockedMaxMs: finishing.max / 1e6,
    durableLagMaxSeconds: Math.max(...lags),
    cpuPercent: ((used.user + used.system) / 1e6 / elapsed) * 100,
    framesPerSecond: frames / elapsed,
    droppedFrames: viewer.dropped,
    finishAndVerifySeconds: finishSeconds,
    memoryMegabytes: process.memoryUsage().rss / 1e6,
  }
  const table: [string, string, string][] = [
    ['rows of 16 lanes', String(json.rows), ''],
    ['lost rows', String(json.lostRows), 'goal 0'],
    ['event loop blocked, p99.9', `${json.blockedP999Ms.toFixed(1)} ms`, 'goal <= 20 ms'],
    ['event loop blocked, longest', `${json.blockedMaxMs.toFixed(1)} ms`, ''],
    ['durable lag, longest', `${json.durableLagMaxSeconds.toFixed(2)} s`, 'goal <= 1.3 s'],
    ['processor', `${json.cpuPercent.toFixed(1)} %`, 'goal <= 25 % of one core'],
    ['live frames', `${json.framesPerSecond.toFixed(1)} /s`, ''],
    ['finish, read back and verify', `${finishSeconds.toFixed(2)} s`, ''],
    ['blocked while finishing, longest', `${json.finishingBlockedMaxMs.toFixed(1)} ms`, 'goal <= 20 ms'],
    ['memory', `${json.memoryMegabytes.toFixed(0)} MB`, ''],
  ]
  return { table, json }
}

import { open } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { LabError, type DeviceSettings } from '../contract/index.ts'
import { fileError, nodeFiles } from '../dataset/files.ts'
import { configureDevice } from '../devices/registry.ts'
import { parseFaults } from '../devices/simulation/faults.ts'
import type { Delivery } from '../devices/simulation/line.ts'
import { Simulation } from '../devices/simulation/simulation.ts'
import { openSource } from './simulation-source.ts'
import { streamSimulation } from './stream-simulation.ts'
import { writeTruth } from './truth-file.ts'

export interface SimulateOptions {
  /** Profile id: `cyton`. */
  readonly device: string
  readonly settings?: DeviceSettings
  /** `demo:SEED[:SESSION]` or `wfdb:PATH/RECORD[:LABELS]`, see simulation-source.ts. */
  readonly source: string
  /** `null`: to the end of a replayed record; on a stream for ever. */
  readonly seconds: number | null
  /** Fault list, see devices/simulation/faults.ts. */
  readonly faults?: string
  /** Of faults and of what the board itself draws; `null`: 1. */
  readonly seed?: number | null
  readonly out: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stream'; readonly output: Writable; readonly input: Readable }
  /** NPZ file of what was really sampled and sent. */
  readonly truthPath?: string | null
  readonly signal?: AbortSignal
  /** Simulated seconds done, and in all. */
  readonly onProgress?: (done: number, total: number | null) => void
}

export interface SimulateResult {
  readonly bytes: number
  /** Rows sampled. */
  readonly rows: number
  readonly seconds: number
  /** Rows whose frames were delivered unaltered. */
  readonly sent: number
  /** The others. */
  readonly dropped: number
}

/** Simulated seconds computed between two writes to a file. */
const stepSeconds = 1

/**
 * Is a board. To a file: streams at once, as fast as the machine can, the same bytes for the same options. To a stream: in real time,
 * obeying the host's commands from `input`, until the time is over, the record ends, `signal` aborts or the reader goes away; the truth
 * file is written in every case.
 * @throws LabError `device-unknown`, `device-settings-invalid`, `source-invalid`, `fault-invalid`, `usage-invalid` (no length), file errors,
 * `cancelled` (file output only).
 */
export async function runSimulate(options: SimulateOptions): Promise<SimulateResult> {
  const { seconds, out, truthPath = null, signal } = options
  const configuration = configureDevice(options.device, options.settings ?? {})
  const faults = parseFaults(options.faults ?? '')
  const source = await openSource(options.source, configuration, nodeFiles)
  if (out.kind === 'file' && seconds === null && source.remainingRows === Infinity) {
    throw new LabError('usage-invalid', 'A synthetic person never ends: say how long with --seconds.', { option: 'seconds' })
  }
  const simulation = new Simulation({
    configuration, source, faults, seed: options.seed ?? 1, autostart: out.kind === 'file', keepTruth: truthPath !== null,
  })
  const saveTruth = async (): Promise<void> => {
    if (truthPath !== null) await writeTruth(nodeFiles, truthPath, simulation.truth())
  }
  const done =
    out.kind === 'file'
      ? await writeStream(simulation, out.path, options)
      : await streamSimulation({ simulation, output: out.output, input: out.input, seconds, signal, saveTruth })
  await saveTruth()
  return { ...done, rows: simulation.rows, sent: simulation.sent, dropped: simulation.rows - simulation.sent }
}

async function writeStream(simulation: Simulation, path: string, options: SimulateOptions): Promise<{ bytes: number; seconds: number }> {
  const limit = options.seconds ?? Infinity
  const file = await open(path, 'w').catch((thrown: unknown) => {
    throw fileError(thrown, path, 'write')
  })
  let bytes = 0
  let at = 0
  const write = async (deliveries: readonly Delivery[]): Promise<void> => {
    // `writeFile` on a handle goes on at its position and continues short writes.
    const joined = Buffer.concat(deliveries.map((delivery) => delivery.bytes))
    await file.writeFile(joined)
    bytes += joined.length
  }
  try {
    while (at < limit && !simulation.ended) {
      if (options.signal?.aborted) throw new LabError('cancelled', 'The simulation was cancelled.')
      at = Math.min(limit, at + stepSeconds)
      await write(simulation.advance(at * 1000))
      options.onProgress?.(at, limit === Infinity ? null : limit)
    }
    await write(simulation.finish())
    await file.close()
  } catch (thrown) {
    // Half a stream helps nobody; but what is not an ordinary file (a pipe, a device) is not ours to remove.
    const ordinary = await file.stat().then((found) => found.isFile(), () => false)
    await file.close().catch(() => undefined)
    if (ordinary) await nodeFiles.remove(path)
    throw fileError(thrown, path, 'write')
  }
  return { bytes, seconds: at }
}

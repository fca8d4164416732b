import type { Readable, Writable } from 'node:stream'
import type { Simulation } from '../devices/simulation/simulation.ts'
import { hostClock, type Clock } from '../recording/clock.ts'

export interface StreamOptions {
  readonly simulation: Simulation
  /** The board's bytes, to the host. */
  readonly output: Writable
  /** The host's commands. */
  readonly input: Readable
  /** `null`: until something else ends it. */
  readonly seconds: number | null
  readonly signal?: AbortSignal
  /** Called now and then while the truth is small, so that even a killed process leaves one. */
  readonly saveTruth: () => Promise<void>
  readonly clock?: Clock
}

const tickMs = 10
const saveEveryMs = 5000
/** Beyond this writing the truth again and again would cost more than it is worth. */
const mostRowsToSave = 200_000
/** A reader that is this far behind has stopped reading: a real port would overrun. */
const mostWaitingBytes = 4 << 20

/**
 * Plays a simulation in real time. Ends without an error after `seconds`, at the end of a replayed record, on `signal`, when the reader
 * of `output` goes away, and when the commands end before any has started the board.
 */
export function streamSimulation(options: StreamOptions): Promise<{ bytes: number; seconds: number }> {
  const { simulation, output, input, seconds, signal, saveTruth, clock = hostClock } = options
  const startNs = clock.monotonicNs()
  const limitMs = (seconds ?? Infinity) * 1000
  let bytes = 0
  let savedMs = 0
  let saving: Promise<void> = Promise.resolve()
  let commandsEnded = false
  const nowMs = (): number => Math.min(limitMs, (clock.monotonicNs() - startNs) / 1e6)

  // A pipe has no modem lines: whoever reads it counts as asserting DTR.
  simulation.setDtr(true, 0)
  return new Promise((resolve, reject) => {
    let ended = false
    const command = (chunk: Uint8Array): void => simulation.receive(chunk, nowMs())
    const commandsEnd = (): void => {
      commandsEnded = true
    }
    const end = (error?: unknown): void => {
      if (ended) return
      ended = true
      clearInterval(timer)
      signal?.removeEventListener('abort', stop)
      process.removeListener('SIGHUP', stop)
      input.removeListener('data', command)
      input.removeListener('end', commandsEnd)
      // An open stdin would keep the process alive.
      input.pause()
      const played = nowMs() / 1000
      saving.then(() => (error === undefined ? resolve({ bytes, seconds: played }) : reject(error)), reject)
    }
    const stop = (): void => end()
    const tick = (): void => {
      const now = nowMs()
      const over = now >= limitMs || simulation.ended
      for (const delivery of [...simulation.advance(now), ...(over ? simulation.finish() : [])]) {
        if (output.writableLength > mostWaitingBytes) {
          simulation.lose(delivery)
          continue
        }
        output.write(delivery.bytes)
        bytes += delivery.bytes.length
      }
      if (over) return output.writableLength > 0 ? void output.write('', () => end()) : end()
      if (commandsEnded && !simulation.streaming) return end()
      if (now - savedMs < saveEveryMs || simulation.rows > mostRowsToSave) return
      savedMs = now
      saving = saving.then(saveTruth)
      saving.catch(end)
    }
    const timer = setInterval(tick, tickMs)
    // The reader closing its end (EPIPE, ECONNRESET) is how a host unplugs this board: an end, not a failure. The listener stays, since
    // writes that are still on their way fail after it.
    output.on('error', stop)
    output.once('close', stop)
    input.on('data', command)
    input.once('end', commandsEnd)
    input.on('error', commandsEnd)
    signal?.addEventListener('abort', stop, { once: true })
    process.once('SIGHUP', stop)
    if (signal?.aborted) stop()
  })
}

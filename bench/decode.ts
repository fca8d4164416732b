import { fork } from 'node:child_process'
import { configureDevice, deviceProfiles, deviceProtocol } from '../src-main/devices/registry.ts'
import { createPersonSource } from '../src-main/devices/simulation/person.ts'
import { Random } from '../src-main/devices/simulation/random.ts'
import { Simulation } from '../src-main/devices/simulation/simulation.ts'

/** Bytes that are decoded per measurement, and the size of the chunks: what a busy serial port hands over at a time. */
const streamBytes = 8 << 20
const chunkBytes = 16 << 10
/** A measurement is the best of so many processes, most of a minute apart, with so many passes each: the others had company on the machine. */
const rounds = 3
const passes = 4
const corruptedShare = 0.01

/** What one process found; best of its passes. */
interface Times {
  readonly cleanSeconds: number
  readonly corruptedSeconds: number
  readonly halfCorruptedSeconds: number
  readonly rows: number
}

interface Line {
  readonly profile: string
  readonly cleanMegabytesPerSecond: number
  readonly corruptedMegabytesPerSecond: number
  readonly millionRowsPerSecond: number
  /** Time for corrupted bytes twice as long over that for once: 2 when linear. */
  readonly doubling: number
}

/** What a board sends while it measures a synthetic person, repeated to `streamBytes`. */
function boardStream(profile: string): Uint8Array {
  const configuration = configureDevice(profile)
  const source = createPersonSource(configuration, { seed: 1 })
  const simulation = new Simulation({ configuration, source, autostart: true, keepTruth: false })
  // A whole number of seconds and of counter wraps is not needed: a seam every few thousand frames costs nothing.
  const parts: Uint8Array[] = []
  let length = 0
  for (let second = 1; second <= 60 && length < streamBytes; second++) {
    for (const { bytes } of simulation.advance(second * 1000)) {
      parts.push(bytes)
      length += bytes.length
    }
  }
  const once = Buffer.concat(parts)
  const stream = new Uint8Array(streamBytes)
  for (let at = 0; at < streamBytes; at += once.length) stream.set(once.subarray(0, Math.min(once.length, streamBytes - at)), at)
  return stream
}

function corrupted(stream: Uint8Array): Uint8Array {
  const random = new Random(1)
  const bytes = stream.slice()
  for (let at = 0; at < bytes.length; at++) if (random.uniform() < corruptedShare) bytes[at] = random.integer(256)
  return bytes
}

/** Seconds of one pass over `stream`, and the rows found. */
function decode(profile: string, stream: Uint8Array): { seconds: number; rows: number } {
  const configuration = configureDevice(profile)
  const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
  let rows = 0
  const start = performance.now()
  for (let at = 0; at < stream.length; at += chunkBytes) rows += decoder.feed(stream.subarray(at, at + chunkBytes), at).rows
  rows += decoder.end().rows
  const seconds = (performance.now() - start) / 1000
  if (decoder.bytesIn !== decoder.bytesInFrames + decoder.bytesSkipped) throw new Error(`${profile} does not account for every byte`)
  return { seconds, rows }
}

function measure(profile: string): Times {
  const stream = boardStream(profile)
  const damaged = corrupted(stream)
  const halfDamaged = damaged.subarray(0, damaged.length / 2)
  // The first passes compile the decoder; they are not measured.
  decode(profile, damaged.subarray(0, damaged.length / 8))
  let best: Times | null = null
  for (let pass = 0; pass < passes; pass++) {
    const { seconds: cleanSeconds, rows } = decode(profile, stream)
    const { seconds: corruptedSeconds } = decode(profile, damaged)
    const { seconds: halfCorruptedSeconds } = decode(profile, halfDamaged)
    best = faster(best, { cleanSeconds, corruptedSeconds, halfCorruptedSeconds, rows })
  }
  if (!best) throw new Error('A measurement needs a pass')
  return best
}

function faster(one: Times | null, other: Times): Times {
  if (!one) return other
  return {
    cleanSeconds: Math.min(one.cleanSeconds, other.cleanSeconds),
    corruptedSeconds: Math.min(one.corruptedSeconds, other.corruptedSeconds),
    halfCorruptedSeconds: Math.min(one.halfCorruptedSeconds, other.halfCorruptedSeconds),
    rows: other.rows,
  }
}

function lineOf(profile: string, times: Times): Line {
  const megabytes = streamBytes / 1e6
  return {
    profile,
    cleanMegabytesPerSecond: megabytes / times.cleanSeconds,
    corruptedMegabytesPerSecond: megabytes / times.corruptedSeconds,
    millionRowsPerSecond: times.rows / times.cleanSeconds / 1e6,
    doubling: times.corruptedSeconds / times.halfCorruptedSeconds,
  }
}

/** Measures in a process of its own, as a board is decoded in use: with other boards' decoders before it, calls that the compiler would inline stay calls. */
function measureApart(profile: string): Promise<Times> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [profile])
    child.once('message', (times) => resolve(times as Times))
    child.once('error', reject)
    child.once('exit', (status) => reject(new Error(`The measurement of ${profile} ended with ${status}`)))
  })
}

/** Bytes per second of every decoder, clean and with 1 % of the bytes replaced (benchmarks.md, decode). `names`: profiles; all by default. */
export async function run(names: readonly string[] = []): Promise<void> {
  const profiles = deviceProfiles().map((profile) => profile.id).filter((id) => names.length === 0 || names.includes(id))
  const best = new Map<string, Times>()
  for (let round = 0; round < rounds; round++) {
    for (const profile of profiles) best.set(profile, faster(best.get(profile) ?? null, await measureApart(profile)))
  }
  const lines = [...best].map(([profile, times]) => lineOf(profile, times))
  console.log(`${'profile'.padEnd(24)}${'clean MB/s'.padStart(12)}${'1 % bad MB/s'.padStart(14)}${'Mrows/s'.padStart(10)}${'x2 bytes'.padStart(10)}`)
  for (const line of lines) {
    console.log(
      line.profile.padEnd(24) + line.cleanMegabytesPerSecond.toFixed(0).padStart(12) + line.corruptedMegabytesPerSecond.toFixed(0).padStart(14) +
        line.millionRowsPerSecond.toFixed(2).padStart(10) + `${line.doubling.toFixed(2)} x`.padStart(10),
    )
  }
  console.log(JSON.stringify({ bench: 'decode', streamBytes, chunkBytes, corruptedShare, profiles: lines }))
}

// As the child of `measureApart` this file is the program itself.
if (process.send && process.argv[1] === import.meta.filename) process.send(measure(process.argv[2]))

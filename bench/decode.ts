import { configureDevice, deviceProfiles, deviceProtocol } from '../src-main/devices/registry.ts'
import { createPersonSource } from '../src-main/devices/simulation/person.ts'
import { Random } from '../src-main/devices/simulation/random.ts'
import { Simulation } from '../src-main/devices/simulation/simulation.ts'

/** Bytes that are decoded per measurement, and the size of the chunks: what a busy serial port hands over at a time. */
const streamBytes = 8 << 20
const chunkBytes = 16 << 10
/** A measurement is the best of this many passes: the others had company on the machine. */
const passes = 5
const corruptedShare = 0.01

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

/** Seconds to decode `stream`, and the rows found. */
function decode(profile: string, stream: Uint8Array): { seconds: number; rows: number } {
  const configuration = configureDevice(profile)
  let best = Infinity
  let rows = 0
  for (let pass = 0; pass < passes; pass++) {
    const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
    rows = 0
    const start = performance.now()
    for (let at = 0; at < stream.length; at += chunkBytes) rows += decoder.feed(stream.subarray(at, at + chunkBytes), at).rows
    rows += decoder.end().rows
    best = Math.min(best, performance.now() - start)
    if (decoder.bytesIn !== decoder.bytesInFrames + decoder.bytesSkipped) throw new Error(`${profile} does not account for every byte`)
  }
  return { seconds: best / 1000, rows }
}

function measure(profile: string): Line {
  const stream = boardStream(profile)
  const damaged = corrupted(stream)
  const megabytes = stream.length / 1e6
  // The first passes compile the decoder; they are not measured.
  decode(profile, damaged.subarray(0, damaged.length / 8))
  const clean = decode(profile, stream)
  const dirty = decode(profile, damaged)
  const half = decode(profile, damaged.subarray(0, damaged.length / 2))
  return {
    profile,
    cleanMegabytesPerSecond: megabytes / clean.seconds,
    corruptedMegabytesPerSecond: megabytes / dirty.seconds,
    millionRowsPerSecond: clean.rows / clean.seconds / 1e6,
    doubling: dirty.seconds / half.seconds,
  }
}

/** Bytes per second of every decoder, clean and with 1 % of the bytes replaced (benchmarks.md, decode). `names`: profiles; all by default. */
export async function run(names: readonly string[] = []): Promise<void> {
  const profiles = deviceProfiles().map((profile) => profile.id).filter((id) => names.length === 0 || names.includes(id))
  console.log(`${'profile'.padEnd(24)}${'clean MB/s'.padStart(12)}${'1 % bad MB/s'.padStart(14)}${'Mrows/s'.padStart(10)}${'x2 bytes'.padStart(10)}`)
  const lines: Line[] = []
  for (const profile of profiles) {
    const line = measure(profile)
    lines.push(line)
    console.log(
      line.profile.padEnd(24) + line.cleanMegabytesPerSecond.toFixed(0).padStart(12) + line.corruptedMegabytesPerSecond.toFixed(0).padStart(14) +
        line.millionRowsPerSecond.toFixed(2).padStart(10) + `${line.doubling.toFixed(2)} x`.padStart(10),
    )
    await new Promise((resolve) => setImmediate(resolve))
  }
  console.log(JSON.stringify({ bench: 'decode', streamBytes, chunkBytes, corruptedShare, profiles: lines }))
}

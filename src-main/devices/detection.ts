import { noValue, type DetectionEvidence, type DeviceConfiguration } from '../contract/index.ts'
import type { RowBlock, SkippedSpan } from './decoder.ts'
import { deviceProtocol } from './registry.ts'

/** First bytes shown to a person. */
const sampleBytes = 32

/**
 * How well `bytes`, heard in `seconds` at `baudRate` without sending anything, fit each candidate; best first, equals in the order given.
 * The score is (share of bytes in frames or text) squared x the root of (frames per second over expected, or its inverse where more came
 * than expected) x plausibility, 0..1. Bytes that do not fit speak against a board; a rate that does not fit may only mean that the host
 * was late. Samples outside a lane's range and lanes that never change speak for another board's layout of the same length.
 * Candidates with the same bytes on the wire (Cyton with and without Daisy) score the same: a person must choose.
 * @example scoreProfiles(twoSecondsOfCyton, 2, 115200, candidates)[0] // { profile: 'cyton', framesPerSecond: 250, score: 1.0, ... }
 */
export function scoreProfiles(
  bytes: Uint8Array, seconds: number, baudRate: number, candidates: readonly DeviceConfiguration[],
): DetectionEvidence[] {
  const sample = hexSample(bytes)
  return candidates
    .map((configuration) => ({ ...listen(bytes, seconds, configuration), baudRate, sample }))
    .sort((a, b) => b.score - a.score)
}

function listen(bytes: Uint8Array, seconds: number, configuration: DeviceConfiguration): Omit<DetectionEvidence, 'baudRate' | 'sample'> {
  const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
  const block = decoder.feed(bytes, 0)
  const frames = configuration.frameBytes === null ? block.rows / configuration.rowsPerFrame : decoder.bytesInFrames / configuration.frameBytes
  const framesPerSecond = seconds > 0 ? frames / seconds : 0
  const expectedFramesPerSecond = configuration.rateHz / configuration.rowsPerFrame
  const skippedRatio = bytes.length > 0 ? skippedBytes(block.skips) / bytes.length : 0
  const rateFit = framesPerSecond > 0 ? Math.min(framesPerSecond / expectedFramesPerSecond, expectedFramesPerSecond / framesPerSecond) : 0
  return {
    profile: configuration.profile,
    bytes: bytes.length,
    framesPerSecond,
    expectedFramesPerSecond,
    skippedRatio,
    score: Math.sqrt(rateFit) * (1 - skippedRatio) ** 2 * plausibility(block, configuration),
  }
}

/** A lane that never changes is rare on a real converter but possible (an electrode off), so all of them together cost no more than this. */
const constantLanesCost = 0.2

function plausibility(block: RowBlock, { lanes }: DeviceConfiguration): number {
  if (block.rows === 0) return 1
  let samples = 0
  let inRange = 0
  let constantLanes = 0
  lanes.forEach((lane, index) => {
    const seen = new Set<number>()
    for (let row = 0; row < block.rows; row++) {
      const count = block.counts[row * lanes.length + index]
      if (count === noValue) continue
      samples += 1
      if (count >= lane.minimum && count <= lane.maximum) inRange += 1
      if (seen.size < 2) seen.add(count)
    }
    if (seen.size < 2) constantLanes += 1
  })
  return samples === 0 ? 0 : (inRange / samples) * (1 - (constantLanesCost * constantLanes) / lanes.length)
}

/** Boot text speaks neither for nor against a board. */
function skippedBytes(skips: readonly SkippedSpan[]): number {
  return skips.reduce((sum, skip) => (skip.reason === 'text' || skip.reason === 'reply' ? sum : sum + skip.length), 0)
}

function hexSample(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  const first = [...bytes.subarray(0, sampleBytes)]
  const hex = first.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')
  return `${hex}  |${first.map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.')).join('')}|`
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f
}

interface SyncMark {
  readonly board: string
  readonly mark: readonly number[]
}

/** Frame beginnings by which boards can be recognised whatever their settings (see the protocol of each). */
const syncMarks: readonly SyncMark[] = [
  { board: 'ProtoCentral OpenView boards (HealthyPi and others)', mark: [0x0a, 0xfa] },
  { board: 'Chords boards', mark: [0xc7, 0x7c] },
  { board: 'OpenEEG and Olimex shields', mark: [0xa5, 0x5a] },
  { board: 'NeuroSky ThinkGear modules', mark: [0xaa, 0xaa] },
]

/**
 * What received bytes look like, in a sentence or two for the error "this is not the board you chose".
 * @example describeBytes(new Uint8Array(500)) // 'All 500 bytes are 00: ...'
 */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'Nothing was received.'
  const counts = new Uint32Array(256)
  for (const byte of bytes) counts[byte] += 1
  if (counts[bytes[0]] === bytes.length && bytes.length > 1) {
    const value = bytes[0].toString(16).toUpperCase().padStart(2, '0')
    return `All ${bytes.length} bytes are ${value}: the line is stuck, or the board's baud rate is very different.`
  }
  return textWords(bytes, counts) ?? cytonWords(bytes) ?? markWords(bytes) ?? baudWords(bytes, counts)
}

function textWords(bytes: Uint8Array, counts: Uint32Array): string | null {
  let printable = counts[0x09] + counts[0x0a] + counts[0x0d]
  for (let byte = 0x20; byte < 0x7f; byte++) printable += counts[byte]
  // Damage and a torn first line may cost a few bytes.
  if (printable < 0.95 * bytes.length) return null
  const text = String.fromCharCode(...bytes.subarray(0, 400)).replace(/[^\x20-\x7e]+/g, ' / ')
  const isNumbers = /^[-+\d.,;:\s/!]*$/.test(text)
  const shown = text.replace(/^[ /]+/, '').slice(0, 60).trimEnd()
  return isNumbers ? `These are lines of numbers as text: "${shown}".` : `This is readable text: "${shown}".`
}

function cytonWords(bytes: Uint8Array): string | null {
  let packets = 0
  for (let at = 0; at + 66 <= bytes.length; at++) {
    const isPacket = bytes[at] === 0xa0 && bytes[at + 33] === 0xa0 && (bytes[at + 32] & 0xf0) === 0xc0
    if (isPacket && bytes[at + 34] === ((bytes[at + 1] + 1) & 255)) packets += 1
  }
  return packets >= 3 ? `It looks like an OpenBCI Cyton: ${packets} packets (A0 ... C0) that count on were seen.` : null
}

function markWords(bytes: Uint8Array): string | null {
  const seen = syncMarks
    .map(({ board, mark }) => ({ board, mark, times: timesFound(bytes, mark) }))
    .sort((a, b) => b.times - a.times)[0]
  // A mark of two bytes is found by chance once in 65536.
  if (seen.times < 5 || seen.times < (20 * bytes.length) / 65536) return null
  const mark = seen.mark.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')
  return `The frame mark ${mark} of ${seen.board} was seen ${seen.times} times in ${bytes.length} bytes.`
}

function timesFound(bytes: Uint8Array, mark: readonly number[]): number {
  let times = 0
  for (let at = 0; at + mark.length <= bytes.length; at++) if (mark.every((byte, i) => bytes[at + i] === byte)) times += 1
  return times
}

/** Bytes of one long level change: what a UART reads from a line whose bits are several times longer than it expects. */
const stretchedBits = [0x00, 0x80, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc, 0xfe, 0xff, 0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f]

function baudWords(bytes: Uint8Array, counts: Uint32Array): string {
  const stretched = stretchedBits.reduce((sum, byte) => sum + counts[byte], 0)
  // 16 of 256 values: 6 % of random bytes. Zero bytes are common in frames too, hence the high limit.
  if (stretched > 0.6 * bytes.length && counts[0] < 0.5 * bytes.length) {
    return 'Most bytes are long runs of equal bits: the board is probably slower than the chosen baud rate.'
  }
  const zeros = Math.round((100 * counts[0]) / bytes.length)
  const zeroWords = zeros >= 20 ? `, ${zeros} % of them zeros` : ''
  return `${bytes.length} bytes without a frame mark that is known${zeroWords}: another board, other settings, or a wrong baud rate.`
}

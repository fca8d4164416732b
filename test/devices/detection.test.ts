import { describe, expect, it } from 'vitest'
import { describeBytes, scoreProfiles } from '../../src-main/devices/detection.ts'
import type { BoardStatus } from '../../src-main/devices/protocol.ts'
import { configureDevice, deviceProfiles, deviceProtocol } from '../../src-main/devices/registry.ts'
import { concatBytes } from './decode-all.ts'

const calm: BoardStatus = { leadOff: false, heartRateBpm: 72, spo2Percent: 98, respirationBpm: 16, temperatureCelsius: 36.5 }
const profiles = ['healthypi5', 'healthypi5-ov3', 'healthypi4', 'ads1292r', 'ads1293', 'afe4490', 'max86150', 'max30003', 'max30003-old', 'cyton', 'cyton-daisy']
const candidates = profiles.map((profile) => configureDevice(profile))

/** A park-miller sequence: bytes without any pattern. */
function noise(length: number): Uint8Array {
  let state = 12345
  return Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) & 255)
}

function twoSeconds(profile: string): Uint8Array {
  const configuration = configureDevice(profile)
  const board = deviceProtocol(configuration.protocol).createBoard(configuration, 1)
  board.startStreaming()
  const rows = Array.from({ length: 2 * configuration.rateHz }, (_, row) =>
    board.row(Int32Array.from(configuration.lanes, (lane, i) => Math.round((lane.minimum + lane.maximum) / 2 + (lane.maximum - lane.minimum) * 0.1 * Math.sin(row / 9 + i))), calm).bytes,
  )
  // Listening begins in the middle of a frame.
  return concatBytes(...rows).slice(5)
}

describe('passive detection', () => {
  it.each(profiles.filter((profile) => profile !== 'cyton-daisy'))('finds %s among all', (profile) => {
    const [best, second] = scoreProfiles(twoSeconds(profile), 2, 115200, candidates)
    expect(best.profile).toBe(profile)
    expect(best.score).toBeGreaterThan(0.9)
    expect(best.framesPerSecond / best.expectedFramesPerSecond).toBeGreaterThan(0.95)
    // Only the old MAX30003 sketch also passes for an ADS1293: equal lengths, and one "channel" that is always zero.
    // A Cyton looks the same with and without its Daisy.
    if (profile === 'cyton') expect(second.profile).toBe('cyton-daisy')
    else expect(second.score).toBeLessThan(best.score)
  })

  it.each(deviceProfiles().map((profile) => profile.id))('ranks no board above %s on its own bytes, of all boards there are', (profile) => {
    const everything = deviceProfiles().map((known) => configureDevice(known.id))
    const evidence = scoreProfiles(twoSeconds(profile), 2, 115200, everything)
    const own = evidence.find((entry) => entry.profile === profile)
    expect(own?.score).toBeGreaterThan(0.9)
    // Equals are boards whose bytes are the same: Cyton and its Daisy, two Chords boards of 3 channels.
    expect(evidence[0].score - (own?.score ?? 0)).toBeLessThan(0.005)
  })

  it('gives evidence for every candidate, and none a score for noise or silence', () => {
    for (const bytes of [noise(20_000), new Uint8Array(0)]) {
      const evidence = scoreProfiles(bytes, 2, 57600, candidates)
      expect(evidence.map((entry) => entry.profile)).toEqual(profiles)
      expect(evidence.every((entry) => entry.score === 0 && entry.bytes === bytes.length && entry.baudRate === 57600)).toBe(true)
    }
  })

  it('trusts whole frames more than their rate: a late host does not make the board another', () => {
    const bytes = twoSeconds('healthypi5')
    for (const seconds of [0.25, 16]) {
      const [best, second] = scoreProfiles(bytes, seconds, 115200, candidates)
      expect(best.profile).toBe('healthypi5')
      expect(best.score).toBeGreaterThan(0.3)
      expect(second.score).toBeLessThan(best.score)
    }
    // As many bytes that do not fit as do cost more than half.
    const torn = concatBytes(...Array.from({ length: 100 }, (_, i) => concatBytes(bytes.subarray(i * 150, (i + 1) * 150), noise(150))))
    expect(scoreProfiles(torn, 2, 115200, candidates)[0].score).toBeLessThan(0.5)
  })

  it('does not count boot text against a board, and shows the first bytes', () => {
    const text = new TextEncoder().encode('Initiliziation is done\r\n')
    const [best] = scoreProfiles(concatBytes(text, twoSeconds('afe4490').slice(12)), 2, 57600, candidates)
    expect(best).toMatchObject({ profile: 'afe4490', skippedRatio: 0 })
    expect(best.sample).toMatch(/^49 6E 69 74 69 6C 69 7A 69 61 74 69 6F 6E 20 69 73 20 64 6F 6E 65 0D 0A 0A FA 0A 00 02 .. .. ..  \|Initiliziation is done.{10}\|$/)
  })
})

describe('bytes in words', () => {
  const text = (words: string): Uint8Array => new TextEncoder().encode(words)
  it.each([
    ['silence', new Uint8Array(0), /Nothing was received/],
    ['a stuck line', new Uint8Array(500), /All 500 bytes are 00/],
    ['sentences', text('Waiting for sensor...\r\nWaiting for sensor...\r\n'), /readable text: "Waiting for sensor/],
    ['numbers', text('512,600\r\n513,601\r\n514,602\r\n'), /lines of numbers as text: "512,600/],
    ['an OpenView board', twoSeconds('afe4490'), /0A FA of ProtoCentral OpenView .* 199 times/],
    ['a Cyton', twoSeconds('cyton'), /OpenBCI Cyton/],
    ['a slower line', Uint8Array.from({ length: 400 }, (_, i) => [0xf8, 0x00, 0xe0, 0xff, 0x80, 0xfe, 0x1f][i % 7]), /slower than the chosen baud rate/],
    ['noise', noise(2000), /2000 bytes without a frame mark that is known/],
  ])('recognises %s', (_name, bytes, words) => {
    expect(describeBytes(bytes)).toMatch(words)
  })
})

import { describe, expect, test } from 'vitest'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { parseFaults } from '../../src-main/devices/simulation/faults.ts'
import { createPersonSource } from '../../src-main/devices/simulation/person.ts'
import { Simulation } from '../../src-main/devices/simulation/simulation.ts'
import type { Truth } from '../../src-main/devices/simulation/truth.ts'
import { Timeline } from '../../src-main/recording/timeline.ts'

interface Outcome {
  readonly truth: Truth
  readonly timeline: Timeline
  /** Per placed row: the truth's row with the same counts, in order; -1 where none fits; `null` where missing. */
  readonly placed: (number | null)[]
  readonly counts: readonly Int32Array[]
  readonly lanes: number
}

/** A simulated board's bytes through its decoder and the timeline, compared with what the simulator says that it sent. */
function record(profile: string, faults: string, seconds: number, seed = 3): Outcome {
  const configuration = configureDevice(profile)
  const lanes = configuration.lanes.length
  const source = createPersonSource({ lanes: configuration.lanes, rateHz: configuration.rateHz }, { seed, session: 1 })
  const simulation = new Simulation({ configuration, source, faults: parseFaults(faults), seed, autostart: true })
  const timeline = new Timeline(configuration)
  let decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
  const rows: Int32Array[] = []
  const drain = (): void => {
    for (let part = timeline.take(); part; part = timeline.take()) {
      for (let row = 0; row < part.rows; row += 1) rows.push(part.counts.subarray(row * lanes, (row + 1) * lanes))
    }
  }
  let lastNs = 0
  let plugged = true
  for (let ms = 0; ms <= seconds * 1000; ms += 2) {
    for (const { atMs, bytes } of simulation.advance(ms)) {
      lastNs = Math.round(atMs * 1e6) + 1e9
      timeline.push(decoder.feed(bytes, lastNs))
    }
    if (plugged && !simulation.plugged) {
      timeline.push({ ...decoder.end(), hostNs: lastNs })
      timeline.reconnect()
      decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
    }
    plugged = simulation.plugged
    drain()
  }
  timeline.push({ ...decoder.end(), hostNs: lastNs })
  timeline.flush()
  drain()
  const truth = simulation.truth()
  let next = 0
  const placed = rows.map((row) => {
    if (row.every((count) => count === -2147483648)) return null
    while (next < truth.rows && truth.sent[next] === 0) next += 1
    const same = row.every((count, lane) => count === truth.counts[next * lanes + lane])
    next += 1
    return same ? next - 1 : -1
  })
  return { truth, timeline, placed, counts: rows, lanes }
}

/** Largest distance of a placed row from its place in the truth; Infinity when a row is not what was sent. */
function shift({ placed }: Outcome): number {
  const first = placed.find((row) => row !== null) ?? 0
  return Math.max(...placed.map((row, index) => (row === null ? 0 : row < 0 ? Number.POSITIVE_INFINITY : Math.abs(row - first - index))))
}

const counted = ['cyton', 'cyton-daisy', 'bitalino', 'shimmer3-exg-ppg', 'chords-uno-r4', 'olimex-ekg-emg', 'wide16']
const uncounted = ['healthypi5', 'ads1292r', 'max86150', 'bmd101']

describe.each(counted)('simulated %s', (profile) => {
  test('every sample that was sent is there, at its place', () => {
    const outcome = record(profile, 'ppm=60,jitter=3', 8)
    expect(shift(outcome)).toBe(0)
    expect(outcome.timeline.gaps).toEqual([])
    expect(outcome.placed.length).toBeGreaterThan(7.9 * configureDevice(profile).rateHz)
  })

  test('small losses in batches and stalls are certain gaps where the truth says', () => {
    const outcome = record(profile, 'drop=5@3,stall=400@4,drop=3@6,jitter=2', 9)
    expect(shift(outcome)).toBe(0)
    expect(outcome.timeline.gaps.map((gap) => `${gap.to - gap.from} ${gap.certainty}`)).toEqual(['5 certain', '3 certain'])
  })

  test('a loss beyond the wrap of the counter has its true length', () => {
    const { rateHz } = configureDevice(profile)
    const rows = Math.round(rateHz * 1.7)
    const outcome = record(profile, `drop=${rows}@4,jitter=2`, 12)
    expect(shift(outcome)).toBe(0)
    expect(outcome.timeline.gaps.map((gap) => gap.to - gap.from)).toEqual([rows])
  })

  test('unplugged for two seconds: one gap, nothing twice', () => {
    const { rateHz } = configureDevice(profile)
    const outcome = record(profile, 'unplug=2000@5,jitter=1', 12)
    expect(outcome.timeline.gaps).toMatchObject([{ certainty: 'estimated', cause: 'unplugged' }])
    expect(outcome.placed).not.toContain(-1)
    expect(shift(outcome)).toBeLessThanOrEqual(Math.ceil(rateHz * 0.004))
  })

  test('a restart is a gap estimated by the clock', () => {
    const outcome = record(profile, 'restart=700@5,jitter=1', 12)
    expect(outcome.placed).not.toContain(-1)
    expect(outcome.timeline.gaps.length).toBeGreaterThan(0)
    expect(outcome.timeline.gaps.every((gap) => gap.certainty === 'estimated')).toBe(true)
    const { rateHz } = configureDevice(profile)
    expect(Math.abs(outcome.timeline.lostRows - 0.7 * rateHz)).toBeLessThanOrEqual(rateHz * 0.02 + 2)
  })
})

describe.each(uncounted)('simulated %s, without a counter', (profile) => {
  test('every sample that was sent is there, and it is not called loss-free', () => {
    const outcome = record(profile, 'ppm=60,jitter=3', 10)
    expect(shift(outcome)).toBe(0)
    expect(outcome.timeline.gaps).toEqual([])
    expect(outcome.timeline.lossCertainty).toBe('unknown')
  })

  test('silent losses are found within a row or two; stalls are none', () => {
    const outcome = record(profile, 'drop=12@5,stall=400@8,jitter=1', 12)
    expect(outcome.placed).not.toContain(-1)
    expect(outcome.timeline.gaps).toMatchObject([{ certainty: 'estimated' }])
    expect(shift(outcome)).toBeLessThanOrEqual(Math.max(1, Math.ceil(configureDevice(profile).rateHz * 0.002)))
  })
})

/** Rows that are not what the truth has at their place, among rows that left the board unaltered: none may be shifted or invented. */
function misplaced(profile: string, faults: string, seconds: number): { wrong: number; missing: number; altered: number; gaps: number } {
  const { truth, timeline, counts, lanes } = record(profile, faults, seconds, 5)
  const same = (row: number, at: number): boolean => counts[row].every((count, lane) => count === truth.counts[at * lanes + lane])
  let first = 0
  while (!same(0, first)) first += 1
  let [wrong, missing] = [0, 0]
  for (const [row, values] of counts.entries()) {
    if (values.every((count) => count === -2147483648)) missing += 1
    else if (row + first >= truth.rows || (truth.sent[row + first] === 1 && !same(row, row + first))) wrong += 1
  }
  return { wrong, missing, altered: truth.sent.reduce((sum, sent) => sum + 1 - sent, 0), gaps: timeline.gaps.length }
}

describe.each([...counted, ...uncounted])('simulated %s with damaged bytes', (profile) => {
  test('flipped bits, torn frames and noise shift nothing and invent nothing', () => {
    for (const faults of ['flip=0.0001,jitter=2', 'flip=0.001,jitter=2', 'torn=1@3,torn=3@6,jitter=2', 'noise=40@3,noise=100@5,jitter=2']) {
      const { wrong, missing, altered } = misplaced(profile, faults, 10)
      // Shimmer3 packets have no checksum and are put in the order of their time stamps: a flipped stamp can look like an order.
      expect(wrong, faults).toBeLessThanOrEqual(profile.startsWith('shimmer3') && faults.startsWith('flip=0.001') ? 1 : 0)
      // A frame next to a damaged one may not be believed either.
      expect(missing, faults).toBeLessThanOrEqual(altered * 2)
    }
  })
})

test('the measured rate is within 20 ppm after a minute', () => {
  for (const [ppm, batch] of [[-150, ''], [35, ''], [80, ',batch=16'], [-220, ',batch=16']] as const) {
    const { timeline } = record('cyton', `ppm=${ppm},jitter=2${batch}`, 61)
    expect(Math.abs((timeline.fit()?.ppm ?? 1e9) - ppm), `${ppm}${batch}`).toBeLessThan(20)
  }
})

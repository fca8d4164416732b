import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LaneSpec } from '../../../src-main/contract/index.ts'
import { parseFaults } from '../../../src-main/devices/simulation/faults.ts'
import { createPersonSource } from '../../../src-main/devices/simulation/person.ts'
import { Simulation } from '../../../src-main/devices/simulation/simulation.ts'
import type { Truth } from '../../../src-main/devices/simulation/truth.ts'
import { concat, TestBoard, testConfiguration, testLane } from './test-board.ts'

const lanes: readonly LaneSpec[] = [testLane('ecg', 0), testLane('ppg', 0)]
const frameBytes = 3 + 4 * lanes.length

function simulate(faults: string, { autostart = true, rateHz = 250, seed = 5, use = lanes } = {}): Simulation {
  const configuration = testConfiguration(use, rateHz)
  const source = createPersonSource({ lanes: use, rateHz }, { seed: 7 })
  return new Simulation({ configuration, board: new TestBoard(), source, faults: parseFaults(faults), seed, autostart })
}

function run(faults: string, seconds: number, options?: Parameters<typeof simulate>[1]): { bytes: Uint8Array; truth: Truth; deliveries: { atMs: number; bytes: Uint8Array }[] } {
  const simulation = simulate(faults, options)
  const deliveries = [...simulation.advance(seconds * 1000), ...simulation.finish()]
  return { bytes: concat(deliveries), truth: simulation.truth(), deliveries }
}

/** Frames of the test board, written by hand from the truth: what the bytes must be when only these rows arrive. */
function frames(truth: Truth, keep: (row: number) => boolean): Uint8Array {
  const parts: Uint8Array[] = []
  for (let row = 0; row < truth.rows; row++) {
    if (!keep(row)) continue
    const bytes = new Uint8Array(frameBytes)
    const view = new DataView(bytes.buffer)
    bytes[0] = 0xa5
    bytes[1] = truth.counters[row]
    for (let lane = 0; lane < truth.lanes; lane++) view.setInt32(2 + 4 * lane, truth.counts[row * truth.lanes + lane], true)
    bytes[frameBytes - 1] = 0x5a
    parts.push(bytes)
  }
  return concat(parts.map((bytes) => ({ bytes })))
}

const sentRows = (truth: Truth): ((row: number) => boolean) => (row) => truth.sent[row] === 1
const lost = (truth: Truth): number[] => Array.from(truth.sent.keys()).filter((row) => truth.sent[row] === 0)
const kinds = (truth: Truth, kind: string) => truth.events.filter((event) => event.kind === kind)

describe('a simulation without faults', () => {
  it('sends every row once, in order, at the device rate, with a counter that wraps', () => {
    const { bytes, truth } = run('', 4)
    expect(truth.rows).toBe(1000)
    expect(bytes).toEqual(frames(truth, () => true))
    expect(lost(truth)).toEqual([])
    expect(truth.counters[999]).toBe(999 % 256)
    expect(truth.times[0]).toBeCloseTo(0.004, 9)
    expect(truth.times[999]).toBeCloseTo(4, 9)
    expect(truth.beats.length).toBeGreaterThan(4)
  })

  it('gives the same deliveries whatever the steps of advance', () => {
    const faults = 'flip=0.002,drop=3@0.5:0.7,torn=1@0.9,stall=150@1.1,batch=16,jitter=9,ppm=120,drift=30,restart@1.6,unplug=200@2.2,noise=20@0.3,silence=100@2.6'
    const whole = run(faults, 3)
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 700, noNaN: true }), { minLength: 1, maxLength: 40 }), (steps) => {
        const simulation = simulate(faults)
        const deliveries = []
        let at = 0
        for (const step of steps) deliveries.push(...simulation.advance((at = Math.min(3000, at + step))))
        deliveries.push(...simulation.advance(3000), ...simulation.finish())
        expect(deliveries.map((delivery) => delivery.atMs)).toEqual(whole.deliveries.map((delivery) => delivery.atMs))
        expect(concat(deliveries)).toEqual(whole.bytes)
        expect(simulation.truth()).toEqual(whole.truth)
      }),
      { numRuns: 25 },
    )
  })

  it('gives the same bytes for the same seed and others for another', () => {
    expect(run('flip=0.01', 2).bytes).toEqual(run('flip=0.01', 2).bytes)
    expect(run('flip=0.01', 2, { seed: 6 }).bytes).not.toEqual(run('flip=0.01', 2).bytes)
  })

  it('does not move one fault by another', () => {
    const alone = run('flip=0.005', 2).truth.events.filter((event) => event.kind === 'flip').map((event) => event.offset)
    const together = run('flip=0.005,jitter=5,noise=1@1.99', 2).truth.events.filter((event) => event.kind === 'flip').map((event) => event.offset)
    expect(together.slice(0, 30)).toEqual(alone.slice(0, 30))
  })

  it('waits for commands, answers them, and begins a new epoch at every start', () => {
    const simulation = simulate('', { autostart: false })
    expect(simulation.advance(1000)).toEqual([])
    simulation.receive(new TextEncoder().encode('?'), 1000)
    expect(new TextDecoder().decode(concat(simulation.advance(1010)))).toBe('ok')
    simulation.receive(new TextEncoder().encode('s'), 1100)
    simulation.advance(2100)
    simulation.receive(new TextEncoder().encode('ps'), 2100)
    simulation.advance(3100)
    const truth = simulation.truth()
    expect(truth.rows).toBe(500)
    expect([...new Set(truth.epochs)]).toEqual([0, 1])
    expect(truth.times[0]).toBeCloseTo(1.104, 9)
    expect(truth.counters[250]).toBe(0)
  })
})

describe('a fault', () => {
  it('drop: the counter goes on, exactly those rows are missing, also more than a wrap', () => {
    const { bytes, truth } = run('drop=5@1,drop=300@2', 5)
    expect(lost(truth)).toEqual([...Array.from({ length: 5 }, (_, i) => 249 + i), ...Array.from({ length: 300 }, (_, i) => 499 + i)])
    expect(bytes).toEqual(frames(truth, sentRows(truth)))
    expect(truth.counters[800]).toBe(800 % 256)
    expect(kinds(truth, 'drop').map((event) => event.rows)).toEqual([5, 300])
  })

  it('drop with a probability: about that share of frames', () => {
    const { bytes, truth } = run('drop=0.05', 40)
    expect(lost(truth).length / truth.rows).toBeGreaterThan(0.035)
    expect(lost(truth).length / truth.rows).toBeLessThan(0.065)
    expect(bytes).toEqual(frames(truth, sentRows(truth)))
  })

  it('repetition: again and again with its period', () => {
    expect(lost(run('drop=2@1:0.5', 3).truth)).toEqual([249, 250, 374, 375, 499, 500, 624, 625, 749])
  })

  it('flip: exactly the bits of the events differ, and their rows are not counted as sent', () => {
    const { bytes, truth } = run('flip=0.004', 4)
    const clean = frames(truth, () => true)
    const expected = clean.slice()
    const flips = kinds(truth, 'flip')
    expect(flips.length / clean.length).toBeGreaterThan(0.002)
    expect(flips.length / clean.length).toBeLessThan(0.007)
    for (const { offset, bit } of flips) expected[Number(offset)] ^= 1 << Number(bit)
    expect(bytes).toEqual(expected)
    expect(lost(truth)).toEqual([...new Set(flips.map((event) => Math.floor(Number(event.offset) / frameBytes)))])
  })

  it('flip for a while: only then', () => {
    const { truth } = run('flip=0.05:500@1', 4)
    const times = kinds(truth, 'flip').map((event) => event.seconds)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...times)).toBeLessThan(1.5)
    expect(times.length).toBeGreaterThan(20)
  })

  it('torn: the frame ends where the event says', () => {
    const { bytes, truth } = run('torn=2@1', 2)
    const torn = kinds(truth, 'torn')
    expect(lost(truth)).toEqual([249, 250])
    const clean = frames(truth, () => true)
    const cut = torn.map((event, i) => clean.subarray((249 + i) * frameBytes, (250 + i) * frameBytes - Number(event.lost)))
    expect(bytes).toEqual(concat([clean.subarray(0, 249 * frameBytes), ...cut, clean.subarray(251 * frameBytes)].map((part) => ({ bytes: part }))))
  })

  it('noise: random bytes where the event says, every row unharmed', () => {
    const { bytes, truth } = run('noise=40@1', 2)
    const [event] = kinds(truth, 'noise')
    const at = Number(event.offset)
    expect(lost(truth)).toEqual([])
    expect(concat([{ bytes: bytes.subarray(0, at) }, { bytes: bytes.subarray(at + 40) }])).toEqual(frames(truth, () => true))
  })

  it('stall: nothing arrives, then everything at once, and nothing is lost', () => {
    const { deliveries, truth, bytes } = run('stall=400@1', 2)
    expect(deliveries.some(({ atMs }) => atMs > 1000 && atMs < 1400)).toBe(false)
    expect(deliveries.find(({ atMs }) => atMs === 1400)?.bytes.length).toBeGreaterThanOrEqual(100 * frameBytes)
    expect(bytes).toEqual(frames(truth, () => true))
    expect(lost(truth)).toEqual([])
  })

  it('batch and jitter: bytes come on the grid or late, in order', () => {
    expect(run('batch=16', 2).deliveries.every(({ atMs }) => Math.abs(atMs / 16 - Math.round(atMs / 16)) < 1e-9)).toBe(true)
    const { deliveries, bytes, truth } = run('jitter=20', 2)
    expect(deliveries.every(({ atMs }, i) => i === 0 || atMs >= deliveries[i - 1].atMs)).toBe(true)
    expect(bytes).toEqual(frames(truth, () => true))
  })

  it('silence: rows are sampled and lost', () => {
    const { bytes, truth } = run('silence=1000@1', 3)
    expect(lost(truth)).toEqual(Array.from({ length: 250 }, (_, i) => 249 + i))
    expect(bytes).toEqual(frames(truth, sentRows(truth)))
  })

  it('unplug: what was on its way is lost too, and host and simulation hear of both ends', () => {
    const simulation = simulate('unplug=1000@1,batch=100')
    const deliveries = simulation.advance(1500)
    expect(simulation.plugged).toBe(false)
    simulation.receive(new TextEncoder().encode('p'), 1600)
    deliveries.push(...simulation.advance(3000), ...simulation.finish())
    const truth = simulation.truth()
    expect(simulation.plugged).toBe(true)
    expect(simulation.takeEvents().map((event) => event.kind)).toEqual(['start', 'unplugged', 'replugged'])
    expect(truth.rows).toBe(750)
    expect([...new Set(truth.epochs)]).toEqual([0])
    expect(lost(truth)).toEqual(Array.from({ length: 250 }, (_, i) => 249 + i))
    expect(concat(deliveries)).toEqual(frames(truth, sentRows(truth)))
    const stalled = run('stall=200@0.9,unplug=300@1', 2)
    expect(lost(stalled.truth)[0]).toBe(224)
    expect(stalled.bytes).toEqual(frames(stalled.truth, sentRows(stalled.truth)))
  })

  it('unplug with power: the board boots, does not sample meanwhile, and its counter begins anew', () => {
    const { bytes, truth } = run('unplug=1000:power@1', 3)
    expect(truth.rows).toBe(499)
    expect([truth.epochs[248], truth.epochs[249]]).toEqual([0, 1])
    expect(truth.counters[249]).toBe(0)
    expect(truth.times[249] - truth.times[248]).toBeGreaterThan(1)
    expect(new TextDecoder('latin1').decode(bytes)).toContain('BOOT\n')
  })

  it('restart: boot text, a new epoch, rows of the dead time were never sampled', () => {
    const { bytes, truth } = run('restart=300@1', 2)
    expect(truth.counters[249]).toBe(0)
    expect(truth.epochs[249]).toBe(1)
    expect(truth.times[249]).toBeCloseTo(1.304, 9)
    expect(lost(truth)).toEqual([])
    const clean = frames(truth, () => true)
    const boot = new TextEncoder().encode('BOOT\n')
    expect(bytes).toEqual(concat([clean.subarray(0, 249 * frameBytes), boot, clean.subarray(249 * frameBytes)].map((part) => ({ bytes: part }))))
    expect(run('restart=300:stays@1', 2).truth.rows).toBe(249)
  })

  it('rails and lead-off: the converter is at its end, and truth says so', () => {
    const { truth } = run('rails=1000@1,leadoff=500@3', 4)
    const column = (lane: number, from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => truth.counts[(from + i) * 2 + lane])
    expect(new Set([...column(0, 249, 499), ...column(1, 249, 499)])).toEqual(new Set([8388607]))
    expect(new Set(column(0, 749, 874))).toEqual(new Set([8388607]))
    expect(column(1, 749, 874).every((count) => count < 8388607)).toBe(true)
    expect(column(0, 0, 249).every((count) => Math.abs(count) < 10_000)).toBe(true)
  })

  it('ppm and drift: rows come at the clock of the board', () => {
    const constant = run('ppm=100', 100, { rateHz: 50 }).truth
    const last = constant.rows - 1
    expect((last / (constant.times[last] - constant.times[0]) / 50 - 1) * 1e6).toBeCloseTo(100, 3)
    const { times, rows } = run('drift=60', 120, { rateHz: 50 }).truth
    const rate = (from: number, to: number): number => ((to - from) / (times[to] - times[from]) / 50 - 1) * 1e6
    // 60 ppm a minute: 7.5 ppm on average over the first 15 s, 112.5 over the last of 120 s.
    expect(rate(0, 750)).toBeCloseTo(7.5, 1)
    expect(rate(rows - 751, rows - 1)).toBeCloseTo(112.5, 1)
  })

  it('held: PPG lanes repeat, ECG lanes do not', () => {
    const { truth } = run('held=25', 10)
    const changes = (lane: number): number => Array.from({ length: truth.rows - 1 }, (_, row) => Number(truth.counts[row * 2 + lane] !== truth.counts[(row + 1) * 2 + lane])).reduce((a, b) => a + b)
    expect(changes(1)).toBeLessThanOrEqual(250)
    expect(changes(1)).toBeGreaterThan(200)
    expect(changes(0)).toBeGreaterThan(2000)
  })

  it('dtr: nothing is sent until the host asserts it, and a change clears what was held', () => {
    const simulation = simulate('dtr,batch=100', { autostart: false })
    simulation.receive(new TextEncoder().encode('s'), 0)
    expect(simulation.advance(1000)).toEqual([])
    simulation.setDtr(true, 1000)
    const first = simulation.advance(2000)
    simulation.setDtr(false, 2050)
    const rest = [...simulation.advance(3000), ...simulation.finish()]
    const truth = simulation.truth()
    expect(rest).toEqual([])
    expect(concat(first)).toEqual(frames(truth, sentRows(truth)))
    expect(truth.sent.reduce((a, b) => a + b, 0)).toBe(250)
  })

  it('boot: the boot text comes first', () => {
    expect(new TextDecoder('latin1').decode(run('boot', 1).bytes.subarray(0, 5))).toBe('BOOT\n')
  })
})

describe('the truth', () => {
  it('costs nothing when it is not kept', () => {
    const configuration = testConfiguration(lanes)
    const source = createPersonSource({ lanes, rateHz: 250 }, { seed: 7 })
    const simulation = new Simulation({ configuration, board: new TestBoard(), source, autostart: true, keepTruth: false })
    simulation.advance(1000)
    expect(simulation.rows).toBe(250)
    expect(simulation.truth()).toMatchObject({ rows: 0, beats: [], events: [] })
  })
})

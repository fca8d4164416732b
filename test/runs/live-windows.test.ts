import { describe, expect, it } from 'vitest'
import { WindowOptions, type WindowOptions as Options } from '../../src-main/contract/index.ts'
import { LiveWindows, type NewWindows } from '../../src-main/runs/live-windows.ts'
import { signalWindows, type SignalSource } from '../../src-main/runs/signal-windows.ts'
import { windowOptionsOf } from '../../src-main/runs/window-options.ts'
import { createPersonSource } from '../../src-main/devices/simulation/person.ts'
import { configureDevice } from '../../src-main/devices/registry.ts'

const optionsOf = (change: Partial<Options> = {}) => windowOptionsOf(WindowOptions.parse(change))

/** One lane of a synthetic person, as a device gives it. */
function person(seed: number, seconds: number, device = 'cyton', lane = 0): SignalSource {
  const configuration = configureDevice(device)
  const rows = Math.round(seconds * configuration.rateHz)
  const { counts } = createPersonSource(configuration, { seed }).read(rows)
  const { baseline, gainCountsPerUnit } = configuration.lanes[lane]
  const samples = Float32Array.from({ length: rows }, (_, row) => (counts[row * configuration.lanes.length + lane] - baseline) / gainCountsPerUnit)
  return { samples, rateHz: configuration.rateHz, finest: 1 / gainCountsPerUnit, beats: null }
}

/** Everything that comes out when a signal is fed in blocks, and asked for about once a second. */
function fed(source: SignalSource, options: ReturnType<typeof optionsOf>, firstRow = 0, live = new LiveWindows(options, source), block = 61): NewWindows[] {
  const taken: NewWindows[] = []
  let asked = 0
  for (let row = 0; row < source.samples.length; row += block) {
    live.push({ firstRow: firstRow + row, samples: source.samples.slice(row, row + block) })
    if (row - asked < source.rateHz) continue
    asked = row
    taken.push(live.take())
  }
  return taken
}

const windowsOf = (all: readonly NewWindows[], length: number): Float32Array[] => all.flatMap(({ samples, count }) => Array.from({ length: count }, (_, k) => samples.slice(k * length, (k + 1) * length)))
const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.sqrt(a.reduce((sum, value) => sum + value * value, 0) * b.reduce((sum, value) => sum + value * value, 0))

describe('windows of a live signal', () => {
  it.each([
    ['beats', {}, 'cyton', 0, 0.99],
    ['pulses', { lane: 'ppg', rateHz: 100 }, 'healthypi5', 3, 0.95],
    ['fixed windows', { mode: 'window', seconds: 2, strideSeconds: 1 }, 'cyton', 0, 0.98],
    ['beats, the beginning dropped', { dropFirstSeconds: 7 }, 'cyton', 0, 0.99],
  ] as const)('are those of the whole signal, each once and in order: %s', (_, change, device, lane, alike) => {
    const options = optionsOf(change)
    // Later this person's pulses are found at another place of the wave for half a minute, which the whole signal's median beat tells, and the last 20 s do not.
    const source = person(3, 80, device, lane)
    const whole = signalWindows(source, options)
    const live = fed(source, options)
    const windows = windowsOf(live, whole.length)
    // Two seconds at the end have not settled; a beat here or there is judged otherwise by its neighbours.
    expect(Math.abs(windows.length - whole.rows.length)).toBeLessThanOrEqual(5)
    // Each live window is the next one of the whole signal's that is like it: none comes twice, none is shifted.
    let next = 0
    let found = 0
    for (const window of windows) {
      const place = Array.from({ length: 4 }, (_, k) => next + k).find((k) => k < whole.rows.length && cosine(window, whole.samples.subarray(k * whole.length, (k + 1) * whole.length)) > alike)
      if (place === undefined) continue
      next = place + 1
      found++
    }
    expect(found).toBeGreaterThan(0.93 * whole.rows.length)
    expect(live.some(({ beganAnew }) => beganAnew)).toBe(false)
  })

  it('of a group are as many as fill', () => {
    const options = optionsOf({ mode: 'summary-beat', beatsPerGroup: 5 })
    const source = person(3, 90)
    const beats = signalWindows(source, optionsOf()).rows.length
    const groups = windowsOf(fed(source, options), 150).length
    expect(groups).toBeLessThanOrEqual(beats / 5)
    expect(groups).toBeGreaterThan(beats / 8)
  })

  it('do not depend on how the signal was cut into blocks', () => {
    const source = person(4, 40)
    const live = (block: number): LiveWindows => {
      const windows = new LiveWindows(optionsOf(), source)
      for (let row = 0; row < source.samples.length; row += block) windows.push({ firstRow: row, samples: source.samples.subarray(row, row + block) })
      return windows
    }
    const [once, often] = [live(source.samples.length).take(), live(7).take()]
    expect(once.count).toBeGreaterThan(10)
    expect([...often.samples]).toEqual([...once.samples])
  })

  it('begin anew after a gap, whether it is told by row numbers or by missing values, and not after a shorter one', () => {
    const source = person(5, 30)
    const rows = source.samples.length
    for (const [seconds, anew] of [[3, true], [0.5, false]] as const) {
      for (const told of [true, false]) {
        const gap = seconds * source.rateHz
        const live = new LiveWindows(optionsOf(), source)
        expect(fed(source, optionsOf(), 0, live).some(({ beganAnew }) => beganAnew)).toBe(false)
        if (!told) live.push({ firstRow: rows, samples: new Float32Array(gap).fill(Number.NaN) })
        const after = fed(source, optionsOf(), rows + gap, live)
        expect(after.map(({ beganAnew }) => beganAnew)).toEqual(after.map((_, k) => anew && k === 0))
        expect(windowsOf(after, 150).length).toBeGreaterThan(15)
      }
    }
  })

  it('begin anew when rows are counted anew: another connection', () => {
    const source = person(5, 30)
    const live = new LiveWindows(optionsOf(), source)
    fed(source, optionsOf(), 0, live)
    expect(fed(source, optionsOf(), 0, live)[0].beganAnew).toBe(true)
  })

  it('are none of a lane that is off', () => {
    const { rateHz, finest } = person(1, 1)
    const flat: SignalSource = { samples: new Float32Array(rateHz * 30).fill(0.3), rateHz, finest, beats: null }
    expect(windowsOf(fed(flat, optionsOf()), 150)).toEqual([])
    expect(windowsOf(fed(flat, optionsOf({ mode: 'window' })), 1250)).toEqual([])
    expect(windowsOf(fed({ ...flat, samples: flat.samples.map(() => Number.NaN) }, optionsOf()), 150)).toEqual([])
  })
})

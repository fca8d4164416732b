import type { ViewFrame } from '../../../src-main/contract/view-frame.ts'
import { darkTraceTheme, lightTraceTheme } from '../../../src-renderer/trace/trace-theme.ts'
import { TracePainter } from '../../../src-renderer/trace/trace-painter.ts'
import type { TraceRun, TraceWindow } from './trace-run.ts'

/** Frames that the view lane sends per second. */
const framesPerSecond = 30

interface Gauss {
  readonly at: number
  readonly width: number
  readonly height: number
}

/** P, Q, R, S, T of one beat at phase 0..1, mV; the painter is measured, not the heart. */
const waves: readonly Gauss[] = [
  { at: 0.2, width: 0.025, height: 0.12 },
  { at: 0.352, width: 0.007, height: -0.12 },
  { at: 0.37, width: 0.009, height: 1.1 },
  { at: 0.388, width: 0.008, height: -0.25 },
  { at: 0.62, width: 0.045, height: 0.28 },
]
const ecg = (phase: number) => waves.reduce((sum, { at, width, height }) => sum + height * Math.exp(-(((phase - at) / width) ** 2) / 2), 0)
const pulse = (phase: number) => Math.exp(-(((phase - 0.3) / 0.08) ** 2) / 2) + 0.35 * Math.exp(-(((phase - 0.55) / 0.09) ** 2) / 2)

const beatSeconds = 0.83

function start(run: TraceRun): TracePainter {
  const container = document.body
  const painter = new TracePainter(container, {
    theme: run.dark ? darkTraceTheme : lightTraceTheme,
    mode: run.mode,
    paperMillimetresPerSecond: run.paper ? 25 : null,
    seconds: run.seconds,
    showBeats: true,
  })
  const kinds = Array.from({ length: run.lanes }, (_, lane) => (lane % 4 === 3 ? 'ppg' : lane % 8 === 6 ? 'respiration' : 'ecg'))
  const names = ['I', 'II', 'V1', 'Pleth', 'III', 'aVF', 'Resp', 'Pleth IR']
  painter.setLanes(
    kinds.map((kind, lane) => ({
      id: `lane-${lane}`,
      label: `${names[lane % names.length]}${lane >= names.length ? ` ${Math.floor(lane / names.length) + 1}` : ''}`,
      unit: kind === 'ecg' ? 'mV' : 'count',
      kind,
      sparse: false,
      visible: true,
      millimetresPerUnit: run.paper && kind === 'ecg' ? 10 : null,
    })),
    run.rateHz,
  )
  const sample = (lane: number, row: number): number => {
    const seconds = row / run.rateHz
    const phase = (seconds / beatSeconds) % 1
    const noise = (((row * 1103515245 + lane * 12345) >>> 8) & 0xffff) / 65536 - 0.5
    if (kinds[lane] === 'ppg') return 4000 * pulse((phase + 0.75) % 1) + 40 * noise
    if (kinds[lane] === 'respiration') return 900 * Math.sin((2 * Math.PI * seconds) / 4.1) + 20 * noise
    if (run.faults && lane === 1 && seconds % 7 > 3 && seconds % 7 < 3.6) return Number.NaN
    return ecg(phase) * (1 - 0.12 * (lane % 5)) + 0.02 * noise
  }
  // The signal is prepared, so that making it costs nothing while the painter is measured.
  const period = Math.round(run.rateHz * beatSeconds * 10)
  const prepared = kinds.map((_, lane) => Float32Array.from({ length: period }, (_, row) => sample(lane, row)))
  let sent = 0
  let sequence = 0
  const send = (rows: number) => {
    const { stride } = run
    const columns = Math.ceil(rows / stride)
    const width = stride > 1 ? 2 : 1
    const values = new Float32Array(run.lanes * columns * width)
    const beats: [number, number][] = []
    for (let lane = 0; lane < run.lanes; lane++) {
      const source = prepared[lane]
      for (let column = 0; column < columns; column++) {
        let low = Number.POSITIVE_INFINITY
        let high = Number.NEGATIVE_INFINITY
        for (let k = column * stride; k < Math.min(rows, (column + 1) * stride); k++) {
          const value = source[(sent + k) % period]
          low = Math.min(low, value)
          high = Math.max(high, value)
        }
        values[(lane * columns + column) * width] = low
        if (stride > 1) values[(lane * columns + column) * width + 1] = high
      }
      if (kinds[lane] !== 'ecg') continue
      for (let beat = Math.max(0, Math.floor(sent / run.rateHz / beatSeconds) - 1); ; beat++) {
        const row = Math.round((beat + 0.37) * beatSeconds * run.rateHz)
        if (row >= sent + rows) break
        if (row >= sent) beats.push([lane, row])
      }
    }
    const frame: ViewFrame = { sequence: sequence++, epoch: 0, firstRow: sent, rows, stride, lanes: run.lanes, columns, droppedFrames: 0, rateHz: run.rateHz, newestAtMs: 0, values, beats }
    sent += rows
    painter.push(frame)
  }
  const began = performance.now()
  // Two seconds in advance, as when a window opens on a running device.
  for (let k = 0; k < 60; k++) send(Math.round((2 * run.rateHz) / 60))
  const lead = sent
  setInterval(() => {
    const due = lead + Math.floor(((performance.now() - began) / 1000) * run.rateHz) - sent
    if (due > 0) send(due)
  }, 1000 / framesPerSecond)
  painter.start()
  return painter
}

let painter: TracePainter | null = null
Object.assign(window, {
  startTrace(run) {
    painter?.destroy()
    painter = start(run)
  },
  readTrace: () => painter?.stats() ?? null,
  resetTrace: () => painter?.resetStats(),
  showHistory(lanes, columns) {
    const values = new Float32Array(lanes * columns * 2)
    for (let lane = 0; lane < lanes; lane++) {
      for (let column = 0; column < columns; column++) {
        const value = column > 300 && column < 340 ? Number.NaN : ecg((column / 120 + lane / 9) % 1)
        values.set([value - 0.02, value + 0.02], 2 * (lane * columns + column))
      }
    }
    painter?.showHistory({ fromRow: 0, toRow: columns * 4, columns, bytes: new Uint8Array(values.buffer) })
  },
  showLive: () => painter?.showHistory(null),
  resizeTrace: () => painter?.resize(),
} satisfies TraceWindow)

import type { Envelope } from '../../src-main/contract/schemas/recording.ts'
import type { ViewFrame } from '../../src-main/contract/view-frame.ts'
import { AutoGain } from './auto-gain.ts'
import { paintBeatTick } from './beat-ticks.ts'
import { envelopeRange, envelopeValues, paintEnvelopeLane } from './envelope-painter.ts'
import { FrameStatistics } from './frame-statistics.ts'
import type { PaintStatistics } from './frame-statistics.ts'
import { gridPeriod, hatching, paintGrid } from './grid-painter.ts'
import { paintGutter } from './gutter-painter.ts'
import { nextGap, traceColumns } from './lane-strokes.ts'
import type { Strip } from './lane-strokes.ts'
import { sameFields } from './painter-options.ts'
import type { PainterLane, PainterOptions } from './painter-options.ts'
import { Playhead } from './playhead.ts'
import type { TraceView } from './trace-interaction.ts'
import { stripMiddle, traceLayout, visibleSeconds } from './trace-layout.ts'
import type { TraceLayout } from './trace-layout.ts'
import { TraceRing } from './trace-ring.ts'
import { TraceSurface } from './trace-surface.ts'
import { laneColour } from './trace-theme.ts'
import { typicalRange } from './typical-range.ts'

export type { PainterLane, PainterOptions }

/** Blank stretch ahead of a sweep's newest sample, CSS pixels. */
const eraseBarPixels = 22
/** How far back the ring reaches at least, for widening the view without waiting. */
export const ringSeconds = 30
const linePixels = 1.3
/** Every lane's gain is looked at this often, one lane per frame. */
const gainEverySeconds = 1

/**
 * The live trace: feed it view frames, call `paint` once per animation frame (or `start`). Only what is new is drawn: a sweep paints
 * the columns since the last frame; a scroll paints them into one of two pages that the compositor moves.
 */
export class TracePainter {
  private readonly container: HTMLElement
  private readonly surface: TraceSurface
  private options: PainterOptions
  private lanes: readonly PainterLane[] = []
  private strips: number[] = []
  private gains: AutoGain[] = []
  private ring = new TraceRing([], 2)
  private rateHz = 250
  private layout: TraceLayout
  private hatch: CanvasPattern | string = ''
  private readonly playhead = new Playhead()
  private readonly statistics = new FrameStatistics()
  private readonly range = { low: 0, high: 0 }
  private readonly gap = { from: 0, to: 0 }
  private stripPlaces: Strip[] = []
  private drawn = 0
  private cleared = 0
  private beatsDrawn: number[] = []
  private nextGainLane = 0
  private lastGainMs = 0
  private stale = true
  private paused = false
  private history: Envelope | null = null
  private animation = 0
  private pushMs = 0

  constructor(container: HTMLElement, options: PainterOptions) {
    this.container = container
    this.options = options
    this.surface = new TraceSurface(container)
    this.layout = traceLayout(1, 1, 1, 1, this.rateHz, { millimetresPerSecond: null, seconds: options.seconds })
    this.resize()
  }

  /** Lanes in the order of the view frames; another device or rate begins with an empty screen. The same lanes again cost nothing. */
  setLanes(lanes: readonly PainterLane[], rateHz: number): void {
    if (rateHz === this.rateHz && lanes.length === this.lanes.length && lanes.every((lane, i) => sameFields(lane, this.lanes[i]))) return
    const known = new Map(this.lanes.map((lane, i) => [lane.id, this.gains[i]]))
    const sameStream = rateHz === this.rateHz && lanes.length === this.lanes.length && lanes.every((lane, i) => lane.id === this.lanes[i].id)
    this.gains = lanes.map((lane) => {
      const gain = known.get(lane.id) ?? new AutoGain(lane.millimetresPerUnit)
      gain.setFixed(lane.millimetresPerUnit)
      return gain
    })
    this.lanes = lanes
    this.rateHz = rateHz
    this.strips = lanes.flatMap((lane, i) => (lane.visible ? [i] : []))
    if (!sameStream) {
      this.ring = new TraceRing(lanes, ringSeconds * rateHz)
      this.playhead.restart(0)
    }
    this.beatsDrawn = lanes.map(() => -1)
    this.resize()
  }

  setOptions(options: Partial<PainterOptions>): void {
    const changed = { ...this.options, ...options }
    if (sameFields(changed, this.options)) return
    this.options = changed
    this.resize()
  }

  /** Takes the container's size and the screen's pixel ratio anew. Call it from a ResizeObserver. */
  resize(): void {
    const ratio = window.devicePixelRatio || 1
    const { clientWidth, clientHeight } = this.container
    const { paperMillimetresPerSecond, seconds, mode } = this.options
    this.layout = traceLayout(clientWidth, clientHeight, ratio, this.strips.length, this.rateHz, { millimetresPerSecond: paperMillimetresPerSecond, seconds })
    const gridWidth = this.layout.plotWidth + (mode === 'scroll' ? Math.ceil(gridPeriod(this.layout, paperMillimetresPerSecond !== null)) : 0)
    this.surface.resize(this.layout.width, this.layout.height, this.layout.plotLeft, gridWidth, ratio)
    this.hatch = hatching(this.surface.pages[0].context, this.options.theme, ratio)
    this.surface.colour(this.options.theme.background, this.options.theme.head)
    paintGrid(this.surface.grid.context, this.layout, this.strips.length, gridWidth, this.options.theme, paperMillimetresPerSecond !== null)
    this.stripPlaces = this.strips.map((_, i) => ({ middle: stripMiddle(this.layout, i), height: this.layout.stripHeight }))
    for (const gain of this.gains) gain.forget()
    this.stale = true
  }

  push(frame: ViewFrame): void {
    const began = performance.now()
    if (this.ring.push(frame)) {
      this.playhead.restart(frame.firstRow)
      for (const gain of this.gains) gain.forget()
      this.beatsDrawn.fill(-1)
      this.stale = true
    }
    this.pushMs += performance.now() - began
  }

  /** Rows from before the first frame, after a while on another screen: the trace continues instead of beginning anew. */
  refill(history: Envelope, epoch: number): void {
    if (!this.ring.prepend(history, epoch)) return
    for (const gain of this.gains) gain.forget()
    this.stale = true
  }

  /** Freezes the screen; rows keep coming in behind it. */
  setPaused(paused: boolean): void {
    this.paused = paused
  }

  /** Shows stored rows instead of live ones (lanes of the envelope = the painter's lanes, in order); `null` goes back to live. */
  showHistory(envelope: Envelope | null): void {
    this.history = envelope
    this.stale = true
  }

  /** For `rowAt`, `pixelAt` and `valueAt`. */
  view(): TraceView {
    return { layout: this.layout, mode: this.options.mode, headRow: this.playhead.row }
  }

  /** Gain and centre of a lane as drawn. */
  scale(lane: number): { pixelsPerUnit: number; centre: number; millimetresPerUnit: number } {
    const { pixelsPerUnit, centre } = this.gains[lane]
    return { pixelsPerUnit, centre, millimetresPerUnit: pixelsPerUnit / this.layout.millimetre }
  }

  stats(): PaintStatistics {
    return this.statistics.read()
  }

  resetStats(): void {
    this.statistics.reset()
  }

  /** Paints at every animation frame until `stop`. */
  start(): void {
    if (this.animation !== 0) return
    const frame = (nowMs: number) => {
      this.animation = requestAnimationFrame(frame)
      this.paint(nowMs)
    }
    this.animation = requestAnimationFrame(frame)
  }

  stop(): void {
    cancelAnimationFrame(this.animation)
    this.animation = 0
  }

  destroy(): void {
    this.stop()
    this.surface.remove()
  }

  paint(nowMs: number): void {
    const began = performance.now()
    if (this.history !== null) this.paintHistory(this.history)
    else this.paintLive(nowMs)
    this.statistics.add(nowMs, performance.now() - began + this.pushMs)
    this.pushMs = 0
  }

  private paintLive(nowMs: number): void {
    if (this.strips.length === 0) return
    if (!this.paused || this.stale) {
      if (!this.paused) this.playhead.advance(nowMs, this.ring.newestRow, this.rateHz)
      this.adjustGains(nowMs)
    }
    const head = Math.floor(this.playhead.row / this.layout.rowsPerColumn)
    const { plotWidth } = this.layout
    if (this.stale || head < this.drawn || head - this.drawn > plotWidth) this.redraw(head)
    else if (head > this.drawn) this.drawColumns(this.drawn, head)
    this.drawn = head
    if (this.options.showBeats) this.drawBeats(head)
    this.place(head)
  }

  private get eraseBar(): number {
    return this.options.mode === 'sweep' ? Math.round(eraseBarPixels * this.layout.ratio) : 0
  }

  private redraw(head: number): void {
    this.stale = false
    for (const page of this.surface.pages) page.context.clearRect(0, 0, this.layout.plotWidth, this.layout.height)
    this.surface.pages[1].show(this.options.mode === 'scroll')
    this.surface.pages[0].show(true)
    this.beatsDrawn.fill(-1)
    this.cleared = head
    const from = Math.max(0, Math.floor(this.ring.oldestRow / this.layout.rowsPerColumn), head - this.layout.plotWidth + this.eraseBar)
    this.strokeColumns(from, head)
    this.paintOverlay()
  }

  private drawColumns(from: number, to: number): void {
    const { plotWidth, height } = this.layout
    if (this.options.mode === 'sweep') {
      const end = to + this.eraseBar
      for (let at = Math.max(from, this.cleared); at < end; ) {
        const x = at % plotWidth
        const width = Math.min(end - at, plotWidth - x)
        this.surface.pages[0].context.clearRect(x, 0, width, height)
        at += width
      }
      this.cleared = end
    } else if (Math.floor(to / plotWidth) !== Math.floor(from / plotWidth) || from === 0) {
      this.pageContext(Math.floor(to / plotWidth)).clearRect(0, 0, plotWidth, height)
    }
    this.strokeColumns(from, to)
  }

  private pageContext(page: number): CanvasRenderingContext2D {
    return this.surface.pages[this.options.mode === 'scroll' ? page % 2 : 0].context
  }

  private strokeColumns(from: number, to: number): void {
    const { plotWidth, ratio, stripHeight, rowsPerColumn } = this.layout
    for (let page = Math.floor(from / plotWidth); page * plotWidth < to; page++) {
      const context = this.pageContext(page)
      const origin = page * plotWidth
      const first = Math.max(from, origin)
      const last = Math.min(to, origin + plotWidth)
      context.lineWidth = linePixels * ratio
      context.lineJoin = 'round'
      context.lineCap = 'round'
      for (let i = 0; i < this.strips.length; i++) {
        const lane = this.strips[i]
        const strip = this.stripPlaces[i]
        const { gap } = this
        for (let at = first; nextGap(this.ring, lane, rowsPerColumn, at, last, gap); at = gap.to) {
          context.fillStyle = this.hatch
          context.fillRect(gap.from - origin, strip.middle - stripHeight / 2, gap.to - gap.from, stripHeight)
        }
        context.strokeStyle = laneColour(this.options.theme, this.lanes[lane].kind)
        context.beginPath()
        traceColumns(context, this.ring, lane, this.layout, this.gains[lane], strip, origin, first, last)
        context.stroke()
      }
    }
  }

  private drawBeats(head: number): void {
    const { ratio, stripHeight, plotWidth, rowsPerColumn } = this.layout
    const oldest = head - plotWidth + this.eraseBar
    for (let i = 0; i < this.strips.length; i++) {
      const lane = this.strips[i]
      const beats = this.ring.beats(lane)
      let next = beats.length
      while (next > 0 && beats[next - 1] > this.beatsDrawn[lane]) next--
      for (; next < beats.length; next++) {
        const column = Math.floor(beats[next] / rowsPerColumn)
        if (column >= head) break
        this.beatsDrawn[lane] = beats[next]
        if (column < oldest) continue
        paintBeatTick(this.pageContext(Math.floor(column / plotWidth)), column % plotWidth, (i + 1) * stripHeight, ratio, this.options.theme.beat)
      }
    }
  }

  private place(head: number): void {
    const { plotWidth, ratio } = this.layout
    const { pages, grid } = this.surface
    if (this.options.mode === 'sweep') {
      pages[0].moveTo(0, ratio)
      grid.moveTo(0, ratio)
      this.surface.placeHead(head % plotWidth, ratio)
      return
    }
    const left = head - plotWidth
    const newest = Math.floor(head / plotWidth)
    pages[newest % 2].moveTo(newest * plotWidth - left, ratio)
    pages[(newest + 1) % 2].moveTo((newest - 1) * plotWidth - left, ratio)
    const period = gridPeriod(this.layout, this.options.paperMillimetresPerSecond !== null)
    grid.moveTo(-Math.round(((left % period) + period) % period), ratio)
    this.surface.placeHead(null, ratio)
  }

  /** One lane per call, all when the screen is drawn anew. */
  private adjustGains(nowMs: number): void {
    const all = this.stale
    if (!all && nowMs - this.lastGainMs < (gainEverySeconds * 1000) / this.strips.length) return
    this.lastGainMs = nowMs
    const { ring } = this
    const from = Math.floor(this.playhead.row - visibleSeconds(this.layout) * this.rateHz)
    for (let k = 0; k < (all ? this.strips.length : 1); k++) {
      const lane = this.strips[this.nextGainLane++ % this.strips.length]
      typicalRange(ring, lane, from, Math.ceil(this.playhead.row), this.rateHz, this.range)
      if (this.gains[lane].update(this.range.low, this.range.high, this.layout.stripHeight, this.layout.millimetre)) this.stale = true
    }
  }

  private paintHistory(envelope: Envelope): void {
    if (!this.stale) return
    this.stale = false
    const { plotWidth, height, ratio, stripHeight, millimetre } = this.layout
    const [page, other] = this.surface.pages
    other.show(false)
    page.show(true)
    page.moveTo(0, ratio)
    this.surface.grid.moveTo(0, ratio)
    this.surface.placeHead(null, ratio)
    page.context.clearRect(0, 0, plotWidth, height)
    const values = envelopeValues(envelope)
    this.strips.forEach((lane, i) => {
      const range = envelopeRange(values, lane, envelope.columns)
      if (range !== null) this.gains[lane].update(range.low, range.high, stripHeight, millimetre)
      const colour = laneColour(this.options.theme, this.lanes[lane].kind)
      paintEnvelopeLane(page.context, values, lane, envelope.columns, this.gains[lane], this.stripPlaces[i], plotWidth, { colour, hatch: this.hatch, linePixels: linePixels * ratio })
    })
    this.paintOverlay()
    this.drawn = Number.POSITIVE_INFINITY
  }

  private paintOverlay(): void {
    const lanes = this.strips.map((lane) => ({ unit: this.lanes[lane].unit, kind: this.lanes[lane].kind, scale: this.gains[lane] }))
    const speed = this.options.paperMillimetresPerSecond
    paintGutter(this.surface.overlay.context, this.layout, lanes, this.options.theme, speed === null ? null : { millimetresPerSecond: speed })
  }
}

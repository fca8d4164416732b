import { describe, expect, it } from 'vitest'
import { envelopeLanes, envelopeRange, envelopeValues, traceEnvelope } from '../../../src-renderer/trace/envelope-painter.ts'
import { FrameStatistics } from '../../../src-renderer/trace/frame-statistics.ts'
import { Playhead } from '../../../src-renderer/trace/playhead.ts'
import { darkTraceTheme, laneColour, lightTraceTheme, traceTheme } from '../../../src-renderer/trace/trace-theme.ts'

describe('Playhead', () => {
  it('moves evenly at the signal\'s rate although frames arrive in bursts', () => {
    const head = new Playhead()
    head.restart(0)
    let newest = 0
    const steps: number[] = []
    let before = 0
    for (let frame = 0; frame < 600; frame++) {
      if (frame % 2 === 0) newest += 250 / 30
      const row = head.advance((frame * 1000) / 60, newest, 250)
      if (frame > 120) steps.push(row - before)
      before = row
    }
    expect(Math.min(...steps)).toBeGreaterThan(0.7 * (250 / 60))
    expect(Math.max(...steps)).toBeLessThan(1.3 * (250 / 60))
    expect(newest - before).toBeLessThan(0.15 * 250)
  })

  it('never passes the newest row, and jumps to it after a long pause', () => {
    const head = new Playhead()
    head.restart(0)
    for (let frame = 0; frame < 100; frame++) expect(head.advance(frame * 16, 10, 250)).toBeLessThanOrEqual(10)
    expect(head.advance(2000, 10_000, 250)).toBeGreaterThan(9900)
  })
})

describe('FrameStatistics', () => {
  it('knows the rate and the percentiles of the frames remembered', () => {
    const statistics = new FrameStatistics()
    for (let frame = 0; frame < 1000; frame++) statistics.add(frame * 20, frame % 100 === 99 ? 9 : 1)
    expect(statistics.read()).toEqual({ frames: 1000, framesPerSecond: 50, scriptP50Ms: 1, scriptP95Ms: 1, scriptMaxMs: 9 })
  })
})

describe('an envelope', () => {
  const pairs = Float32Array.of(-1, 1, Number.NaN, Number.NaN, -2, 3, 5, 5, 6, 7, 4, 8)
  const padded = new Uint8Array(pairs.byteLength + 1)
  padded.set(new Uint8Array(pairs.buffer), 1)
  const envelope = { fromRow: 0, toRow: 30, columns: 3, bytes: padded.subarray(1) }

  it('is read wherever it lies in a message', () => {
    expect(envelopeLanes(envelope)).toBe(2)
    expect([...envelopeValues(envelope)]).toEqual([...pairs])
    expect(envelopeRange(envelopeValues(envelope), 0, 3)).toEqual({ low: -2, high: 3 })
    expect(envelopeRange(Float32Array.of(Number.NaN, Number.NaN), 0, 1)).toBeNull()
  })

  it('is scaled by the columns that are off the rails, while there are any', () => {
    const values = Float32Array.of(-1, 1, -1, 187.5, -187.5, -187.5, -2, 3)
    expect(envelopeRange(values, 0, 4, { low: -187.5, high: 187.5 })).toEqual({ low: -2, high: 3 })
    expect(envelopeRange(values.subarray(2, 6), 0, 2, { low: -187.5, high: 187.5 })).toEqual({ low: -187.5, high: 187.5 })
  })

  it('breaks the line at a column without samples and reaches both ends of the others', () => {
    const lines: number[][][] = []
    const pen = { moveTo: (x: number, y: number) => void lines.push([[x, y]]), lineTo: (x: number, y: number) => void lines[lines.length - 1].push([x, y]) }
    traceEnvelope(pen, envelopeValues(envelope), 0, 3, { pixelsPerUnit: 1, centre: 0 }, { middle: 0, height: 100 }, 0, 30)
    expect(lines).toHaveLength(2)
    expect(lines.map((line) => line.map(([, y]) => -y).sort((a, b) => a - b))).toEqual([[-1, 1], [-2, 3]])
    expect(lines.map((line) => line[0][0])).toEqual([5, 25])
  })
})

describe('traceTheme', () => {
  it('takes what the stylesheet sets and keeps the rest', () => {
    const theme = traceTheme((name) => (name === '--trace-ecg' ? ' #123456 ' : ''), darkTraceTheme)
    expect(theme).toEqual({ ...darkTraceTheme, lanes: { ...darkTraceTheme.lanes, ecg: '#123456' } })
    expect(laneColour(theme, 'ecg')).toBe('#123456')
    expect(laneColour(theme, 'temperature')).toBe(darkTraceTheme.lanes.other)
  })

  it.each([['light', lightTraceTheme], ['dark', darkTraceTheme]])('keeps text and traces readable in %s (WCAG 4.5:1)', (_, theme) => {
    const background = luminance(theme.background)
    for (const colour of [theme.text, theme.textSoft, theme.beat, ...Object.values(theme.lanes)]) {
      const [dark, bright] = [luminance(colour), background].sort((a, b) => a - b)
      expect((bright + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(4.5)
    }
  })
})

/** Relative luminance of #rrggbb (WCAG 2.2). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

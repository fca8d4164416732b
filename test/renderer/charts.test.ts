import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spreadLabels } from '../../src-renderer/charts/direct-labels.ts'
import { curveEnds, labelRoom, placeAfter, readingAt, type Series } from '../../src-renderer/charts/line-chart.ts'
import { linePath } from '../../src-renderer/charts/line-path.ts'
import { extentOf, linearScale, logScale, withAir } from '../../src-renderer/charts/scale.ts'
import { seriesStyle } from '../../src-renderer/charts/series-style.ts'
import { logTicks, niceTicks } from '../../src-renderer/charts/ticks.ts'

const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true })

describe('the ticks of an axis', () => {
  it('are where a person would put them', () => {
    expect(niceTicks(0, 0.31, 4)).toEqual({ values: [0, 0.1, 0.2, 0.3], decimals: 1 })
    expect(niceTicks(0, 100, 5)).toEqual({ values: [0, 20, 40, 60, 80, 100], decimals: 0 })
    expect(niceTicks(-3, 7, 5)).toEqual({ values: [-2, 0, 2, 4, 6], decimals: 0 })
    expect(niceTicks(0.012, 0.031, 4)).toEqual({ values: [0.015, 0.02, 0.025, 0.03], decimals: 3 })
  })

  it('are whole epochs where only whole ones mean something', () => {
    expect(niceTicks(1, 3, 8, true)).toEqual({ values: [1, 2, 3], decimals: 0 })
    expect(niceTicks(1, 300, 6, true)).toEqual({ values: [50, 100, 150, 200, 250, 300], decimals: 0 })
  })

  it('lie inside, equally far apart by 1, 2 or 5 times a power of ten, and are about as many as wanted', () => {
    fc.assert(
      fc.property(finite(-1e6, 1e6), finite(1e-6, 1e6), fc.integer({ min: 2, max: 12 }), (low, span, wanted) => {
        const high = low + span
        const { values } = niceTicks(low, high, wanted)
        const step = values.length > 1 ? values[1] - values[0] : null
        for (const value of values) expect(value >= low - span * 1e-6 && value <= high + span * 1e-6).toBe(true)
        expect(values.length).toBeLessThanOrEqual(Math.ceil(wanted / 0.75) + 1)
        if (step === null) return
        const digit = step / 10 ** Math.floor(Math.log10(step) + 1e-6)
        expect([1, 2, 5, 10].some((nice) => Math.abs(digit - nice) < 1e-3)).toBe(true)
        values.slice(1).forEach((value, index) => expect(Math.abs(value - values[index] - step)).toBeLessThan(step * 1e-6 + Math.abs(value) * 1e-9))
      }),
    )
  })

  it('can be told apart by the decimals that go with them', () => {
    fc.assert(
      fc.property(finite(-1e3, 1e3), finite(1e-5, 1e3), (low, span) => {
        const { values, decimals } = niceTicks(low, low + span, 5)
        expect(new Set(values.map((value) => value.toFixed(decimals))).size).toBe(values.length)
      }),
    )
  })

  it('survive an axis without length', () => {
    expect(niceTicks(3, 3, 5).values).toEqual([3])
    expect(niceTicks(Number.NaN, 1, 5).values).toEqual([])
  })

  it('of a logarithm are decades, with 2 and 5 between few of them', () => {
    expect(logTicks(0.02, 3)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2])
    expect(logTicks(1e-5, 1)).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1])
    expect(logTicks(1e-12, 1).length).toBeLessThan(9)
    expect(logTicks(0, 1)).toEqual([])
  })
})

describe('a scale', () => {
  it('is a straight line between its ends, upside down where they are', () => {
    const scale = linearScale(2, 4, 100, 0)
    expect([2, 2.5, 4].map((value) => scale.place(value))).toEqual([100, 75, 0])
    expect(scale.place(Number.NaN)).toBeNull()
  })

  it('of a logarithm gives every factor the same room, and nothing to what is not above zero', () => {
    const scale = logScale(0.001, 1000, 0, 60)
    expect([0.001, 0.01, 0.1, 1, 1000].map((value) => Math.round(scale.place(value) ?? -1))).toEqual([0, 10, 20, 30, 60])
    expect([0, -1].map((value) => scale.place(value))).toEqual([null, null])
  })

  it('covers what is drawn and leaves out what cannot be', () => {
    expect(extentOf([3, null, Number.NaN, 1, Infinity])).toEqual({ low: 1, high: 3 })
    expect(extentOf([0, -2, 0.5], true)).toEqual({ low: 0.5, high: 0.5 })
    expect(extentOf([])).toBeNull()
  })

  it('has air, but never goes below zero for what is never below zero', () => {
    expect(withAir({ low: 0.1, high: 10 }).low).toBe(0)
    expect(withAir({ low: -1, high: 1 }).low).toBeLessThan(-1)
    expect(withAir({ low: 0, high: 0 })).toEqual({ low: 0, high: 1 })
  })
})

describe('the path of a curve', () => {
  it('goes from point to point', () => {
    expect(linePath([0, 10, 40], [100, 50, 0.126])).toBe('M0 100L10 50L40 0.13')
  })

  it('has a hole where nothing has a place, and a dot for a point alone', () => {
    expect(linePath([0, 10, 20, 30, 40], [100, null, 50, -Infinity, 0])).toBe('M0 100L0 100M20 50L20 50M40 0L40 0')
    expect(linePath([0, 1, 2, 3], [5, 6, NaN, 8])).toBe('M0 5L1 6M3 8L3 8')
  })

  it('has one move per run of points, whatever is missing', () => {
    fc.assert(
      fc.property(fc.array(fc.option(finite(0, 10)), { maxLength: 40 }), (values) => {
        const path = linePath(values.map((_value, index) => index), values)
        const stretches = values.filter((value, index) => value !== null && (values[index - 1] ?? null) === null).length
        expect([...path.matchAll(/M/g)]).toHaveLength(stretches)
      }),
    )
  })
})

describe('a chart of curves', () => {
  const x = linearScale(0, 4, 46, 446)
  const y = linearScale(0, 10, 108, 8)
  const plane = { left: 46, right: 446, top: 8, bottom: 108 }
  const curve = (id: string, ...heights: (number | null)[]): Series => ({ id, label: id, style: seriesStyle(0), points: heights.map((height, index) => ({ x: index, y: height })) })
  const series = [curve('loss', 10, 5, 2), curve('identity', 8, null, 2), curve('triplet', 1, 1, null)]

  it('names every curve at its last measured point, the names apart', () => {
    const ends = curveEnds(series, x, y, plane)
    expect(ends.map(({ curve: { id }, value, x: at, y: height }) => [id, value, at, height])).toEqual([['loss', 2, 246, 88], ['identity', 2, 246, 88], ['triplet', 1, 146, 98]])
    const labels = ends.map(({ labelY }) => labelY).sort((a, b) => a - b)
    expect(labels[1] - labels[0]).toBeGreaterThanOrEqual(14)
    expect(labels[2] - labels[1]).toBeGreaterThanOrEqual(14)
    expect(labels[2]).toBeLessThanOrEqual(plane.bottom)
  })

  it('is read at the nearest x, of the curves that have a value there', () => {
    expect(readingAt(series, [0, 1, 2], 1.4, x)).toMatchObject({ x: 1, px: 146, values: [{ curve: { id: 'loss' }, value: 5 }, { curve: { id: 'triplet' }, value: 1 }] })
    expect(readingAt(series, [0, 1, 2], 99, x)?.x).toBe(2)
    expect(readingAt([], [], 1, x)).toBeNull()
  })

  it('has room for names, more for Chinese letters, never half of the picture', () => {
    const named = (label: string) => ({ ...curve(label, 1), label })
    expect(labelRoom([named('one')])).toBe(labelRoom([named('a longer name, alone')]))
    expect(labelRoom([named('总损失'), named('a')])).toBeGreaterThan(labelRoom([named('sum'), named('a')]))
    expect(labelRoom([named('x'.repeat(90)), named('y')])).toBe(150)
  })

  it('is walked by keys, not beyond its ends', () => {
    expect(['ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', 'a'].map((key) => placeAfter(key, 3, 20))).toEqual([2, 4, 0, 19, 0, 13, undefined])
    expect([placeAfter('ArrowRight', 19, 20), placeAfter('ArrowLeft', 0, 20)]).toEqual([19, 0])
  })
})

describe('labels at the ends of curves', () => {
  it('stay where they are when there is room, and share it when there is not', () => {
    expect(spreadLabels([10, 50], 12, 0, 100)).toEqual([10, 50])
    expect(spreadLabels([50, 52], 12, 0, 100)).toEqual([45, 57])
    expect(spreadLabels([], 12, 0, 100)).toEqual([])
  })

  it('never overlap, keep their order and stay inside', () => {
    fc.assert(
      fc.property(fc.array(finite(0, 300), { maxLength: 12 }), (wanted) => {
        const placed = spreadLabels(wanted, 14, 0, 300)
        const order = wanted.map((_value, index) => index).sort((a, b) => wanted[a] - wanted[b] || a - b)
        order.slice(1).forEach((index, at) => expect(placed[index] - placed[order[at]]).toBeGreaterThan(14 - 1e-6))
        for (const place of placed) expect(place >= -1e-6 && place <= 300 + 1e-6).toBe(true)
      }),
    )
  })

  it('are moved as little as possible: no small common move of a cluster is better', () => {
    fc.assert(
      fc.property(fc.array(finite(100, 200), { minLength: 2, maxLength: 6 }), (wanted) => {
        const placed = spreadLabels(wanted, 14, -1e6, 1e6)
        const cost = (moved: readonly number[]) => moved.reduce((sum, place, index) => sum + (place - wanted[index]) ** 2, 0)
        const order = wanted.map((_value, index) => index).sort((a, b) => placed[a] - placed[b])
        const apart = (moved: readonly number[]) => order.slice(1).every((index, at) => moved[index] - moved[order[at]] >= 14 - 1e-9)
        // Any stretch of neighbours moved together by a little, where that is allowed.
        for (let from = 0; from < order.length; from++) {
          for (let to = from; to < order.length; to++) {
            for (const step of [-0.01, 0.01]) {
              const moved = placed.map((place, index) => (order.indexOf(index) >= from && order.indexOf(index) <= to ? place + step : place))
              if (apart(moved)) expect(cost(moved)).toBeGreaterThan(cost(placed) - 1e-6)
            }
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

const css = readFileSync(resolve(import.meta.dirname, '../../src-renderer/styles/tokens.css'), 'utf8')
const token = (name: string): Record<'light' | 'dark', string> => {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css)
  if (found === null) throw new Error(`tokens.css has no --${name}`)
  return { light: found[1], dark: found[2] }
}

/** WCAG 2.2. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

describe.each(['light', 'dark'] as const)('the curves of the %s theme', (theme) => {
  const curves = Array.from({ length: 8 }, (_value, index) => `chart-${index + 1}`)

  it.each(curves)('%s reaches 3:1 on the ground of charts', (name) => {
    for (const ground of ['surface', 'paper']) {
      const [light, dark] = [luminance(token(name)[theme]), luminance(token(ground)[theme])].sort((a, b) => b - a)
      expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(3)
    }
  })

  it('are never told by colour alone: of sixteen no two have the same dashes and colour, of eight no two the same dashes', () => {
    const styles = Array.from({ length: 16 }, (_value, index) => seriesStyle(index))
    expect(new Set(styles.slice(0, 8).map(({ dash }) => dash)).size).toBe(8)
    expect(new Set(styles.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(16)
  })
})

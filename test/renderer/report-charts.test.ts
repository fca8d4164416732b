import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReliabilityBin, ScoreHistogram, SubjectScores } from '../../src-main/contract/schemas/report.ts'
import { commonScale, intervalPlaces } from '../../src-renderer/charts/interval-bar.ts'
import { detAxis, detTicks } from '../../src-renderer/charts/det-plot.ts'
import { foundAxis, rankAxis } from '../../src-renderer/charts/cmc-plot.ts'
import { normalDeviate, rateOfDeviate } from '../../src-renderer/charts/normal-deviate.ts'
import { labelledTicks, nearest, place, roomForLabels } from '../../src-renderer/charts/plot-axis.ts'
import { tabSeparated } from '../../src-renderer/charts/plot-file.ts'
import { intervalText, pointsText, rateText, scoreText } from '../../src-renderer/charts/rate-text.ts'
import { reliabilityPoints } from '../../src-renderer/charts/reliability-diagram.ts'
import { below, binEdges, outline, overlap } from '../../src-renderer/charts/score-histogram.ts'
import { modelMarks } from '../../src-renderer/charts/series-marks.ts'
import { kindOf, roomForNames, zooPoint } from '../../src-renderer/charts/zoo-plot.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { normalCdf, probit } from '../../src-main/learning/evaluation/normal-deviate.ts'
import { sampleReport } from './sample-report.ts'

const format = new Format('en')
const report = sampleReport({ people: 55, replicates: 100 })

describe('the normal-deviate axis', () => {
  it('is the inverse of the normal distribution, as another algorithm computes it', () => {
    fc.assert(fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (rate) => {
      expect(Math.abs(normalDeviate(rate) - probit(rate))).toBeLessThan(1e-6 * Math.max(1, Math.abs(probit(rate))))
      expect(normalCdf(normalDeviate(rate))).toBeCloseTo(rate, 7)
    }))
    for (const deviate of [-3, -1.959964, 0, 1.2816]) expect(rateOfDeviate(deviate)).toBeCloseTo(normalCdf(deviate), 6)
    expect([normalDeviate(0), normalDeviate(0.5), normalDeviate(1)]).toEqual([-Infinity, 0, Infinity])
  })

  it('puts a point of the report where its columns say', () => {
    for (const { evaluation } of Object.values(report.systems)) {
      const { fmr, fnmr, x, y } = evaluation.byBeats[0].det
      expect(fmr.length).toBeGreaterThan(20)
      fmr.forEach((rate, i) => {
        expect(normalDeviate(rate)).toBeCloseTo(x[i], 3)
        expect(normalDeviate(fnmr[i])).toBeCloseTo(y[i], 3)
      })
    }
  })

  it('goes from 0.1 to 40 % with a tick at each, further for a model that knows little', () => {
    const usual = detAxis('FMR', [0.08, null], (rate) => String(rate * 100))
    expect(usual.ticks.map(({ label }) => Number(label))).toEqual(detTicks.map((rate) => rate * 100))
    expect(usual.ticks.map(({ at }) => at)).toEqual([...usual.ticks.map(({ at }) => at)].sort((a, b) => a - b))
    expect([usual.low, usual.high]).toEqual([normalDeviate(0.001), 0])
    expect(detAxis('FMR', [0.45], String).high).toBeCloseTo(1.2816, 3)
  })
})

describe('axes', () => {
  it('place values between pixels, either way up', () => {
    expect(place({ low: 0, high: 2 }, 10, 110)(1)).toBe(60)
    expect(place({ low: 0, high: 1 }, 200, 0)(0.25)).toBe(150)
  })

  it('find the value nearest to a pointer', () => {
    expect([nearest([0, 3, 8], 4), nearest([8, 3, 0], 9), nearest([0, 2], 1), nearest([], 1)]).toEqual([1, 0, 0, -1])
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 30 }), fc.double({ min: -60, max: 60, noNaN: true }), (column, wanted) => {
        expect(Math.abs(column[nearest(column, wanted)] - wanted)).toBe(Math.min(...column.map((value) => Math.abs(value - wanted))))
      }),
    )
  })

  it('leave out labels that would touch', () => {
    expect(roomForLabels([0, 10, 30, 35, 60], 25)).toEqual([true, false, true, false, true])
  })

  it('of ranks begin at 1 and end with the people there are', () => {
    expect(rankAxis('', [{ rank: [1, 2, 3, 4, 5, 6, 7] }], String)).toMatchObject({ low: 1, high: 7 })
    expect(rankAxis('', [{ rank: Array.from({ length: 90 }, (_, i) => i + 1) }], String).high).toBe(20)
    expect(foundAxis('', [{ rate: [0.62, 0.9] }, { rate: [0.77, 1] }], String)).toMatchObject({ low: 0.6, high: 1 })
    expect(foundAxis('', [{ rate: [] }], String).high).toBe(1)
  })

  it('tell scores apart that differ in their fourth decimal', () => {
    const labels = labelledTicks(0.9985, 0.9993, 4, (at, decimals) => format.signed(at, decimals)).map(({ label }) => label)
    expect(labels).toEqual(['0.9986', '0.9988', '0.9990', '0.9992'])
    expect(labelledTicks(-0.4, 0.2, 4, (at, decimals) => format.signed(at, decimals)).map(({ label }) => label)).toEqual(['\u22120.4', '\u22120.2', '0.0', '0.2'])
  })
})

describe('the score histogram', () => {
  const histogram: ScoreHistogram = { low: 0, high: 1, genuine: [0, 1, 3], impostor: [6, 2, 0] }

  it('has one edge more than bins and outlines whose area is all of it', () => {
    expect(binEdges(histogram)).toEqual([0, 1 / 3, 2 / 3, 1])
    for (const kind of ['genuine', 'impostor'] as const) {
      const { score, share } = outline(histogram, kind)
      const area = score.slice(1).reduce((sum, at, i) => sum + (at - score[i]) * ((share[i + 1] + share[i]) / 2), 0)
      expect(area).toBeCloseTo(1 / 3, 9)
      expect([share[0], share.at(-1)]).toEqual([0, 0])
    }
  })

  it('tells how much lies below a score', () => {
    expect(below(histogram, 'genuine', 2 / 3)).toBeCloseTo(0.25, 9)
    expect(below(histogram, 'genuine', 5 / 6)).toBeCloseTo(0.25 + 0.75 / 2, 9)
    expect([below(histogram, 'impostor', -1), below(histogram, 'impostor', 2)]).toEqual([0, 1])
    // At the threshold of validation it is about what the report counted there.
    const [probes] = report.systems.student?.evaluation.byBeats ?? []
    const [point] = probes.operatingPoints
    if (probes.histogram === null) throw new Error('the report has no histogram')
    expect(Math.abs(below(probes.histogram, 'genuine', point.threshold) - (point.fnmr.value ?? 1))).toBeLessThan(0.02)
    expect(Math.abs(1 - below(probes.histogram, 'impostor', point.threshold) - (point.fmr.value ?? 1))).toBeLessThan(0.02)
  })

  it('says what both kinds have in common', () => {
    expect(overlap(histogram)).toBeCloseTo(0.25, 9)
    expect(overlap({ ...histogram, impostor: [4, 0, 0] })).toBe(0)
    expect(overlap({ ...histogram, impostor: histogram.genuine })).toBe(1)
  })

  it('counts every trial of a real report', () => {
    for (const { evaluation } of Object.values(report.systems)) {
      const [probes] = evaluation.byBeats
      expect(probes.histogram?.genuine.reduce((sum, count) => sum + count, 0)).toBe(probes.genuineTrials)
      expect(probes.histogram?.impostor.reduce((sum, count) => sum + count, 0)).toBe(probes.impostorTrials)
    }
  })
})

/** Expected calibration error (Guo et al., ICML 2017, eq. 3), from the bins alone. */
function ownEce(bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { count }) => sum + count, 0)
  return bins.reduce((sum, { count, confidence, accuracy }) => sum + (count / all) * Math.abs((confidence ?? 0) - (accuracy ?? 0)), 0)
}

describe('the reliability diagram', () => {
  it('has bins whose mean gap is the ECE that the report says', () => {
    for (const { evaluation } of Object.values(report.systems)) {
      const { before, after } = evaluation.calibration ?? {}
      expect(before).toBeDefined()
      for (const measures of [before, after]) if (measures) expect(ownEce(measures.reliability)).toBeCloseTo(measures.ece, 4)
    }
  })

  it('leaves out empty bins and shows many samples as a large mark', () => {
    const points = reliabilityPoints([{ low: 0, high: 0.5, count: 0, confidence: null, accuracy: null }, { low: 0.5, high: 0.9, count: 10, confidence: 0.8, accuracy: 0.7 }, { low: 0.9, high: 1, count: 90, confidence: 0.95, accuracy: 0.9 }])
    expect(points.map(({ confidence }) => confidence)).toEqual([0.8, 0.95])
    expect(points[1].size).toBeGreaterThan(points[0].size)
  })
})

describe('the subjects', () => {
  const scores: SubjectScores = { subject: 'S001', probes: 3, genuine: 0.8, asTemplate: 0.1, asProbe: 0.2, animals: [] }

  it('stand at their own and the mean of the others’ scores', () => {
    expect(zooPoint(scores)?.impostor).toBeCloseTo(0.15, 12)
    expect(zooPoint({ ...scores, asProbe: null })).toEqual({ genuine: 0.8, impostor: 0.1 })
    expect(zooPoint({ ...scores, genuine: null })).toBeNull()
    expect(['goat', 'several', 'sheep']).toEqual([kindOf({ animals: ['goat'] }), kindOf({ animals: ['goat', 'wolf'] }), kindOf(scores)])
  })

  it('are named where there is room', () => {
    expect(roomForNames([{ x: 0, y: 0, name: 'S001' }, { x: 5, y: 4, name: 'S002' }, { x: 5, y: 40, name: 'S003' }, { x: 90, y: 0, name: 'S004' }])).toEqual([true, false, true, true])
  })
})

describe('interval bars', () => {
  it('lie on one scale and are cut off at its ends', () => {
    expect(intervalPlaces({ value: 0.1, interval: { low: -0.1, high: 0.3 }, reference: 0 }, 0, 0.2)).toEqual({ value: 0.5, low: 0, high: 1, reference: 0 })
    expect(intervalPlaces({ value: null, interval: null, reference: null }, 0, 1)).toEqual({ value: null, low: null, high: null, reference: null })
    expect(commonScale([{ value: 0.1, interval: { low: 0.05, high: 0.2 } }, { value: 0.15, interval: null }])).toBeCloseTo(0.212, 9)
  })
})

describe('rates in words', () => {
  it('never show little as none or nearly all as all', () => {
    expect([0, 0.00042, 0.0042, 0.0832, 0.5, 0.9996, 1].map((rate) => rateText(format, rate))).toEqual(['0%', '0.042%', '0.42%', '8.3%', '50.0%', '99.960%', '100%'])
    expect(intervalText(format, { low: 0.021, high: 0.085 })).toBe('2.1\u20138.5%')
    expect([-0.0042, 0.031, 0].map((difference) => pointsText(format, difference))).toEqual(['\u22120.42', '+3.1', '0.00'])
    expect(scoreText(format, -0.0561)).toBe('\u22120.056')
  })

  it('copy as columns for a spreadsheet', () => {
    expect(tabSeparated(['a', 'b'], [[1, 'x'], [null, 0.5]])).toBe('a\tb\n1\tx\n\t0.5\n')
  })
})

const css = readFileSync(resolve(import.meta.dirname, '../../src-renderer/styles/tokens.css'), 'utf8')
const colour = (name: string, side: 1 | 2): string => new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css)?.[side] ?? ''
const luminance = (hex: string): number => {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

describe('the lines of models', () => {
  it('are told apart by dashes and by shape, without any colour', () => {
    const marks = Object.values(modelMarks)
    expect(new Set(marks.map(({ dash }) => dash)).size).toBe(marks.length)
    expect(new Set(marks.map(({ shape }) => shape)).size).toBe(marks.length)
  })

  it.each([['light', 1], ['dark', 2]] as const)('reach 3:1 on every ground they are drawn on: %s', (_theme, side) => {
    for (const { colour: value } of Object.values(modelMarks)) {
      const name = /--([\w-]+)/.exec(value)?.[1] ?? ''
      for (const ground of ['surface', 'sunken', 'accent-soft']) {
        const [dark, light] = [luminance(colour(name, side)), luminance(colour(ground, side))].sort((a, b) => a - b)
        expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(3)
      }
    }
  })
})

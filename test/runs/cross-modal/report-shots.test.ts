import { describe, expect, it } from 'vitest'
import { NShotEvaluation, RunReport, type NShotResult } from '../../../src-main/contract/index.ts'
import { reportPage } from '../../../src-main/runs/report-page.ts'
import { shotsPlot } from '../../../src-main/runs/svg/shots-plot.ts'
import { aRecord, aReport } from '../a-report.ts'
import { malformations } from '../well-formed.ts'

const result = (people: NShotResult['people'], shots: number, beats: number, from: number): NShotResult => ({
  people, shots, beats, subjects: people === 'seen' ? 46 : 23, short: shots === 10 ? 4 : 0, probes: 1086 + beats, rank1: { value: from + 0.031 * shots, interval: { low: from, high: from + 0.4 } }, eer: { value: 0.2113 - 0.01 * shots, interval: null },
})
const nShot = (from: number) => NShotEvaluation.parse({ draws: 20, replicates: 200, seed: 77, results: (['seen', 'unseen'] as const).flatMap((people) => [1, 0].flatMap((beats) => [1, 10].map((shots) => result(people, shots, beats, from)))) })

function withShots(): RunReport {
  const report = aReport()
  if (report.systems.student) report.systems.student.nShot = nShot(0.4123)
  if (report.systems.scratch) report.systems.scratch.nShot = nShot(0.3777)
  if (report.systems.student) report.systems.teacher = { ...report.systems.student, nShot: nShot(0.5) }
  return RunReport.parse(report)
}

describe('few windows on the report page', () => {
  const record = aRecord('A run')
  const page = reportPage(record, withShots(), [])
  const section = /<section><h2>Enrolment with few windows<\/h2>([^]*?)<\/section>/.exec(page)?.[1] ?? ''

  it('is there only where it was asked', () => {
    expect(section).not.toBe('')
    expect(reportPage(record, aReport(), [])).not.toContain('Enrolment with few windows')
    expect(malformations(page)).toEqual([])
  })

  it('has every figure with its interval, for seen and unseen people, and who had too few windows', () => {
    for (const figure of ['44.33 % [41.23, 81.23]', '72.23 % [41.23, 81.23]', '40.87 % [37.77, 77.77]', '53.10 % [50.00, 90.00]', '20.13 % (no interval)', '11.13 % (no interval)', '0, 4 of 46', '0, 4 of 23', 'Unseen people with fewer windows than 1, 10', '1,087', '1,086', '20 times', '200 draws of people, seed 77', 'Decisions from 1 beat', 'Decisions from all beats of a recording']) expect(section.includes(figure), figure).toBe(true)
  })

  it('draws student and scratch against one another, a plot for each rate and group, with their intervals', () => {
    expect([...section.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title)).toEqual([...Array(2)].flatMap(() => ['Rank-1: seen people', 'Rank-1: unseen people', 'EER: seen people', 'EER: unseen people']))
    // Two curves in each of eight plots; intervals only of rank-1.
    expect(section.match(/class="curve s[01]" d="/g)).toHaveLength(16)
    expect(section.match(/class="whisker s[01]"/g)).toHaveLength(8)
    expect(section).not.toMatch(/class="(curve|whisker) s2"/)
  })

  it('says so where there are too few people', () => {
    const report = withShots()
    for (const system of Object.values(report.systems)) if (system.nShot) system.nShot.results = []
    expect(reportPage(record, report, [])).toContain('In neither group are there two people to tell apart.')
  })
})

it('plots of the same estimates have the same axis, whose end is the best that there is', () => {
  const estimate = { value: 0.3, interval: { low: 0.2, high: 0.4 } }
  const far = { value: 0.8, interval: { low: 0.7, high: 0.9 } }
  const ticks = (svg: string) => [...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, text]) => text)
  const own = shotsPlot('a', 'EER', [{ name: 'student', points: [{ shots: 1, estimate }] }], 0, [far])
  const other = shotsPlot('b', 'EER', [{ name: 'student', points: [{ shots: 1, estimate: far }] }], 0, [estimate])
  expect(ticks(own)).toEqual(ticks(other))
  expect(ticks(own)[0]).toBe('0 %')
  expect(own).not.toContain('NaN')
})

import { render } from 'svelte/server'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ModelName } from '../../src-main/contract/schemas/learning.ts'
import { NShotEvaluation, type NShotResult } from '../../src-main/contract/schemas/n-shot.ts'
import type { RunReport } from '../../src-main/contract/schemas/report.ts'
import { asideOf, ratesAxis, shotsAxis } from '../../src-renderer/charts/shots-plot.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import { shortOf, shotsOf } from '../../src-renderer/views/report/shots-words.ts'
import ShotsPane from '../../src-renderer/views/report/ShotsPane.svelte'
import { elements, nameless, words } from './markup.ts'

const shots = [1, 3, 5, 10]
type Change = (result: NShotResult) => Partial<NShotResult>

/** Rank-1 of 40 % and 5 points more per shot (seen: 20 more), EER of 20 % and a point less per shot; intervals of 10 points to either side. */
function nShot(people: readonly NShotResult['people'][], change: Change = () => ({}), more = 0): NShotEvaluation {
  const results = people.flatMap((group) => [1, 5].flatMap((beats) => shots.map((each): NShotResult => {
    const rank1 = 0.4 + 0.05 * each + (group === 'seen' ? 0.0 : -0.2) + more
    const eer = 0.2 - 0.01 * each
    const around = (value: number) => ({ value, interval: { low: value - 0.1, high: value + 0.1 } })
    const result: NShotResult = { people: group, shots: each, beats, subjects: group === 'seen' ? 46 : 23, short: 0, probes: beats === 1 ? 1086 : 408, rank1: around(rank1), eer: around(eer) }
    return { ...result, ...change(result) }
  })))
  return NShotEvaluation.parse({ draws: 20, replicates: 200, seed: 1, results })
}

type System = NonNullable<RunReport['systems'][ModelName]>
const model = (name: ModelName, evaluation?: NShotEvaluation) => ({ name, system: { nShot: evaluation } as System, probes: {} as never })
const html = (models: ReturnType<typeof model>[], chosen: ModelName = 'student', beats = 1) => render(ShotsPane, { props: { models, chosen, beats, unit: 'window' } }).body

describe('enrolment with few windows', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it('compares student and scratch for seen and unseen people, with intervals, in plots and a table', () => {
    const body = html([model('student', nShot(['seen', 'unseen'], undefined, 0.013)), model('teacher', nShot(['seen'])), model('scratch', nShot(['seen', 'unseen']))])
    const text = words(body)
    for (const part of [
      'Enrolment with few windows', '20 times', 'Seen people: 46 subjects, 1,086 probes a draw (1 window).', 'Unseen people: 23 subjects', 'Everybody had as many windows as were asked for.',
      'Rank-1: seen people', 'Rank-1: unseen people', 'EER: seen people', 'EER: unseen people', '46.3%', '36.3–56.3%', '45.0%', '19.0%', '9.0–29.0%',
    ]) expect(text).toContain(part)
    expect(elements(body, 'figure')).toHaveLength(4)
    // An interval for each of two models at each of four numbers of windows, in four plots.
    expect(body.match(/class="interval/g)).toHaveLength(2 * 4 * 4)
    expect(elements(body, 'tr')).toHaveLength(1 + 2 * 4)
    expect(text).not.toContain('Teacher')
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/)
    expect(nameless(body)).toEqual([])
  })

  it('adds the chosen model where it is another, and leaves out a group that is not there', () => {
    const body = html([model('student', nShot(['unseen'])), model('teacher', nShot(['unseen'])), model('scratch', nShot(['unseen']))], 'teacher')
    expect(words(body)).toContain('Teacher')
    expect(elements(body, 'figure')).toHaveLength(2)
    expect(body.match(/class="interval/g)).toHaveLength(3 * 4 * 2)
    expect(words(body)).not.toContain('Seen people:')
  })

  it('says who had too few windows, once for models of the same signal', () => {
    const few = (most: number): Change => ({ people, shots: each }) => ({ short: people === 'unseen' && each >= 5 ? (each === 10 ? most : 1) : 0 })
    const twins = [model('student', nShot(['seen', 'unseen'], few(3))), model('scratch', nShot(['seen', 'unseen'], few(3)))]
    const text = words(html(twins))
    expect(text.match(/fewer than 10 windows; their template is of all that they have/g)).toHaveLength(1)
    expect(text).toContain('Student: 3 of 23 (unseen people) have fewer than 10 windows')
    expect(text).not.toContain('Everybody')
    const teacher = [...twins, model('teacher', nShot(['seen', 'unseen'], few(8)))]
    expect(words(html(teacher, 'teacher'))).toContain('Teacher: 8 of 23 (unseen people)')
    expect(words(html(teacher, 'teacher'))).toContain('Student 3 · Student alone 3 · Teacher 8')
    expect(shortOf(shotsOf(teacher, 'teacher', 1))).toEqual([{ model: 'student', people: 'unseen', subjects: 23, short: 3, shots: 10 }, { model: 'teacher', people: 'unseen', subjects: 23, short: 8, shots: 10 }])
  })

  it('follows the windows of a decision', () => {
    expect(words(html([model('student', nShot(['unseen']))], 'student', 5))).toContain('408 probes a draw (5 windows)')
  })

  it('is not there where nobody asked, and says it where there are too few people or no figure', () => {
    expect(words(html([model('student'), model('scratch')]))).toBe('')
    expect(words(html([model('student', nShot([]))]))).toContain('In neither group are there two people')
    const without = words(html([model('student', nShot(['unseen'], () => ({ eer: { value: null, interval: null }, rank1: { value: 0.5, interval: null } })))]))
    expect(without).toContain('none')
    expect(without).not.toMatch(/NaN|undefined|null/)
  })

  it('speaks Chinese', () => {
    language.locale = 'zh-CN'
    const text = words(html([model('student', nShot(['seen', 'unseen'], () => ({ short: 2 })))]))
    for (const part of ['少量窗口注册', '见过的人：46 位受试者', '2 位不足 1 个窗口']) expect(text).toContain(part)
    expect(text).not.toMatch(/Windows|People|people/)
  })
})

describe('the axes', () => {
  it('hold every interval, from the end that is perfect, in whole tenths', () => {
    const estimates = [{ value: 0.6, interval: { low: 0.436, high: 0.742 } }, { value: 0.9, interval: null }, { value: null, interval: null }]
    expect(ratesAxis('', estimates, 1, String)).toMatchObject({ low: 0.4, high: 1 })
    expect(ratesAxis('', estimates, 0, String)).toMatchObject({ low: 0, high: 0.9 })
    expect(ratesAxis('', [], 0, String)).toMatchObject({ low: 0, high: 0.1 })
    expect(ratesAxis('', [{ value: 1, interval: { low: 0, high: 1 } }], 1, String).low).toBe(0)
    expect(ratesAxis('', estimates, 1, (value, decimals) => value.toFixed(decimals)).ticks.map(({ label }) => label)).toEqual(['40', '50', '60', '70', '80', '90', '100'])
  })

  it('has a tick at every number of windows and room beside the outermost', () => {
    const axis = shotsAxis('', [10, 1, 3, 3], String)
    expect(axis.ticks.map(({ at }) => at)).toEqual([1, 3, 10])
    expect([axis.low < 1, axis.high > 10]).toEqual([true, true])
    expect([0, 1, 2].map((index) => asideOf(index, 3))).toEqual([-7, 0, 7])
  })
})

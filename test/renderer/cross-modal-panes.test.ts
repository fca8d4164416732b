import { render } from 'svelte/server'
import { beforeEach, describe, expect, it } from 'vitest'
import { CrossModalReport, type OverlapByKind, type OverlapCell } from '../../src-main/contract/schemas/cross-modal-report.ts'
import { crossModalLines } from '../../src-main/hosts/cli/cross-modal-words.ts'
import { vennCircles, vennCounts, vennSize } from '../../src-renderer/charts/trial-venn.ts'
import { language } from '../../src-renderer/strings/language.svelte.ts'
import CrossModalPanes from '../../src-renderer/views/report/CrossModalPanes.svelte'
import { elements, nameless, words } from './markup.ts'

const truths = [true, false]
const eight = (counts: readonly number[]): OverlapCell[] => truths.flatMap((scratch) => truths.flatMap((student) => truths.map((other) => ({ scratch, student, other })))).map((cell, i) => ({ ...cell, trials: counts[i] }))
const four = (counts: readonly number[]): OverlapCell[] => truths.flatMap((scratch) => truths.map((student) => ({ scratch, student, other: null }))).map((cell, i) => ({ ...cell, trials: counts[i] }))

// Alone right: 5001 + 102 + 33 + 8; fixed 573 (487 right for the other), broken 41 (33).
const genuine: OverlapByKind = { kind: 'genuine', trials: 5886, cells: eight([5001, 102, 33, 8, 487, 86, 120, 49]), fixed: { trials: 573, otherRight: 487 }, broken: { trials: 41, otherRight: 33 }, difference: { value: 0.0904, interval: { low: 0.0512, high: 0.131 } }, mcnemarP: 1e-9 }
const impostor: OverlapByKind = { ...genuine, kind: 'impostor', difference: { value: -0.0042, interval: null }, mcnemarP: 0.41 }
const fixed = { threshold: 0.41, rule: 'validation-eer' as const }
const likeness = { pearson: -0.079, cosineDistance: 0.583, mmd: 0.317, cka: 0.442, ckaByChance: 0.053 }

const report = CrossModalReport.parse({
  lanes: { teacher: 'ecg', student: 'ppg' },
  teachability: { teacher: 'fusion', parts: [{ part: 'test', windows: 1000, paired: 4321, dimensions: { teacher: 256, student: 256 }, start: { ...likeness, cka: 0.311 }, end: likeness }], assessment: [{ epoch: 1, rate: 0.2 }, { epoch: 2, rate: 0.44 }] },
  overlaps: [
    { beats: 1, other: 'teacher', probes: 654, templates: 9, thresholds: { scratch: fixed, student: fixed, other: { threshold: 0.3, rule: 'own-eer' } }, kinds: [genuine, impostor] },
    { beats: 5, other: 'teacher', probes: 130, templates: 9, thresholds: { scratch: fixed, student: fixed, other: fixed }, kinds: [genuine, impostor] },
  ],
  matching: [{ epoch: 1, partners: 0.973, changed: null, similarity: 0.351, comparisons: 12_345, seconds: 1.177, transmissionCost: null }, { epoch: 4, partners: null, changed: 0.183, similarity: 0.712, comparisons: null, seconds: null, transmissionCost: null }],
})

const html = (crossModal: CrossModalReport, beats = 1) => render(CrossModalPanes, { props: { crossModal, beats, unit: 'beat' } }).body

describe('the panes of a report about two modalities', () => {
  beforeEach(() => {
    language.locale = 'en'
  })

  it('say what was taught, fixed and broken, and how well it is known', () => {
    const text = words(html(report))
    for (const part of [
      'Taught by ECG; the student needs PPG alone', 'those of Fusion', '−0.079', '0.311', '0.442', '1,000 of 4,321 pairs', 'Who is wrong where', '654 probes against 9 templates (1 beat)', '5,886 genuine trials', '573', '85.0% right for Teacher', '80.5% right for Teacher',
      '+9.0 points', '95%: +5.1 to +13.1', '−0.42 points', 'too few subjects for an interval', '&lt; 0.001', 'those of one person are not', 'could not fix the threshold of Teacher', 'Matching', '12,345', '97.3%', '18.3%',
    ]) expect(text).toContain(part)
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/)
    expect(text).not.toContain('Delay')
  })

  it('say by which delay beats of both belong together', () => {
    const transit = { recordings: 8, told: 7, seconds: { lowest: 0.19, median: 0.276, highest: 0.448 }, windows: 1200, paired: 1187 }
    expect(words(html({ ...report, transit }))).toContain('which 7 of 8 recordings tell themselves; 1,187 of 1,200 beats have a partner. Delay: 0.28 s in the middle, 0.19 to 0.45 s.')
    expect(words(html({ ...report, transit: { ...transit, told: 0, seconds: null } }))).not.toContain('Delay:')
  })

  it('follow the chosen number of beats where it was looked at, else stay at the headline\'s', () => {
    expect(words(html(report, 5))).toContain('130 probes against 9 templates (5 beats)')
    expect(words(html(report, 5))).not.toContain('could not fix')
    expect(words(html(report, 0))).toContain('(5 beats)')
  })

  it('say what there is not: pairs, equal dimensions, a student alone, a matching', () => {
    const without = words(html({ ...report, teachability: { teacher: 'teacher', parts: [], assessment: [] }, overlaps: [], matching: [] }))
    for (const part of ['Neither the test nor validation', 'Without the student alone']) expect(without).toContain(part)
    expect(without).not.toContain('Matching')
    const [part] = report.teachability.parts
    const unlike = words(html({ ...report, teachability: { ...report.teachability, parts: [{ ...part, dimensions: { teacher: 512, student: 64 }, start: null, end: { ...likeness, pearson: null, mmd: null, cosineDistance: null } }] } }))
    expect(unlike).toContain('The teacher has 512 dimensions, the student 64')
    expect(unlike).not.toMatch(/NaN|undefined|null/)
  })

  it('name every control and tell every drawing in words', () => {
    const markup = html(report)
    expect(nameless(markup)).toEqual([])
    const pictures = elements(markup, 'svg').filter(({ attributes }) => attributes.includes('role="img"') && !attributes.includes('aria-hidden'))
    expect(pictures).toHaveLength(2)
    for (const { attributes } of pictures) for (const name of ['labelledby', 'describedby']) expect(markup).toContain(`id="${new RegExp(`aria-${name}="([^"]+)"`).exec(attributes)?.[1]}"`)
    expect(words(markup)).toContain('Wrong genuine trials: none wrong: 5,001; Teacher wrong: 102; Student wrong: 33; Student wrong, Teacher wrong: 8; Student alone wrong: 487; Student alone wrong, Teacher wrong: 86; Student alone wrong, Student wrong: 120; Student alone wrong, Student wrong, Teacher wrong: 49.')
  })

  it('are said in Chinese too', () => {
    language.locale = 'zh-CN'
    expect(html(report)).toContain('aria-label="跨模态"')
    const text = words(html(report))
    for (const part of ['单独学生错、学生错、教师错：49。', '可教性', '谁错在哪里', '其中 85.0% 教师判对', '匹配']) expect(text).toContain(part)
  })
})

describe('circles of wrong trials', () => {
  it.each([['three', eight([1, 2, 3, 4, 5, 6, 7, 8])], ['two', four([1, 2, 3, 4])]] as const)('have every count inside exactly the circles of who is wrong: %s', (_name, cells) => {
    const circles = vennCircles(cells)
    for (const { x, y, wrong } of vennCounts(cells)) {
      expect(circles.filter((circle) => Math.hypot(circle.x - x, circle.y - y) < vennSize.radius).map(({ judge }) => judge)).toEqual(wrong)
      expect(x > 0 && x < vennSize.width && y > 0 && y < vennSize.height).toBe(true)
    }
    expect(vennCounts(cells).map(({ trials }) => trials)).toEqual(cells.map(({ trials }) => trials))
  })
})

describe('the terminal', () => {
  it('says the same in lines', () => {
    const lines = crossModalLines(report, 'beat')
    expect(lines).toContain('Teachability against fusion, test, 1000 windows (untaught -> taught): Pearson -0.079 -> -0.079, COS 0.583 -> 0.583, MMD 0.317 -> 0.317, CKA 0.311 -> 0.442, CKA by chance 0.053')
    expect(lines).toContain('5886 genuine trials, 1 beat: fixed 573 (85.0 % right for teacher), broken 41 (80.5 % right for teacher): 9.0 points [5.1, 13.1], McNemar p 1.0e-9 (as if trials were independent)')
    expect(lines).toContain('Matchings of windows: 2; at the last 18.3 % of the pairs were other ones than at first, mean similarity 0.712')
    expect(lines.filter((line) => /undefined|NaN|null/.test(line))).toEqual([])
  })
})

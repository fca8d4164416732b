import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RunReport } from '../../src-main/contract/index.ts'
import { nodeFiles } from '../../src-main/dataset/files.ts'
import { modelCard } from '../../src-main/runs/model-card.ts'
import { writeReportFiles } from '../../src-main/runs/report-files.ts'
import { reportPage } from '../../src-main/runs/report-page.ts'
import { sentenceWords } from '../../src-main/runs/report-words.ts'
import { RunStore } from '../../src-main/runs/run-store.ts'
import { curve } from '../../src-main/runs/svg/plot.ts'
import { escapeMarkup } from '../../src-main/runs/svg/markup.ts'
import { roundTicks } from '../../src-main/runs/svg/ticks.ts'
import { temporaryFolder } from '../dataset/temporary-folder.ts'
import { aRecord, aReport, someEpochs } from './a-report.ts'
import { malformations } from './well-formed.ts'

const hostile = '</title><script>alert(1)</script><img src=x onerror="a" \'&amp;\u0000\ud800]]>'

type Path = readonly (string | number)[]

function leaves(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (value === null || typeof value !== 'object') return [{ path, value }]
  const entries = Object.entries(value)
  // Of a column the ends and the middle: they all go the same way.
  const looked = Array.isArray(value) && entries.length > 4 ? [entries[0], entries[entries.length >> 1], entries[entries.length - 1]] : entries
  return looked.flatMap(([key, inner]) => leaves(inner, [...path, key]))
}

function withLeaf<T>(root: T, path: Path, value: unknown): T {
  const copy = structuredClone(root)
  let at = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[path[path.length - 1]] = value
  return copy
}

describe('the report page', () => {
  const report = aReport()
  const record = aRecord('A run')
  const page = reportPage(record, report, someEpochs())

  it('is well-formed, needs nothing from anywhere, and allows nothing but its own style sheet', () => {
    expect(malformations(page)).toEqual([])
    expect(page.match(/https?:|\/\/[\w.]|\burl\(|@import|\bsrc=|\bhref=|<script|<link|\bon\w+=|javascript:/gi)).toBeNull()
    // A style attribute would need 'unsafe-inline'.
    expect(page).not.toMatch(/\sstyle="/)
    const [, style] = /<style>([^]*?)<\/style>/.exec(page) ?? []
    expect(page).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-${createHash('sha256').update(style).digest('base64')}&#39;;`)
    expect(style).toContain('prefers-color-scheme:dark')
    expect(style).toContain('@media print')
    expect(page.length).toBeLessThan(600_000)
  })

  it('shows every figure and every word of the report: another one makes another page', () => {
    // Told in other words: a curve is drawn by its deviates; what a row is about finds its figure; bins are the same before and after; a sentence's code decides what it says at all.
    const told = /^formatVersion$|^sentences\.\d+\.code$|\.det\.(fmr|fnmr)\.|\.minDcf\.\d+\.prior$|\.fnmrAtFmr\.\d+\.fmr$|\.fpir$|\.decisions\.\d+\.prior$|\.byBeats\.\d+\.beats$|\.after\.reliability\.\d+\.(low|high)$/
    const silent = leaves(report).filter(({ path, value }) => {
      if (told.test(path.join('.'))) return false
      const other = typeof value === 'number' ? (Number.isInteger(value) ? value + 7 : value * 0.71 + 0.0137) : value === 'gallery' ? 'head' : typeof value === 'boolean' ? !value : value === null ? null : `${String(value)}-changed`
      return other !== null && reportPage(record, withLeaf(report, path, other), someEpochs()) === page
    })
    expect(silent.map(({ path }) => path.join('.'))).toEqual([])
  })

  it('has the figures that a reader looks for, in the rounding of the house', () => {
    const planted = structuredClone(report)
    const probe = planted.systems.student?.evaluation.byBeats[0]
    if (!probe) throw new Error('no student')
    probe.eer = { value: 0.04321, interval: { low: 0.02111, high: 0.08556 } }
    probe.identification.rank1 = { value: 0.87654, interval: null }
    probe.dPrime = null
    const text = reportPage(record, planted, [])
    for (const figure of ['4.32 % [2.11, 8.56]', '87.65 % (no interval)', '723,776', '11,700,000', 'n/a', '1.03 ms median', 'mean difference -1.23 points over 5 seeds']) expect(text.includes(figure), figure).toBe(true)
    expect(text.match(/<title>DET, 1 beat<\/title>/g)).toHaveLength(1)
  })

  it('takes any name for text', () => {
    const bad = aRecord(hostile)
    const evil = structuredClone(report)
    evil.facts.split = hostile
    evil.leaks[0].message = hostile
    const text = reportPage({ ...bad, models: bad.models.map((model) => ({ ...model, network: hostile })) }, evil, someEpochs().map((epoch) => ({ ...epoch, terms: { [hostile]: 1, total: 2 } })))
    expect(malformations(text)).toEqual([])
    expect(text).not.toContain('<script')
    expect(text).not.toContain('<img')
    expect(text).toContain('&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;a&quot;')
    expect(text).not.toMatch(/\p{Surrogate}/u)
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
      expect(malformations(`<p a="${escapeMarkup(name)}">${escapeMarkup(name)}</p>`)).toEqual([])
    }))
  })

  it('of a run without networks, trials or epochs says what is missing', () => {
    const empty = RunReport.parse({ ...report, systems: {}, comparisons: [], seedComparisons: [], leaks: [], sentences: [] })
    const text = reportPage({ ...record, models: [], windows: null, ran: null, environment: null }, empty, [])
    expect(malformations(text)).toEqual([])
    expect(text).toContain('None of the checks found a leak.')
    expect(text).not.toContain('NaN')
    expect(page).not.toMatch(/NaN|undefined|\[object|Infinity/)
  })

  it('says comparisons in words', () => {
    const data = { system: 'student', reference: 'scratch', measure: 'eer', beats: 1, difference: -0.004, halfWidth: 0.011, subjects: 90, p: 0.41 }
    expect(sentenceWords({ code: 'no-significant-difference', data }, 'beat')).toBe('No significant difference between student and scratch: EER differs by -0.40 points (known to ± 1.10) deciding by 1 beat, adjusted p = 0.41.')
    expect(sentenceWords({ code: 'too-few-subjects-to-rank', data: { ...data, needed: 50 } }, 'beat')).toContain('With 90 people nobody can say which is better; 50 are needed')
  })
})

describe('the files of a report', () => {
  const folder = temporaryFolder()

  it('are the report, the page, and a card for each network', async () => {
    const run = await new RunStore(nodeFiles, folder.path).create(aRecord('A run'))
    const report = aReport()
    await writeReportFiles(run, aRecord('A run'), report)
    expect((await readdir(run.path)).sort()).toEqual(['model-card-scratch.md', 'model-card-student.md', 'report.html', 'report.json', 'run.json'])
    expect(await run.report()).toEqual(report)
    expect(malformations(await readFile(`${run.path}/report.html`, 'utf8'))).toEqual([])
  })
})

describe('a model card', () => {
  const report = aReport()
  const card = modelCard({ record: aRecord('A "run"\n# x'), report, model: 'student', exported: null, synthetic: true, program: '1.0.0' })

  it('has every section, its figures with intervals for every number of beats, and the machine', () => {
    const heads = [...card.matchAll(/^## (.*)$/gm)].map(([, head]) => head)
    expect(heads).toEqual(['Model details', 'Intended use', 'Out of scope', 'Training data', 'Metrics', 'Calibration', 'Cost', 'Limitations', 'Training time'])
    const probes = report.systems.student?.evaluation.byBeats ?? []
    expect(probes.length).toBe(2)
    for (const { eer } of probes) expect(card).toContain(`${(100 * (eer.value ?? NaN)).toFixed(2)} % [${(100 * (eer.interval?.low ?? NaN)).toFixed(2)}, ${(100 * (eer.interval?.high ?? NaN)).toFixed(2)}]`)
    for (const text of ['split-hash', 'No medical diagnosis', 'No unlocking of devices, doors or records at a cross-session EER above 1 %', 'on A processor', '11,700,000 multiply-accumulates', 'ECE', '1 h 2 min', 'synthetic', 'fewer than 50']) {
      expect(card).toContain(text)
    }
  })

  it('has front matter that a YAML reader takes: names are quoted, values are numbers', () => {
    const [, front] = /^---\n([^]*?)\n---\n/.exec(card) ?? []
    expect(front).toContain('  - name: "A \\"run\\"\\n# x: student"')
    expect(front).toContain(`            value: ${report.systems.student?.evaluation.byBeats[0].eer.value}`)
    for (const line of front.split('\n')) expect(line).toMatch(/^ *(- )?[\w-]+:( ("(\\.|[^"\\])*"|[\w.-]+))?$|^ {2}- [\w-]+$/)
    expect(card).toContain('# A "run" \\# x: student\n')
  })

  it('says so when there is no report, and when a person has withdrawn', () => {
    const poor = modelCard({ record: { ...aRecord('x'), containsWithdrawn: true }, report: null, model: 'student', exported: null, synthetic: null, program: '1.0.0' })
    expect(poor).toContain('Not evaluated.')
    expect(poor).toContain('has withdrawn consent')
    expect(poor).not.toContain('model-index')
  })
})

describe('a plot', () => {
  it('puts values where they belong, and holes where there are none', () => {
    const places = { x: (value: number) => 10 * value, y: (value: number) => 100 - 10 * value }
    expect(curve({ x: [0, 1, 2, 3, 4], y: [0, 1, null, 3, 4.123] }, places, 's0')).toBe('<path class="curve s0" d="M0 100L10 90M30 70L40 58.77"/>')
    expect(curve({ x: [0, 1], y: [null, 2] }, places, 's1')).toBe('<path class="curve s1" d="M10 80L10 80"/>')
    expect(curve({ x: [0], y: [NaN] }, places, 's0')).toBe('')
  })

  it('has ticks at round numbers', () => {
    expect(roundTicks(0, 0.31, 4).map(({ label }) => label)).toEqual(['0.0', '0.1', '0.2', '0.3'])
    expect(roundTicks(-3, 12, 5).map(({ at }) => at)).toEqual([0, 5, 10])
    fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (low, span) => {
      const ticks = roundTicks(low, low + span)
      expect(ticks.length).toBeLessThanOrEqual(7)
      for (const { at } of ticks) expect(at).toBeGreaterThanOrEqual(low - span * 1e-6)
    }))
  })
})

import { describe, expect, it } from 'vitest'
import { en } from '../../src-renderer/strings/en.ts'
import { zhCN } from '../../src-renderer/strings/zh-CN.ts'
import { Format } from '../../src-renderer/strings/format.ts'
import { comparisonCsv, comparisonLatex, latexText, verdictOf } from '../../src-renderer/views/runs/comparison-text.ts'
import { modelFile } from '../../src-renderer/views/runs/model-file.ts'
import { runError } from '../../src-renderer/views/runs/run-error.ts'
import { digits, figure, networkName, rateWords, runName, tinyWords } from '../../src-renderer/views/train/run-words.ts'
import { runIds, sampleComparison, sampleRecipe, sampleRun } from './run-samples.ts'

const [a] = runIds

describe('the verdict on paired seeds', () => {
  it('knows that a smaller EER and a larger rank-1 are better, and when there is nothing to say', () => {
    const one = (measure: 'eer' | 'rank1', meanDifference: number, p: number | null) => verdictOf({ measure, meanDifference, p })
    expect([one('eer', -0.01, 0.01), one('eer', 0.01, 0.01), one('rank1', 0.01, 0.01), one('rank1', -0.01, 0.01)]).toEqual(['better', 'worse', 'better', 'worse'])
    const fewer = (subjects: number) => verdictOf({ measure: 'eer', meanDifference: -0.01, p: 0.01, subjects })
    expect([fewer(49), fewer(50)]).toEqual(['people', 'better'])
    expect([one('eer', -0.01, 0.051), one('eer', -0.01, 0.05), one('eer', -0.01, null), one('eer', 0, 0)]).toEqual(['none', 'none', 'few', 'none'])
  })
})

describe('a comparison as text', () => {
  it('is a CSV that another reader takes apart again, formulas disarmed', () => {
    const comparison = sampleComparison()
    comparison.rows[0].name = '=cmd, "x"'
    const lines = comparisonCsv(comparison).split('\r\n')
    expect(lines).toHaveLength(11)
    // RFC 4180, read without a library: fields are quoted or hold no comma.
    const fields = [...lines[1].matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field]) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field)).slice(0, lines[0].split(',').length)
    const row = Object.fromEntries(lines[0].split(',').map((column, index) => [column, fields[index]]))
    expect(row).toMatchObject({ run: a, name: `'=cmd, "x"`, model: 'teacher', eer: '0.028', eer_low: String(0.028 * 0.78), parameters: '962816', latency_ms: '1.91', beats: '1' })
  })

  it('is a LaTeX table with one line per group and nothing that LaTeX would take for itself', () => {
    const text = comparisonLatex(sampleComparison())
    expect(text).toContain('thkd & student & 3 & $4.10 \\pm 0.20$ & $96.5 \\pm 0.4$')
    expect(text.match(/\\\\\n/g)).toHaveLength(4)
    for (const line of text.split('\n').filter((one) => one.endsWith('\\\\'))) expect(line.match(/(?<!\\)&/g)).toHaveLength(8)
    expect(latexText('a_b & 50% #1 {x} ~^\\')).toBe('a\\_b \\& 50\\% \\#1 \\{x\\} \\textasciitilde{}\\textasciicircum{}\\textbackslash{}')
  })

  it('has the interval where there is one seed only', () => {
    const comparison = sampleComparison()
    const alone = { ...comparison, rows: comparison.rows.slice(0, 3), groups: comparison.groups.map((group) => ({ ...group, seeds: 1 })) }
    expect(comparisonLatex(alone)).toContain('thkd & teacher & 1 & 2.80 [2.18, 3.64]')
  })
})

describe('words of runs', () => {
  const format = new Format('en')

  it('name a run that has no name', () => {
    expect(runName(sampleRun(a, { seed: 4 }), en)).toBe('THKD · s1 · seed 4')
    expect(runName(sampleRun(a, { name: 'mine' }), en)).toBe('mine')
  })

  it('keep figures short and honest', () => {
    expect([figure(962_816, format), figure(11.2e6, format), figure(null, format)]).toEqual(['963K', '11.2M', '–'])
    expect([rateWords(0.0123, format), rateWords(0, format), rateWords(null, format)]).toEqual(['1.23%', '0.00%', '–'])
    expect([digits(0, format), digits(0.00012, format), digits(0.5, format), digits(12.345, format), digits(1234.5, format), digits(0.00163, format), digits(0.0104, format)]).toEqual(['0', '1.20e-4', '0.500', '12.35', '1,234.5', '1.63e-3', '0.0104'])
    expect([0, 0.001, 0.0015000000000000002, 0.002].map((value) => tinyWords(value, format))).toEqual(['0', '1e-3', '1.5e-3', '2e-3'])
  })

  it('say a network as it is called, and the mean beat in the reader\'s language', () => {
    expect([networkName('resnet34-w32', zhCN), networkName('mean beat', en), networkName('mean beat', zhCN)]).toEqual(['resnet34-w32', 'mean beat', '平均心搏'])
  })

  it('make file names that every system takes', () => {
    const run = { id: a, name: 'THKD / “v1”: stages?', recipe: sampleRecipe('thkd'), seed: 1 }
    expect(modelFile('/data/lab-models/', run, 'student')).toBe('/data/lab-models/THKD-v1-stages-student.onnx')
    expect(modelFile('C:\\lab', { ...run, name: '训练' }, 'teacher')).toBe('C:\\lab\\thkd-seed1-00R001-teacher.onnx')
  })

  it('give a stored error its own words, and an unknown one the general ones', () => {
    expect(runError({ code: 'training-diverged', message: 'NaN' })).toMatchObject({ code: 'training-diverged', message: 'NaN' })
    expect(runError({ code: 'from-the-future', message: 'x' })).toMatchObject({ code: 'internal-error', message: 'from-the-future: x' })
  })
})

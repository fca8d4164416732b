import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AblationResult } from '../../../src-main/contract/index.ts'
import { escapeLatex } from '../../../src-main/runs/ablation/latex-table.ts'
import { tableOf } from '../../../src-main/runs/ablation/table-statistics.ts'
import { tableText } from '../../../src-main/runs/ablation/table-text.ts'
import { malformations } from '../well-formed.ts'
import { sourceRows } from './a-table.ts'

/** Baseline, two variants and a teacher; differences of far: -0.050, -0.052, -0.054 (t = -45.03, p = 0.000493 with 2 degrees of freedom). */
function result(change: Partial<AblationResult> = {}): AblationResult {
  const rows = sourceRows({ baseline: [0.2, 0.22, 0.24], 'KL_1 & <b>"x"</b>': [0.19, 0.2, 0.21], '+MMD, 50 %': [0.15, 0.168, 0.186], teacher: [0.05, 0.05, 0.05] })
  const table = tableOf(rows.map((row, place) => (place === 0 || place === 3 ? { ...row, kind: 'also' } : row)), 1)
  return { title: 'losses', split: 's1', strategy: 'leave-last-day-out', program: '9.9', baseline: 'baseline', unit: 'beat', seeds: [1, 2, 3], tables: [table], missing: [], ...change }
}

describe('LaTeX', () => {
  it('is laid out like the papers: the baseline, the variants, the teacher, with the rules of booktabs', () => {
    expect(tableText(result(), 'latex')).toBe(String.raw`% Pulseprint 9.9. Needs \usepackage{booktabs} and, for verbatim names, \usepackage[T1]{fontenc}.
\begin{table}
  \centering
  \caption{losses: split s1 (leave-last-day-out), seeds 1, 2, 3; mean $\pm$ standard deviation over seeds. Best mean of the variants in bold.}
  \begin{tabular}{lrrrr}
    \toprule
    & \multicolumn{1}{c}{EER, \%} & \multicolumn{1}{c}{Rank-1, \%} &  &  \\
    \cmidrule(lr){2-2} \cmidrule(lr){3-3}
     & 1 beat & 1 beat & Parameters & Training \\
    \midrule
    baseline & 22.00 $\pm$ 2.00 & 78.00 $\pm$ 2.00 & 1,234,567 & 20 s \\
    \midrule
    KL\_1 \& \textless{}b\textgreater{}\textquotedbl{}x\textquotedbl{}\textless{}/b\textgreater{} & 20.00 $\pm$ 1.00 & 80.00 $\pm$ 1.00 & 1,234,567 & 20 s \\
    +MMD, 50 \% & \textbf{16.80} $\pm$ 1.80 & \textbf{83.20} $\pm$ 1.80 & 1,234,567 & 20 s \\
    \midrule
    teacher & 5.00 $\pm$ 0.00 & 95.00 $\pm$ 0.00 & 1,234,567 & 20 s \\
    \bottomrule
  \end{tabular}
\end{table}

\begin{table}
  \centering
  \caption{Against baseline: difference in percentage points with 95 \% interval; p after Holm over the rows of one measure and number of beats.}
  \begin{tabular}{llllllll}
    \toprule
     & Measure & Difference & 95 \% interval & Test & p & p (Holm) & Verdict \\
    \midrule
    KL\_1 \& \textless{}b\textgreater{}\textquotedbl{}x\textquotedbl{}\textless{}/b\textgreater{} & EER, 1 beat & $-$2.00 & $-$4.48 to +0.48 & paired t, 3 seeds & 0.07418 & 0.07418 & no significant difference \\
    +MMD, 50 \% & EER, 1 beat & $-$5.20 & $-$5.70 to $-$4.70 & paired t, 3 seeds & 0.0004927 & 0.001478 & better \\
    teacher & EER, 1 beat & $-$17.00 & $-$21.97 to $-$12.03 & paired t, 3 seeds & 0.004582 & 0.009164 & better \\
    \midrule
    KL\_1 \& \textless{}b\textgreater{}\textquotedbl{}x\textquotedbl{}\textless{}/b\textgreater{} & rank-1 rate, 1 beat & +2.00 & $-$0.48 to +4.48 & paired t, 3 seeds & 0.07418 & 0.07418 & no significant difference \\
    +MMD, 50 \% & rank-1 rate, 1 beat & +5.20 & +4.70 to +5.70 & paired t, 3 seeds & 0.0004927 & 0.001478 & better \\
    teacher & rank-1 rate, 1 beat & +17.00 & +12.03 to +21.97 & paired t, 3 seeds & 0.004582 & 0.009164 & better \\
    \bottomrule
  \end{tabular}
\end{table}
% 60 people tested.
% The t test over seeds speaks of luck in training on these people, not of other people.
`)
  })

  it('escapes every character that means something', () => {
    expect(escapeLatex('\\ { } $ & # % _ ^ ~ < > | " ± α')).toBe(
      '\\textbackslash{} \\{ \\} \\$ \\& \\# \\% \\_ \\textasciicircum{} \\textasciitilde{} \\textless{} \\textgreater{} \\textbar{} \\textquotedbl{} $\\pm$ α',
    )
    expect(escapeLatex('a\nb\u2028c')).toBe('a b c')
    // A failure's message ends no comment.
    const error = { code: 'training-diverged', message: 'it\n\\input{x}' }
    expect(tableText(result({ missing: [{ variant: 'KL', seed: 2, state: 'failed', error }] }), 'latex').split('\n').filter((line) => line.includes('input'))).toEqual(['% KL with seed 2 failed: training-diverged: it \\input{x}'])
  })
})

it('CSV has one line per row and measure, as RFC 4180 has it, with figures that are not rounded', () => {
  const lines = tableText(result(), 'csv').split('\r\n')
  expect(lines).toHaveLength(10)
  expect(lines[0]).toBe('row,kind,model,baseline,beats,measure,mean,deviation,interval_low,interval_high,seeds,difference,difference_low,difference_high,test,paired_seeds,p,p_holm,dz,verdict,parameters,training_s,subjects,values_by_seed')
  expect(lines[1]).toBe('baseline,also,student,true,1,eer,0.22,0.02,0.170317,0.269683,3,,,,,,,,,,1234567,20,60,1=0.2 2=0.22 3=0.24')
  expect(lines[3]).toMatch(/^"KL_1 & <b>""x""<\/b>",variant,student,false,1,eer,0\.2,0\.01,.*,-0\.02,-0\.0448414,0\.00484138,paired-seeds,3,0\.0741799,0\.0741799,-2,no-significant-difference,/)
  expect(lines[5]).toMatch(/^"'\+MMD, 50 %",variant,/)
  expect(lines.at(-1)).toBe('')
})

/** RFC 4180, character by character. */
function csvCells(text: string): string[][] {
  const rows: string[][] = []
  let [row, cell, quoted]: [string[], string, boolean] = [[], '', false]
  for (let at = 0; at < text.length; at++) {
    if (quoted && text[at] === '"' && text[at + 1] === '"') cell += text[++at]
    else if (text[at] === '"') quoted = !quoted
    else if (!quoted && text[at] === ',') [row, cell] = [[...row, cell], '']
    else if (!quoted && text.startsWith('\r\n', at)) [rows[rows.length], row, cell, at] = [[...row, cell], [], '', at + 1]
    else cell += text[at]
  }
  return rows
}

it('whatever a row is called, CSV gives it back, LaTeX has as many columns and braces as it should, and HTML stays well-formed', () => {
  const one = result()
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => /^[^\p{Cc}\u2028\u2029]+$/u.test(text)), (name) => {
      const named = { ...one, title: name, tables: one.tables.map((table) => ({ ...table, rows: table.rows.map((row, place) => (place === 1 ? { ...row, name } : row)) })) }
      const cells = csvCells(tableText(named, 'csv'))
      // An apostrophe stands before what a spreadsheet would compute; names that are numbers are left alone.
      expect([name, /^[=+\-@\uff1d\uff0b\uff0d\uff20]./su.test(name) ? `'${name}` : name]).toContain(cells[3][0])
      expect(new Set(cells.map(({ length }) => length))).toEqual(new Set([24]))
      const line = tableText(named, 'latex').split('\n').find((text) => text.includes('20.00 $\\pm$ 1.00')) ?? ''
      expect(line.match(/(?<!\\)&/g)).toHaveLength(4)
      const plain = line.replaceAll(/\\[{}]/g, '')
      expect(plain.match(/\{/g)?.length).toBe(plain.match(/\}/g)?.length)
      expect(malformations(tableText(named, 'html'))).toEqual([])
    }),
  )
})

it('a row that is called like a formula is none in CSV', () => {
  const one = result()
  const named = { ...one, tables: one.tables.map((table) => ({ ...table, rows: table.rows.map((row) => ({ ...row, name: '=2+5' })) })) }
  const cells = csvCells(tableText(named, 'csv'))
  expect(cells.slice(1).map(([name]) => name)).toEqual(Array(cells.length - 1).fill("'=2+5"))
  // A difference below 0 stays a number.
  expect(cells.flat().filter((cell) => /^-/.test(cell)).every((cell) => Number.isFinite(Number(cell)))).toBe(true)
  expect(cells.flat().some((cell) => Number(cell) < 0)).toBe(true)
})

it('HTML is one page that loads nothing, and whose text is text', () => {
  const page = tableText(result({ title: 'a <script>' }), 'html')
  expect(malformations(page)).toEqual([])
  expect(page).toContain('<title>a &lt;script&gt;</title>')
  expect(page).not.toMatch(/<script|src=|href=|<b>/)
  expect(page).toContain('<th scope="row">+MMD, 50 %</th><td><strong>16.80</strong> ± 1.80</td><td><strong>83.20</strong> ± 1.80</td><td>1,234,567</td><td>20 s</td>')
  expect(page).toContain('<td>no significant difference</td>')
  expect(page.match(/<tbody>/g)).toHaveLength(5)
})

it('cells without figures are named, and few people do not rank', () => {
  const page = tableText(result({ tables: result().tables.map((table) => ({ ...table, subjects: 12 })), missing: [{ variant: 'KL', seed: 3, state: 'waiting', error: null }] }), 'html')
  expect(page).toContain('With fewer than 50 people nothing is said about which variant is better for others.')
  expect(page).toContain('1 cell has no figures: KL with seed 3 (waiting).')
})

it('of nothing yet is a table without figures', () => {
  const empty = result({ tables: [tableOf(sourceRows({ baseline: [], KL: [] }), 1)] })
  expect(tableText(empty, 'latex')).toContain('baseline & n/a & n/a & n/a & n/a')
  expect(tableText(empty, 'csv').split('\r\n')[1]).toBe('baseline,variant,student,true,1,eer,,,,,0,,,,,,,,,,,,,')
})

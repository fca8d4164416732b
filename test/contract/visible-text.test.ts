import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ablation, AblationLabel, RunName, RunRecord, withoutHidden, type DatasetSplit } from '../../src-main/contract/index.ts'
import { parseGrid, planAblation } from '../../src-main/runs/ablation/grid.ts'
import { newRun } from '../../src-main/runs/new-run.ts'

/** Unicode 15: bidirectional controls, joiners and spaces of no width, marks, the soft hyphen, a tag, line ends, a fillers' blank, half of a pair. */
const hidden = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069', '\u200b', '\u200d', '\u200e', '\u200f', '\u061c', '\u2060', '\ufeff', '\u00ad', '\u{e0041}', '\n', '\u0000', '\u2028', '\u3164', '\ud800']
const split = { name: 's1', hash: 'a'.repeat(64), version: 'v1', versionHash: 'b'.repeat(64), options: { strategy: 'leave-last-recording-out' }, assignments: [] } as unknown as DatasetSplit
const grid = (more: object) => ({ name: 'names', recipe: 'lda', seeds: [1], variants: { one: {} }, baseline: 'one', ...more })

describe('names that are given now', () => {
  it('hold nothing that turns the direction of a line, breaks it, or cannot be seen', () => {
    for (const one of hidden) {
      for (const name of [`KL${one}`, `${one}KL`, `K${one}L`]) {
        expect([AblationLabel.safeParse(name).success, RunName.safeParse(name).success], JSON.stringify(name)).toEqual([false, false])
        expect(withoutHidden(name).trim().replace(' ', '')).toBe('KL')
      }
    }
    for (const name of ['KL+MMD, 50 %', '教师', 'תלמיד', 'طالب', 'می\u200cدهد', 'é', '👍']) expect([AblationLabel.parse(name), RunName.parse(name), withoutHidden(name)]).toEqual([name, name, name])
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 50 }), (points) => RunName.safeParse(withoutHidden(String.fromCodePoint(...points))).success))
    expect(RunName.parse('')).toBe('')
  })

  it('a grid says where such a name stands: a variant, a row beside them, a level, and one that is made of a value', () => {
    const name = 'o\u202en'
    for (const more of [{ variants: { [name]: {} }, baseline: 'x' }, { also: { [name]: 'lda' } }, { baseline: name }]) {
      expect(() => parseGrid(grid(more))).toThrowError(expect.objectContaining({ code: 'grid-invalid', data: expect.objectContaining({ reason: expect.any(String) as unknown }) as unknown }))
    }
    // A family of three is one emoji to whoever reads it, and five characters here.
    expect(() => parseGrid(grid({ variants: { '👨\u200d👩\u200d👧': {} } }))).toThrowError(/variants\..*one line, without characters that nobody sees \(as they join an emoji of several\)$/)
    const axes = parseGrid(grid({ variants: undefined, axes: { 'windows.annotator': ['a', `b\u2067`] }, baseline: 'annotator a' }))
    expect(() => planAblation(axes, { split, program: '1', wallMs: 0 })).toThrowError(expect.objectContaining({ code: 'grid-invalid', data: expect.objectContaining({ path: 'axes' }) as unknown }))
  })
})

it('what an earlier version stored under such a name still opens', () => {
  const planned = planAblation(parseGrid(grid({})), { split, program: '1', wallMs: 0 })
  const old = { ...planned, variants: [{ ...planned.variants[0], name: 'o\u202en' }], also: [{ name: ' x', model: 'lda' }], baseline: 'o\u202en' }
  expect(Ablation.parse(JSON.parse(JSON.stringify(old)))).toEqual(old)
  const run = { ...newRun({ split, recipe: planned.variants[0].recipe, preset: null, seed: 1, name: '', engine: planned.engine, wallMs: 0 }), name: 'o\u202en' }
  expect(RunRecord.parse(run).name).toBe('o\u202en')
})

import { describe, expect, it } from 'vitest'
import type { EmbeddingSet } from '../../src-main/learning/evaluation/embedding-set.ts'
import { decide, type DecisionInput } from '../../src-main/runs/decide.ts'
import { fixThresholds, thresholdFor, type Thresholds } from '../../src-main/runs/fixed-thresholds.ts'
import { RunId, SubjectCode } from '../../src-main/contract/index.ts'
import type { Template } from '../../src-main/dataset/template-files.ts'

/** Directions in a plane, by degrees: the cosine of two is that of the angle between them. */
const at = (degrees: number): [number, number] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
const set = (role: EmbeddingSet['role'], rows: readonly { subject: number; recording: number; degrees: number }[]): EmbeddingSet => ({
  dimension: 2, role, vectors: Float32Array.from(rows.flatMap(({ degrees }) => at(degrees))), subject: Int32Array.from(rows, ({ subject }) => subject), recording: Int32Array.from(rows, ({ recording }) => recording),
})
const recordings = [0, 1, 2, 3].map((day) => ({ session: `s${day}`, startedAt: `2026-03-0${day + 1}T10:00:00.000Z` }))
const nobody = set('enrol', [])
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180)

describe('thresholds of plain cosines', () => {
  // Person 0 enrols at 0 degrees and comes back at 10 and 20, person 1 at 90 and comes back at 80. Genuine: 10, 20, 10 degrees; impostors: 80, 70, 80.
  const validation = set('validation', [
    { subject: 0, recording: 0, degrees: 0 }, { subject: 0, recording: 1, degrees: 10 }, { subject: 0, recording: 1, degrees: 20 }, { subject: 1, recording: 2, degrees: 90 }, { subject: 1, recording: 3, degrees: 80 },
  ])

  it('lie where validation mistakes as many for others as it misses, of unseen people by their own first recordings', () => {
    const [fixed] = fixThresholds(validation, nobody, recordings, [1]) ?? []
    expect(fixed).toMatchObject({ beats: 1, rule: 'validation-eer' })
    // Nobody is mistaken between the worst genuine score and the best impostor's.
    expect(fixed.threshold).toBeLessThanOrEqual(cosine(20) + 1e-6)
    expect(fixed.threshold).toBeGreaterThanOrEqual(cosine(70) - 1e-6)
  })

  it('of decisions by all beats go by the mean of each recording', () => {
    const [, all] = fixThresholds(validation, nobody, recordings, [1, 0]) ?? []
    expect(all.beats).toBe(0)
    // 10 and 20 degrees together are 15.
    expect(all.threshold).toBeLessThanOrEqual(cosine(15) + 1e-6)
    expect(all.threshold).toBeGreaterThanOrEqual(cosine(75) - 1e-6)
  })

  it('meet the enrolment where everybody of validation is enrolled', () => {
    const enrol = set('enrol', [{ subject: 0, recording: 0, degrees: 5 }, { subject: 1, recording: 2, degrees: 60 }])
    const probes = set('validation', [{ subject: 0, recording: 1, degrees: 40 }, { subject: 1, recording: 3, degrees: 45 }])
    // Genuine 35 and 15 degrees, impostors 20 and 40: equal errors between 20 and 35.
    const [fixed] = fixThresholds(probes, enrol, recordings, [1]) ?? []
    expect(fixed.threshold).toBeGreaterThanOrEqual(cosine(35) - 1e-6)
    expect(fixed.threshold).toBeLessThanOrEqual(cosine(20) + 1e-6)
  })

  it('are none without validation, without a second recording of anybody, and without anybody to be taken for', () => {
    expect(fixThresholds(null, nobody, recordings, [1])).toBe(null)
    expect(fixThresholds(set('validation', [{ subject: 0, recording: 0, degrees: 0 }, { subject: 1, recording: 2, degrees: 9 }]), nobody, recordings, [1])).toBe(null)
    expect(fixThresholds(set('validation', [{ subject: 0, recording: 0, degrees: 0 }, { subject: 0, recording: 1, degrees: 9 }]), nobody, recordings, [1])).toBe(null)
  })

  it('are taken by the beats of a decision', () => {
    const thresholds: Thresholds = [
      { beats: 0, threshold: 0.9, rule: 'validation-eer' }, { beats: 5, threshold: 0.7, rule: 'validation-eer' }, { beats: 2, threshold: 0.6, rule: 'validation-eer' }, { beats: 5, threshold: 0.99, rule: 'validation-fmr-1-percent' },
    ]
    const all = [[40, 0, 0.9], [40, 40, 0.7], [5, 5, 0.7], [4, 4, 0.6], [1, 1, 0.6]] as const
    for (const [beats, asked, expected] of all) expect([beats, asked, thresholdFor(thresholds, beats, asked)]).toEqual([beats, asked, expected])
    expect(thresholdFor(thresholds.slice(0, 1), 5, 5)).toBe(0.9)
    expect(thresholdFor(thresholds.slice(1, 2), 5, 0)).toBe(0.7)
    expect(thresholdFor(null, 5, 5)).toBe(null)
  })
})

describe('a decision', () => {
  const template = (subject: string, degrees: number): Template => ({
    info: { subject: SubjectCode.parse(subject), windows: 1, sessions: 1, recordings: [], createdAt: '' }, vector: Float32Array.from(at(degrees)),
  })
  const input: DecisionInput = {
    run: RunId.parse('01M8BNJBCBCBXVTYH0B7R9EP0E'), model: 'template', templates: [template('B', 90), template('A', 0)], refused: 3, asked: 2, claim: null, recording: null, at: 'now',
    thresholds: [{ beats: 1, threshold: cosine(30), rule: 'validation-eer' }], embeddings: Float32Array.from([...at(10), ...at(30)]),
  }

  it('is by the mean of the windows, against every template', () => {
    const decision = decide(input)
    expect(decision).toMatchObject({ beats: 2, refused: 3, subject: 'A', threshold: cosine(30), accepted: null })
    expect(decision.candidates.map(({ subject }) => subject)).toEqual(['A', 'B'])
    expect(decision.candidates[0].score).toBeCloseTo(cosine(20), 6)
    expect(decision.candidates[1].score).toBeCloseTo(cosine(70), 6)
  })

  it('names nobody below the threshold, and the most alike where there is none', () => {
    expect(decide({ ...input, embeddings: Float32Array.from(at(40)) })).toMatchObject({ subject: null })
    expect(decide({ ...input, embeddings: Float32Array.from(at(40)), thresholds: null })).toMatchObject({ subject: 'A', threshold: null })
  })

  it('on a claim is by the claimed person alone', () => {
    expect(decide({ ...input, claim: SubjectCode.parse('A') })).toMatchObject({ accepted: true })
    expect(decide({ ...input, claim: SubjectCode.parse('B') })).toMatchObject({ subject: 'A', accepted: false })
    expect(decide({ ...input, claim: SubjectCode.parse('A'), thresholds: null })).toMatchObject({ accepted: null })
    expect(() => decide({ ...input, claim: SubjectCode.parse('C') })).toThrow('C is not enrolled')
    expect(() => decide({ ...input, templates: [] })).toThrow('Nobody is enrolled')
  })
})

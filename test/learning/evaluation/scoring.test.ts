import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEmbeddings, normaliseRows, type EmbeddingSet } from '../../../src-main/learning/evaluation/embedding-set.ts'
import { closedSet, fnirAtFpir, openSetScores, rankProbes } from '../../../src-main/learning/evaluation/identification.ts'
import { perSubject } from '../../../src-main/learning/evaluation/per-subject.ts'
import { makeProbes } from '../../../src-main/learning/evaluation/probes.ts'
import { makeCohort, normaliseScores, subtractMean } from '../../../src-main/learning/evaluation/score-normalisation.ts'
import { cosineScores, scoreLists, type ScoreMatrix } from '../../../src-main/learning/evaluation/scores.ts'
import { descendingOrder } from '../../../src-main/learning/evaluation/sort-scores.ts'
import { makeTemplates, type TemplateSet } from '../../../src-main/learning/evaluation/templates.ts'
import { validationSides } from '../../../src-main/learning/evaluation/validation-sides.ts'
import { normals } from './synthetic-people.ts'

function set(vectors: readonly (readonly number[])[], subject: readonly number[], recording: readonly number[]): EmbeddingSet {
  const dimension = vectors[0].length
  return { dimension, vectors: normaliseRows(Float32Array.from(vectors.flat()), dimension), subject: Int32Array.from(subject), recording: Int32Array.from(recording), role: 'test' }
}

function matrix(rows: readonly (readonly number[])[], probeSubject: readonly number[], templateSubject: readonly number[]): ScoreMatrix {
  return { scores: Float32Array.from(rows.flat()), probeSubject: Int32Array.from(probeSubject), templateSubject: Int32Array.from(templateSubject) }
}

const rounded = (values: ArrayLike<number>): number[] => Array.from(values, (value) => Math.round(1e5 * value) / 1e5)

describe('templates', () => {
  it('are the mean of the embeddings at length 1, with how much went into them', () => {
    const templates = makeTemplates(set([[1, 0], [0, 1], [0, 2], [3, 4]], [7, 7, 2, 7], [0, 1, 2, 0]), (recording) => ['monday', 'friday', 'monday'][recording])
    expect([...templates.subject]).toEqual([2, 7])
    // Subject 7: (1, 0) + (0, 1) + (0.6, 0.8) = (1.6, 1.8), length 2.40832.
    expect(rounded(templates.vectors)).toEqual([0, 1, 0.66436, 0.74741])
    expect([[...templates.windows], [...templates.sessions]]).toEqual([[1, 3], [1, 2]])
  })

  it('of embeddings that cancel out are zero, and alike nothing', () => {
    const templates = makeTemplates(set([[1, 0], [-1, 0]], [0, 0], [0, 0]), () => '')
    expect([...templates.vectors]).toEqual([0, 0])
    expect([...cosineScores(set([[1, 0]], [0], [1]), templates).scores]).toEqual([0])
  })
})

describe('probes', () => {
  const beats = set(Array.from({ length: 12 }, (_, i) => [Math.cos(i), Math.sin(i)]), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2])

  it.each([[1, 12, 0, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0]], [5, 1, 7, [0]], [2, 5, 2, [0, 0, 0, 1, 1]], [0, 3, 0, [0, 1, 0]]])('of %i beats are %i, without %i left', (size, count, unusedWindows, subjects) => {
    const made = makeProbes(beats, size)
    expect([made.probes.subject.length, made.unusedWindows, [...made.probes.subject]]).toEqual([count, unusedWindows, subjects])
    checkEmbeddings(made.probes)
  })

  it('are the mean of neighbours within one recording', () => {
    // Angles 0 and 1 meet in the middle: 0.5.
    expect(rounded(makeProbes(beats, 2).probes.vectors.subarray(0, 2))).toEqual(rounded([Math.cos(0.5), Math.sin(0.5)]))
    expect(() => makeProbes(beats, 1.5)).toThrow(RangeError)
    expect(() => makeProbes(beats, -1)).toThrow(RangeError)
  })
})

describe('embeddings', () => {
  it('that are not numbers, not of length 1 or of other counts are refused', () => {
    const good = set([[3, 4]], [0], [0])
    expect(() => checkEmbeddings(good)).not.toThrow()
    expect(() => checkEmbeddings({ ...good, vectors: Float32Array.from([NaN, 1]) })).toThrow(RangeError)
    expect(() => checkEmbeddings({ ...good, vectors: Float32Array.from([3, 4]) })).toThrow(RangeError)
    expect(() => checkEmbeddings({ ...good, recording: Int32Array.from([0, 1]) })).toThrow(RangeError)
  })
})

it('every probe meets every template; strangers are impostors throughout', () => {
  const templates: TemplateSet = { dimension: 2, vectors: Float32Array.from([1, 0, 0, 1]), subject: Int32Array.from([4, 5]), windows: Int32Array.from([1, 1]), sessions: Int32Array.from([1, 1]) }
  const scores = cosineScores(set([[0.6, 0.8], [1, 0], [0, -1]], [4, 5, 9], [0, 1, 2]), templates)
  expect(rounded(scores.scores)).toEqual([0.6, 0.8, 1, 0, 0, -1])
  const { genuine, impostor } = scoreLists(scores)
  expect([rounded(genuine), rounded(impostor)]).toEqual([[0.6, 0], [0.8, 1, 0, -1]])
  expect(() => cosineScores(set([[1, 0, 0]], [0], [0]), templates)).toThrow(RangeError)
})

it('scores are sorted as a comparison sort does it, ties in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity)), { maxLength: 300 }), (values) => {
      const scores = Float32Array.from(values)
      const expected = Array.from(scores.keys()).sort((a, b) => (scores[a] === scores[b] ? a - b : scores[a] > scores[b] ? -1 : 1))
      expect([...descendingOrder(scores)]).toEqual(expected)
    }),
  )
  expect(() => descendingOrder(Float32Array.from([1, NaN]))).toThrow(RangeError)
})

describe('identification', () => {
  it('ranks the own template among all; a tie is no recognition', () => {
    const ranked = rankProbes(matrix([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.7, 0.2, 0.7], [0.1, 0.8, 0.2]], [0, 1, 2, 8], [0, 1, 2]))
    expect([...(ranked?.rank ?? [])]).toEqual([1, 3, 2, 0])
    expect(rounded(ranked?.best ?? [])).toEqual([0.9, 0.9, 0.7, 0.8])
    expect(rankProbes(matrix([], [0], []))).toBeNull()
  })

  it('has the CMC and the precision worked by hand', () => {
    expect(closedSet(Int32Array.from([1, 1, 2, 4, 0]), 4)).toEqual({ probes: 4, rank1: 0.5, meanAveragePrecision: 0.6875, cmc: { rank: [1, 2, 3, 4], rate: [0.5, 0.75, 0.75, 1] } })
    expect(closedSet(Int32Array.from([0]), 4)).toEqual({ probes: 0, rank1: null, meanAveragePrecision: null, cmc: { rank: [], rate: [] } })
    const large = closedSet(Int32Array.from([1, 500, 1000]), 1000).cmc
    expect([large.rank.length, large.rank[0], large.rank.at(-1), large.rate.at(-1)]).toEqual([200, 1, 1000, 1])
  })

  it('equals counting, for any scores', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 20 }), (rows) => {
        const subjects = rows.map((_, i) => i % 5)
        const ranked = rankProbes(matrix(rows, subjects, [0, 1, 2, 3]))
        rows.forEach((row, i) => {
          const own = row[subjects[i]]
          const others = row.filter((_, column) => column !== subjects[i])
          expect(ranked?.rank[i]).toBe(subjects[i] === 4 ? 0 : 1 + others.filter((score) => score >= own).length)
        })
        const mated = [...(ranked?.rank ?? [])].filter((place) => place > 0)
        const { cmc, meanAveragePrecision } = closedSet(ranked?.rank ?? new Int32Array(0), 4)
        if (mated.length > 0) {
          cmc.rank.forEach((place, i) => expect(cmc.rate[i]).toBeCloseTo(mated.filter((own) => own <= place).length / mated.length, 5))
          expect(meanAveragePrecision).toBeCloseTo(mated.reduce((sum, own) => sum + 1 / own, 0) / mated.length, 12)
        }
      }),
    )
  })

  it('of an open set finds whom it can at the FPIR that is allowed', () => {
    const unmated = Float64Array.from({ length: 300 }, (_, i) => (i < 30 ? 0.86 + i / 1000 : 0.5))
    const searches = { genuine: Float64Array.from([0.9, 0.8, -Infinity]), impostor: unmated }
    // 30 strangers are above 0.85: 10 %. Below them the next is 0.5, so 0.8 is found at the threshold 0.8.
    expect(fnirAtFpir(searches, 0.1)).toEqual({ fnir: 1 / 3, threshold: 0.8 })
    expect(fnirAtFpir({ ...searches, impostor: unmated.map((score, i) => (i === 200 ? 0.85 : score)) }, 0.1)).toEqual({ fnir: 2 / 3, threshold: 0.86 })
    expect(fnirAtFpir(searches, 0.01)).toBeNull()
    expect(fnirAtFpir({ ...searches, genuine: new Float64Array(0) }, 0.1)).toBeNull()
    const ranked = rankProbes(matrix([[0.9, 0.1], [0.9, 0.1], [0.3, 0.4]], [0, 1, 2], [0, 1]))
    const split = ranked && openSetScores(ranked)
    expect([rounded(split?.genuine ?? []), rounded(split?.impostor ?? [])]).toEqual([[0.9, -Infinity], [0.4]])
  })
})

describe('score normalisation', () => {
  const unit = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)]

  it('is what the formula says, worked out one pair at a time', () => {
    const normal = normals(3)
    const some = (count: number): EmbeddingSet => set(Array.from({ length: count }, () => [normal(), normal(), normal()]), Array.from({ length: count }, (_, i) => i), Array.from({ length: count }, (_, i) => i))
    const [probes, enrolled, strangers] = [some(7), some(5), some(40)]
    const templates = makeTemplates(enrolled, () => '')
    const cohort = makeCohort(strangers).subjects
    const dot = (a: EmbeddingSet | TemplateSet, i: number, b: EmbeddingSet | TemplateSet, j: number): number => [0, 1, 2].reduce((sum, k) => sum + a.vectors[3 * i + k] * b.vectors[3 * j + k], 0)
    for (const top of [10, 40]) {
      const normalised = normaliseScores(cosineScores(probes, templates), probes, templates, cohort, top)
      const side = (of: EmbeddingSet | TemplateSet, i: number): [number, number] => {
        const best = Array.from({ length: 40 }, (_, j) => dot(of, i, cohort, j)).sort((a, b) => b - a).slice(0, top)
        const mean = best.reduce((sum, score) => sum + score, 0) / top
        return [mean, Math.sqrt(best.reduce((sum, score) => sum + score * score, 0) / top - mean * mean)]
      }
      for (let i = 0; i < 7; i++) {
        for (let j = 0; j < 5; j++) {
          const [[mp, sp], [mt, st]] = [side(probes, i), side(templates, j)]
          const score = dot(probes, i, templates, j)
          expect(Math.abs((normalised?.scores[5 * i + j] ?? NaN) - ((score - mp) / sp + (score - mt) / st) / 2)).toBeLessThan(1e-4)
        }
      }
    }
  })

  it('does not exist for a model that says the same of everybody', () => {
    const same = set(Array.from({ length: 30 }, () => [1, 0]), Array.from({ length: 30 }, (_, i) => i), Array.from({ length: 30 }, (_, i) => i))
    const templates = makeTemplates(same, () => '')
    expect(normaliseScores(cosineScores(same, templates), same, templates, makeCohort(same).subjects, 30)).toBeNull()
  })

  it('subtracts the mean of all windows and keeps length 1', () => {
    const moved = subtractMean(set([unit(0), unit(Math.PI / 2)], [0, 1], [0, 1]), Float64Array.from([0.5, 0.5]))
    expect(rounded(moved.vectors)).toEqual(rounded([Math.SQRT1_2, -Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2]))
    expect([...makeCohort(set([unit(0), unit(0), unit(Math.PI)], [0, 0, 1], [0, 0, 1])).mean].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([0.333333, 0])
  })
})

describe('the zoo', () => {
  it('has means and animals worked by hand', () => {
    // Eight people, one probe each; number 3 is hard to recognise, 5 is easy to imitate, 6 imitates.
    const rows = Array.from({ length: 8 }, (_, i) => Array.from({ length: 8 }, (_, j) => (i === j ? (i === 3 ? 0.2 : 0.9 + i / 100) : 0.1 + (j === 5 ? 0.3 : 0) + (i === 6 ? 0.2 : 0) + i / 1000 + j / 1e4)))
    const zoo = perSubject(matrix(rows, [0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7]), (subject) => `S${subject}`)
    // Two of eight are a quarter. As a template S0 has 0.1 + 0.2 / 7 + 28 / 7000 = 0.13257, S7 0.1 + 0.2 / 7 + 21 / 7000 + 0.0007 = 0.13227: the second lamb is S0.
    expect(zoo.map(({ subject, animals }) => [subject, animals.join()])).toEqual([
      ['S0', 'goat,lamb'], ['S1', ''], ['S2', ''], ['S3', 'goat'], ['S4', ''], ['S5', 'lamb'], ['S6', 'wolf'], ['S7', 'wolf'],
    ])
    expect(zoo[3].genuine).toBeCloseTo(0.2, 5)
    const asTemplate = rows.filter((_, i) => i !== 5).reduce((sum, row) => sum + row[5], 0) / 7
    expect(zoo[5].asTemplate).toBeCloseTo(asTemplate, 5)
    expect(zoo[6].asProbe).toBeCloseTo((rows[6].reduce((sum, score) => sum + score, 0) - rows[6][6]) / 7, 5)
  })

  it('has no animals where all are alike, or fewer than four; strangers have no template', () => {
    const alike = perSubject(matrix([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]], [0, 1, 2, 3, 9], [0, 1, 2, 3]), String)
    expect(alike.flatMap(({ animals }) => animals)).toEqual([])
    expect(alike[4]).toMatchObject({ subject: '9', probes: 1, genuine: null, asTemplate: null, asProbe: 1 })
    expect(perSubject(matrix([[1]], [0], [0]), String)).toEqual([{ subject: '0', probes: 1, genuine: 1, asTemplate: null, asProbe: null, animals: [] }])
  })
})

describe('within validation', () => {
  const recordings = ['2026-01-03', '2026-01-01', '2026-01-02', '2026-01-01'].map((startedAt) => ({ session: startedAt, startedAt }))
  const beat = [1, 0]

  it('known people meet their enrolment', () => {
    const [validation, enrol] = [set([beat], [1], [0]), set([beat, beat], [0, 1], [1, 3])]
    expect(validationSides(validation, enrol, recordings)).toEqual({ enrol, probe: validation })
  })

  it('unknown people enrol with their earliest recording', () => {
    const sides = validationSides(set([beat, beat, beat, beat], [5, 5, 5, 6], [0, 1, 2, 3]), set([beat], [0], [1]), recordings)
    expect([[...(sides?.enrol.recording ?? [])], [...(sides?.probe.recording ?? [])]]).toEqual([[1, 3], [0, 2]])
    expect(validationSides(set([beat, beat], [5, 6], [0, 3]), set([beat], [0], [1]), recordings)).toBeNull()
  })
})

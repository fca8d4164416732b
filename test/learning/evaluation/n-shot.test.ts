import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate } from '../../../src-main/learning/evaluation/evaluate.ts'
import type { EmbeddingSet } from '../../../src-main/learning/evaluation/embedding-set.ts'
import { nShot, type NShotChoices, type NShotInput } from '../../../src-main/learning/evaluation/n-shot.ts'
import { NShotEvaluation } from '../../../src-main/contract/index.ts'
import { syntheticInput } from './synthetic-people.ts'

const choices: NShotChoices = { shots: [1], beats: [1], draws: 20, replicates: 100, seed: 1 }

type Window = readonly [subject: number, ...vector: number[]]
const setOf = (role: 'enrol' | 'test', windows: readonly Window[]): EmbeddingSet => ({
  dimension: windows[0].length - 1, role, vectors: Float32Array.from(windows.flatMap(([, ...vector]) => vector)), subject: Int32Array.from(windows, ([subject]) => subject),
  recording: Int32Array.from(windows, ([subject]) => subject),
})
const inputOf = (enrol: readonly Window[], test: readonly Window[], seen: readonly number[] = []): NShotInput => ({ enrol: setOf('enrol', enrol), test: setOf('test', test), seen: new Set(seen) })

describe('two people in the plane', () => {
  // Person 0 may enrol with (1, 0), or with (0.6, 0.8), which is what person 1 shows later.
  const input = inputOf([[0, 1, 0], [0, 0.6, 0.8], [1, 0, 1]], [[0, 0.8, 0.6], [1, 0.6, 0.8]])

  it('with one window: right with the one, half wrong with the other, and the mean over the draws of both', () => {
    // (1, 0): genuine 0.8 and 0.8, impostors 0.6 and 0.6: rank-1 1, EER 0. (0.6, 0.8): genuine 0.96 and 0.8, impostors 0.6 and 1: rank-1 1/2, EER 1/2.
    const { results: [{ rank1, eer, short, probes, subjects }] } = nShot(input, { ...choices, draws: 400, replicates: 400 })
    const good = 2 * (rank1.value ?? 0) - 1
    expect(eer.value).toBeCloseTo((1 - good) / 2, 5)
    expect(400 * good).toBeCloseTo(Math.round(400 * good), 2)
    // A fair coin 400 times: four deviations.
    expect(Math.abs(good - 0.5)).toBeLessThan(0.1)
    expect({ short, probes, subjects }).toEqual({ short: 0, probes: 2, subjects: 2 })
  })

  it('with both windows: their mean direction (0.894, 0.447), which person 1 is nearer to than to the own template', () => {
    const { results: [{ rank1, eer, short }] } = nShot(input, { ...choices, shots: [2] })
    expect([rank1.value, eer.value]).toEqual([0.5, 0.5])
    // Person 1 has one window only.
    expect(short).toBe(1)
  })
})

/** Rank-1 and EER of every way to enrol with one window each, written out anew: a probe at a time, a threshold at a time. */
function everyWay(enrol: readonly Window[], test: readonly Window[]): { rank1: number; eer: number } {
  const people = [...new Set(enrol.map(([subject]) => subject))]
  let ways: Window[][] = [[]]
  for (const person of people) ways = ways.flatMap((way) => enrol.filter(([subject]) => subject === person).map((window) => [...way, window]))
  const cosine = ([, ...a]: Window, [, ...b]: Window): number => Math.fround(a.reduce((sum, value, i) => sum + value * b[i], 0))
  const of = (way: readonly Window[]) => {
    const trials = test.flatMap((probe) => way.map((template) => ({ genuine: probe[0] === template[0], score: cosine(probe, template) })))
    const right = test.filter((probe) => way.every((template) => template[0] === probe[0] || cosine(probe, template) < Math.max(...way.filter(([subject]) => subject === probe[0]).map((own) => cosine(probe, own)))))
    const [genuine, impostor] = [trials.filter((trial) => trial.genuine), trials.filter((trial) => !trial.genuine)]
    let before = { fmr: 0, fnmr: 1 }
    for (const threshold of [...new Set(trials.map(({ score }) => score))].sort((a, b) => b - a)) {
      const now = { fmr: impostor.filter(({ score }) => score >= threshold).length / impostor.length, fnmr: genuine.filter(({ score }) => score < threshold).length / genuine.length }
      if (now.fmr >= now.fnmr) {
        const gap = before.fnmr - before.fmr
        const part = gap / (gap - (now.fnmr - now.fmr))
        return { rank1: right.length / test.length, eer: before.fmr + part * (now.fmr - before.fmr) }
      }
      before = now
    }
    throw new Error('no crossing')
  }
  const all = ways.map(of)
  return { rank1: all.reduce((sum, { rank1 }) => sum + rank1, 0) / all.length, eer: all.reduce((sum, { eer }) => sum + eer, 0) / all.length }
}

const windowsOf = ({ dimension, vectors, subject }: EmbeddingSet): Window[] => Array.from(subject, (code, row) => [code, ...vectors.subarray(row * dimension, (row + 1) * dimension)])

it('one window each, many draws: what all ways to enrol give on average', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { enrol, test } = syntheticInput({ people: 3, dimension: 3, recordingNoise: 0.6, beatNoise: 0.8, beats: 4, seed })
      const expected = everyWay(windowsOf(enrol), windowsOf(test))
      const { results: [{ rank1, eer }] } = nShot({ enrol, test, seen: new Set() }, { ...choices, draws: 500 })
      // The mean of 500 draws of a figure that lies within 0 and 1 is off by less than 0.07 in all but one of five hundred.
      expect(Math.abs((rank1.value ?? NaN) - expected.rank1)).toBeLessThan(0.07)
      expect(Math.abs((eer.value ?? NaN) - expected.eer)).toBeLessThan(0.07)
    }),
    { numRuns: 5, seed: 5 },
  )
})

describe('people with ten windows', () => {
  const input = syntheticInput({ people: 8, dimension: 6, recordingNoise: 0.4, beatNoise: 1, beats: 10, seed: 3 })

  it('with all of them: the usual templates, for every number of windows of a probe', () => {
    const { evaluation } = evaluate(input, { beats: [1, 3, 0], replicates: 100, seed: 1 })
    for (const shots of [10, 25]) {
      const { results } = nShot({ ...input, seen: new Set([0, 1, 2, 3, 4, 5, 6, 7]) }, { ...choices, shots: [shots], beats: [1, 3, 0], draws: 2 })
      expect(results.map(({ people, beats, eer, rank1, short }) => [people, beats, eer.value, rank1.value, short])).toEqual(
        evaluation.byBeats.map(({ beats, eer, identification }) => ['seen', beats, eer.value, identification.rank1.value, shots === 10 ? 0 : 8]),
      )
    }
  })

  it('are known better the more of them enrol', () => {
    const { results } = nShot({ ...input, seen: new Set() }, { ...choices, shots: [1, 3, 10] })
    const [one, three, ten] = results.map(({ rank1 }) => rank1.value ?? NaN)
    expect(one).toBeLessThan(three)
    expect(three).toBeLessThan(ten)
    for (const { rank1, eer } of results) {
      for (const { value, interval } of [rank1, eer]) {
        expect(interval?.low).toBeLessThanOrEqual(value ?? NaN)
        expect(interval?.high).toBeGreaterThanOrEqual(value ?? NaN)
      }
    }
  })

  it('stand in a gallery of their own: seen and unseen people are as if the others were not there', () => {
    const only = (set: EmbeddingSet, keep: (subject: number) => boolean, role: 'enrol' | 'test') => setOf(role, windowsOf(set).filter(([subject]) => keep(subject)))
    const part = (keep: (subject: number) => boolean) => nShot({ enrol: only(input.enrol, keep, 'enrol'), test: only(input.test, keep, 'test'), seen: new Set([0, 1, 2]) }, choices).results
    const all = nShot({ ...input, seen: new Set([0, 1, 2]) }, choices).results
    expect(all.map(({ people, subjects }) => [people, subjects])).toEqual([['seen', 3], ['unseen', 5]])
    // Recordings are numbered by subject in the reduced sets, which probes of one window do not see.
    expect(all).toEqual([...part((subject) => subject < 3), ...part((subject) => subject >= 3)])
  })

  it('enrol with the same windows whatever the system: a turned space has the same figures', () => {
    const turned = ({ ...set }: EmbeddingSet): EmbeddingSet => ({ ...set, vectors: set.vectors.map((_, i, all) => (i % 6 === 0 ? -all[i + 1] : i % 6 === 1 ? all[i - 1] : all[i])) })
    const plain = nShot({ ...input, seen: new Set() }, choices)
    expect(nShot({ enrol: turned(input.enrol), test: turned(input.test), seen: new Set() }, choices)).toEqual(plain)
    expect(nShot({ ...input, seen: new Set() }, { ...choices, seed: 2 }).results[0].rank1.value).not.toBe(plain.results[0].rank1.value)
  })

  it('are a small part of a report', () => {
    const evaluation = nShot({ ...input, seen: new Set([0, 1]) }, { ...choices, shots: [1, 3, 5, 10], beats: [1, 5, 0] })
    expect(NShotEvaluation.parse(evaluation)).toEqual(evaluation)
    expect(JSON.stringify(evaluation).length).toBeLessThan(6000)
  })
})

it('of very many probes every draw takes others, so that the mean is of all', () => {
  // 25 000 probes of two people, every second one wrong: half of them fit into a draw, which would then be all of one kind.
  const test = Array.from({ length: 25_000 }, (_, i): Window => {
    const person = (i >> 1) % 2
    return (person === 0) === (i % 2 === 0) ? [person, 1, 0] : [person, 0, 1]
  })
  const { results: [{ rank1, probes }] } = nShot(inputOf([[0, 1, 0], [1, 0, 1]], test), choices)
  expect([probes, rank1.value]).toEqual([12_500, 0.5])
})

it('says nothing of one person alone, nor of who is never enrolled', () => {
  const { results } = nShot(inputOf([[0, 1, 0], [1, 0, 1], [2, 0.6, 0.8]], [[0, 1, 0], [1, 0, 1], [2, 0.6, 0.8], [3, 0.8, 0.6]], [2]), choices)
  expect(results.map(({ people, subjects, probes }) => [people, subjects, probes])).toEqual([['unseen', 2, 2]])
})

it('has no figure where recordings are too short for a probe', () => {
  const { results: [{ rank1, eer, probes }] } = nShot(inputOf([[0, 1, 0], [1, 0, 1]], [[0, 1, 0], [1, 0, 1]]), { ...choices, beats: [5] })
  expect({ rank1, eer, probes }).toEqual({ rank1: { value: null, interval: null }, eer: { value: null, interval: null }, probes: 0 })
})

it('refuses draws and shots that are no counts', () => {
  const input = inputOf([[0, 1, 0], [1, 0, 1]], [[0, 1, 0], [1, 0, 1]])
  for (const wrong of [{ draws: 0 }, { shots: [0] }, { shots: [1.5] }, { replicates: 10 }, { beats: [-1] }]) expect(() => nShot(input, { ...choices, ...wrong })).toThrow(RangeError)
})

import { describe, expect, it } from 'vitest'
import type { DatasetSplit, SplitOptionsInput } from '../../src-main/contract/index.ts'
import { dataSupport, eerDeviation } from '../../src-main/curation/data-support.ts'
import { Random } from '../../src-main/curation/random.ts'
import { buildSplit } from '../../src-main/curation/split-build.ts'
import { splitMatrix } from '../../src-main/curation/split-matrix.ts'
import { countTrials, mostImpostorTrials, trialLines, trials } from '../../src-main/curation/trials.ts'
import { sha256 } from '../../src-main/dataset/hashes.ts'
import { aLab, anEntry, aVersion, idOf, options } from './samples.ts'

const make = (entries: ReturnType<typeof aLab>, input: SplitOptionsInput): DatasetSplit => buildSplit(aVersion(entries), 's1', options(input), sha256)

describe('trial lists', () => {
  const two = [anEntry(1, { subject: 'A', day: '2026-01-01' }), anEntry(2, { subject: 'A', day: '2026-01-02' }), anEntry(3, { subject: 'B', day: '2026-01-01' }), anEntry(4, { subject: 'B', day: '2026-01-02' })]

  it('are VoxCeleb text, probe by probe', () => {
    const split = make(two, { strategy: 'leave-last-day-out' })
    expect([...trialLines(split)]).toEqual([
      `1 A/${idOf(1)} A/${idOf(2)}`, `0 B/${idOf(3)} A/${idOf(2)}`, `0 A/${idOf(1)} B/${idOf(4)}`, `1 B/${idOf(3)} B/${idOf(4)}`,
    ])
    expect(countTrials(split)).toEqual({ genuine: 2, impostor: 2, impostorPairs: 2 })
  })

  it('name the rows where one recording is on both sides', () => {
    expect([...trialLines(make(two, { strategy: 'chronological', validation: 0, test: 0.5 }))][0]).toBe(`1 A/${idOf(1)}:0-4850 A/${idOf(1)}:5150-10000`)
  })

  it('of unknown people are impostors throughout, and random beats have none', () => {
    const open = make(aLab(10, 2, 2), { strategy: 'open-set', test: 0.4, unknown: 0.5 })
    const unknown = new Set<string>(open.unknownSubjects)
    const all = [...trials(open)]
    expect(all.some((trial) => trial.genuine && unknown.has(trial.probeSubject))).toBe(false)
    expect(all.filter((trial) => unknown.has(trial.probeSubject)).length).toBe(2 * 4 * 2 * 2)
    expect([...trialLines(buildSplit(aVersion(aLab(3, 2, 2)), 'diagnostic-leaky', options({ strategy: 'diagnostic-leaky' }), sha256))]).toEqual([])
  })

  it('of more than a million impostor pairs are drawn: every genuine one, no pair twice, spread over all', () => {
    const split = make(aLab(110, 2, 10), { strategy: 'leave-last-day-out', validation: 0 })
    const { genuine, impostor, impostorPairs } = countTrials(split)
    expect([genuine, impostor, impostorPairs]).toEqual([11_000, mostImpostorTrials, 1100 * 1090])
    let lines = 0
    let lastGenuine = 0
    const perProbe = new Map<string, number>()
    for (const trial of trials(split)) {
      lines++
      if (trial.genuine) lastGenuine++
      else perProbe.set(trial.probe, (perProbe.get(trial.probe) ?? 0) + 1)
    }
    expect([lines - lastGenuine, lastGenuine]).toEqual([mostImpostorTrials, 11_000])
    // Hypergeometric: 909 of 1090 expected per probe, deviation 12.3.
    expect(Math.max(...[...perProbe.values()].map((count) => Math.abs(count - mostImpostorTrials / 1100)))).toBeLessThan(62)
  })
})

/** Standard normal numbers by Marsaglia's polar method. */
function normals(seed: number): () => number {
  const random = Random.of('normals', seed)
  const uniform = (): number => (random.next() + 0.5) / 2 ** 31 - 1
  return () => {
    for (;;) {
      const [x, y] = [uniform(), uniform()]
      const square = x * x + y * y
      if (square < 1 && square > 0) return x * Math.sqrt((-2 * Math.log(square)) / square)
    }
  }
}

/** EER of two score lists: where the share of genuine scores below a limit and of impostor scores above it cross. */
function eerOf(genuine: Float64Array, impostor: Float64Array): number {
  genuine.sort()
  impostor.sort()
  let above = 0
  for (let i = 0; i < genuine.length; i++) {
    while (above < impostor.length && impostor[above] < genuine[i]) above++
    const [fnmr, fmr] = [i / genuine.length, 1 - above / impostor.length]
    if (fnmr >= fmr) return (fnmr + fmr) / 2
  }
  return 1
}

describe('how well an EER can be known', () => {
  /** People with their own mean score, and their own likeness to others; scores are normal. */
  it.each([[20, 4], [60, 2], [12, 10]])('agrees with simulated studies of %i people with %i probes each', (people, probes) => {
    const normal = normals(people)
    // Parts of the variance that belong to the person: genuine scores, and impostor scores for either side.
    const [own, other] = [0.5, 0.12]
    const gap = 2.6
    const runs = 400
    const eers = Float64Array.from({ length: runs }, () => {
      const likeness = Array.from({ length: people }, normal)
      const genuine = new Float64Array(people * probes)
      const impostor = new Float64Array(people * (people - 1))
      let at = 0
      for (let i = 0; i < people; i++) {
        const mean = gap + Math.sqrt(own) * normal()
        for (let k = 0; k < probes; k++) genuine[i * probes + k] = mean + Math.sqrt(1 - own) * normal()
        for (let j = 0; j < people; j++) if (j !== i) impostor[at++] = Math.sqrt(other) * (likeness[i] + likeness[j]) + Math.sqrt(1 - 2 * other) * normal()
      }
      return eerOf(genuine, impostor)
    })
    const mean = eers.reduce((sum, eer) => sum + eer, 0) / runs
    const deviation = Math.sqrt(eers.reduce((sum, eer) => sum + (eer - mean) ** 2, 0) / (runs - 1))
    // The correlations of two decisions of one person, measured by themselves at the threshold between the two means.
    let [wrong, genuinePairs, impostorPairs] = [0, 0, 0]
    const draws = 60_000
    for (let i = 0; i < draws; i++) {
      const [a, b] = [normal(), normal()]
      const misses = (): boolean => gap + Math.sqrt(own) * a + Math.sqrt(1 - own) * normal() < gap / 2
      const accepts = (): boolean => Math.sqrt(other) * (b + normal()) + Math.sqrt(1 - 2 * other) * normal() > gap / 2
      const [x, y] = [misses(), misses()]
      wrong += Number(x) + Number(y)
      genuinePairs += Number(x && y)
      impostorPairs += Number(accepts() && accepts())
    }
    const e = wrong / (2 * draws)
    const correlation = (both: number): number => (both / draws - e * e) / (e * (1 - e))
    const predicted = eerDeviation({
      genuinePerSubject: new Array<number>(people).fill(probes), impostorTrials: people * (people - 1), impostorSubjects: people, eer: e,
      genuineCorrelation: correlation(genuinePairs), impostorCorrelation: correlation(impostorPairs),
    })
    expect((predicted ?? 0) / deviation).toBeGreaterThan(0.8)
    expect((predicted ?? 0) / deviation).toBeLessThan(1.25)
  })

  it('is near the intervals that were measured on ECG-ID and HeartPrint', () => {
    const halfWidth = (people: number, probes: number, eer: number): number =>
      1.96 * (eerDeviation({ genuinePerSubject: new Array<number>(people).fill(probes), impostorTrials: people * probes * (people - 1), impostorSubjects: people, eer, genuineCorrelation: 0.4, impostorCorrelation: 0.1 }) ?? 0)
    // recognition.md B3: 20 people ±4.8, 90 ±3.1, 199 ±1.8 points.
    expect([halfWidth(20, 4, 0.073), halfWidth(90, 1, 0.048), halfWidth(199, 3, 0.125)].map((width) => Math.round(1000 * width) / 10)).toEqual([5.6, 2.6, 2.3])
  })

  it('is told in sentences', () => {
    const lab = aLab(20, 2, 2)
    const support = dataSupport(make(lab, { strategy: 'leave-last-day-out', validation: 0 }), lab)
    expect(support).toMatchObject({
      subjects: 20, testSubjects: 20, sessionsPerSubject: { minimum: 2, median: 2, maximum: 2 }, genuineTrials: 80, impostorTrials: 1520, smallestFmr: 3 / 1520, crossSession: true, subjectDisjoint: false,
    })
    expect(support.sentences).toEqual([
      '20 subjects are tested: an EER of 7 % can be known to about ±5.5 points (95 %).',
      'Fewer than 50 subjects cannot rank variants of one model: a smaller difference than that is chance.',
      '80 genuine trials and 1520 impostor trials: a false match rate below 0.2 % cannot be shown (rule of three), and none below 2 % should be printed.',
      'The model knows every enrolled subject: nothing is said about people it has not seen, and there is no cohort for AS-norm.',
    ])
    const oneDay = aLab(20, 1, 2)
    expect(dataSupport(make(oneDay, { strategy: 'closed-set-by-recording' }), oneDay)).toMatchObject({ crossSession: false, sentences: expect.arrayContaining([expect.stringContaining('within one session')]) })
  })
})

it('the matrix says who is where, and what is left out', () => {
  const entries = [...aLab(2, 2, 2), anEntry(99, { subject: 'S010', day: '2026-03-01' })]
  const { sessions, rows } = splitMatrix(make(entries, { strategy: 'leave-last-day-out', validation: 0 }), entries)
  expect(sessions).toEqual(['2026-03-01', '2026-03-02'])
  expect(rows.map(({ subject, cells }) => [subject, cells.map(({ roles, recordings, seconds }) => `${roles.join('+')} ${recordings} ${seconds}`)])).toEqual([
    ['S001', ['enrol 2 40', 'test 2 40']], ['S002', ['enrol 2 40', 'test 2 40']], ['S010', [' 1 20']],
  ])
})

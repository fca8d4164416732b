import type { LeakFinding, VersionEntry } from '../contract/index.ts'
import { finding, named, type Placed, type Placement } from './leak-findings.ts'
import { groupBy } from './order.ts'
import { Random } from './random.ts'
import { dividesRows, hasTrials } from './split-roles.ts'

/** Shuffles of the subjects' names; p is at least one over this. */
const permutations = 999
const significance = 0.01
/** Of what lies between chance and certainty: from half on, identity can be read off the header; below a twentieth it is of no account. */
const blockingEffect = 0.5
const notableEffect = 0.05
/** Fewer people with a converter of their own may be chance: two labs, two boards. */
const fewestFingerprints = 3

/** Gallery and probes of the recording-wise comparisons: what a classifier of metadata would be trained on, and tested. */
function comparisons({ split, placed }: Placement): { gallery: Placed[]; probes: Placed[] } {
  if (!hasTrials(split)) return { gallery: [], probes: [] }
  const enrolled = placed.filter(({ assignment, entry }) => assignment.role === 'enrol' && entry !== null)
  const people = new Set(enrolled.map(({ person }) => person))
  return { gallery: enrolled, probes: placed.filter(({ assignment, entry, person }) => assignment.role === 'test' && entry !== null && people.has(person)) }
}

/**
 * 11. Can a person be told from the header alone? The nearest enrolled header (most equal fields of device, rate, lanes, units, gains, bits and length) names the person, ties shared
 * among their people. At chance the share of right answers is one in the number of people: exactly so when all headers are alike, as in ECG-ID. p: how often shuffled names do as well.
 * A split of rows has one header on both sides by nature: that is a warning, for it is no test across recordings to begin with.
 */
export function metadataConfound(placement: Placement): LeakFinding[] {
  const { gallery, probes } = comparisons(placement)
  const people = [...new Set(gallery.map(({ person }) => person))]
  if (people.length < 2 || probes.length === 0) return []
  const credits = creditMatrix(gallery, probes, people)
  const accuracy = sum(people.map((_, i) => credits[i][i]))
  const chance = 1 / people.length
  const effect = (accuracy - chance) / (1 - chance)
  if (effect < notableEffect) return []
  const random = Random.of('metadata permutations', 1)
  const order = people.map((_, i) => i)
  let asGood = 1
  for (let i = 0; i < permutations; i++) {
    const names = random.shuffled(order)
    if (sum(names.map((name, at) => credits[at][name])) >= accuracy - 1e-12) asGood++
  }
  const p = asGood / (permutations + 1)
  if (p >= significance) return []
  const blocks = effect >= blockingEffect && !dividesRows(placement.split.options)
  const data = { accuracy: digits(accuracy), chance: digits(chance), p, fields: fieldsThatDiffer(gallery).join(', ') }
  const words = `The header alone names the right one of ${people.length} people in ${percent(accuracy)} of the tests (chance ${percent(chance)}, p = ${p}); the fields ${data.fields} differ between people.`
  return [finding('metadata-confound', blocks ? 'block' : 'warn', blocks ? `${words} A model may learn these instead of hearts.` : words, probes, data)]
}

/** Row i: the probes of person i; column j: their share, of all probes, that the nearest headers give to person j. All cells add up to 1. */
function creditMatrix(gallery: readonly Placed[], probes: readonly Placed[], people: readonly string[]): number[][] {
  const index = new Map(people.map((person, i) => [person, i]))
  // Headers are few, recordings many: every header is compared once.
  const galleryHeaders = [...groupBy(gallery, ({ entry }) => headerOf(entry).join('\n'))].map(([, own]) => ({ header: headerOf(own[0].entry), people: new Set(own.map(({ person }) => index.get(person) ?? 0)) }))
  const credits = people.map(() => new Array<number>(people.length).fill(0))
  for (const own of groupBy(probes, ({ entry }) => headerOf(entry).join('\n')).values()) {
    const header = headerOf(own[0].entry)
    let most = -1
    let nearest = new Set<number>()
    for (const candidate of galleryHeaders) {
      const equal = candidate.header.filter((field, i) => field === header[i]).length
      if (equal > most) nearest = new Set(candidate.people)
      else if (equal === most) for (const person of candidate.people) nearest.add(person)
      most = Math.max(most, equal)
    }
    for (const { person } of own) {
      const row = credits[index.get(person) ?? 0]
      for (const j of nearest) row[j] += 1 / (nearest.size * probes.length)
    }
  }
  return credits
}

const fieldNames = ['device', 'rate', 'lanes', 'units', 'gain', 'bits', 'length'] as const

/** Lengths are alike within a twelfth (six steps per octave): nobody stops a recording to the sample. */
function headerOf(entry: VersionEntry | null): string[] {
  if (!entry) return []
  const { device, rateHz, lanes, rows } = entry
  const length = Math.round(6 * Math.log2(Math.max(1, rows / rateHz)))
  return [device, String(rateHz), lanes.map(({ label }) => label).join(','), lanes.map(({ unit }) => unit).join(','), lanes.map(({ gainCountsPerUnit }) => gainCountsPerUnit).join(','), lanes.map(({ bits }) => bits).join(','), String(length)]
}

function fieldsThatDiffer(gallery: readonly Placed[]): string[] {
  const headers = gallery.map(({ entry }) => headerOf(entry))
  return fieldNames.filter((_, i) => new Set(headers.map((header) => header[i])).size > 1)
}

/**
 * 13. A converter's scale (gain and baseline of every lane) that one person has on both sides and nobody else has: counts rounded to that scale name the person whatever the
 * signal is. BIDMC's headers are of this kind.
 */
export function adcFingerprint(placement: Placement): LeakFinding[] {
  const { gallery, probes } = comparisons(placement)
  const owners = new Map<string, Set<string>>()
  for (const { entry, person } of gallery) {
    const scale = scaleOf(entry)
    owners.set(scale, (owners.get(scale) ?? new Set()).add(person))
  }
  const readable = probes.filter(({ entry, person }) => {
    const people = owners.get(scaleOf(entry))
    return people?.size === 1 && people.has(person)
  })
  const people = [...new Set(readable.map(({ person }) => person))]
  // One person with a board of their own is enough for a warning; that half of all tests can be read off is no test.
  if (people.length === 0 || new Set(gallery.map(({ person }) => person)).size < 2) return []
  const share = readable.length / probes.length
  const blocks = share >= blockingEffect && people.length >= fewestFingerprints && !dividesRows(placement.split.options)
  const message = `Gain and baseline alone name the person in ${percent(share)} of the tests: ${named(people.sort())} ${people.length === 1 ? 'has' : 'have'} a scale that nobody else has.`
  return [finding('adc-fingerprint', blocks ? 'block' : 'warn', message, readable, { share: digits(share), people: people.length })]
}

const scaleOf = (entry: VersionEntry | null): string => (entry?.lanes ?? []).map(({ gainCountsPerUnit, baseline }) => `${gainCountsPerUnit}(${baseline})`).join(' ')

/**
 * 12. Names that were shuffled must give chance. What can be known before anything is trained: that the names are the version's (a split whose names are shuffled is
 * none), and that no single answer is right more often than it should be (one person with most of the tests).
 */
export function labelPermutation(placement: Placement): LeakFinding[] {
  const { placed } = placement
  const findings: LeakFinding[] = []
  const wrong = placed.filter(({ assignment, entry }) => entry !== null && (entry.subject !== assignment.subject || entry.session !== assignment.session))
  if (wrong.length > 0) {
    findings.push(finding('label-permutation', 'block', `The split gives recordings another subject or session than the version does: ${named(wrong.map(({ assignment }) => `${assignment.subject}/${assignment.recording}`))}.`, wrong))
  }
  const { probes } = comparisons(placement)
  const byPerson = groupBy(probes, ({ person }) => person)
  const busiest = [...byPerson.values()].reduce<Placed[]>((most, own) => (own.length > most.length ? own : most), [])
  if (byPerson.size >= 3 && busiest.length > probes.length / 2) {
    const [{ person }] = busiest
    const share = busiest.length / probes.length
    findings.push(finding('label-permutation', 'warn', `${person} has ${percent(share)} of the tests: always answering ${person} is right that often, shuffled names or not.`, busiest, { share: digits(share), people: byPerson.size }))
  }
  return findings
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`
const digits = (value: number): number => Math.round(value * 1e4) / 1e4

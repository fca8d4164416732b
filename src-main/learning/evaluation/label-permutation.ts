import type { SystemEvaluation } from '../../contract/index.ts'
import { Random } from '../../curation/random.ts'
import { crossing } from './equal-error-rate.ts'
import { significant } from './significant.ts'
import type { SortedTrials } from './sorted-trials.ts'

/** Enough for a mean within a point even with few subjects. */
const defaultPermutations = 100
/** Half of the range that counts as chance, at least. Source: recognition.md B5. */
const chanceBand = 0.03

/**
 * The EER when templates are given to enrolled people at random. Every template is as likely to be anybody's, so it is 50 %; anything else means that the evaluation, not the model,
 * tells genuine from impostor trials. Strangers are nobody's impostors here: whoever is given a template, their trials stay what they are. Each permutation has few people, so its own EER scatters: what must be at chance is the mean, within 3 points or three of its standard errors.
 * @returns `null` with fewer than two templates or without probes of enrolled people.
 */
export function permutedLabels(trials: SortedTrials, seed: number, permutations = defaultPermutations): SystemEvaluation['permutation'] {
  const enrolled = Array.from(trials.templates.keys()).filter((place) => trials.templates[place] > 0)
  const tested = enrolled.some((place) => trials.probes[place] > 0)
  if (enrolled.length < 2 || !tested) return null
  const random = Random.of('label permutation', seed)
  const eers = Float64Array.from({ length: permutations }, () => {
    const given = random.shuffled(enrolled)
    const ownerOf = new Uint16Array(trials.templates.length).map((_, place) => place)
    enrolled.forEach((place, i) => (ownerOf[place] = given[i]))
    return eerWithOwners(trials, ownerOf)
  }).sort()
  const mean = eers.reduce((sum, eer) => sum + eer, 0) / permutations
  const deviation = Math.sqrt(eers.reduce((sum, eer) => sum + (eer - mean) ** 2, 0) / Math.max(1, permutations - 1))
  const band = Math.max(chanceBand, (3 * deviation) / Math.sqrt(permutations))
  return { eer: significant(mean), low: significant(eers[0]), high: significant(eers[permutations - 1]), permutations, atChance: Math.abs(mean - 0.5) <= band }
}

function eerWithOwners({ score, left, right, probes, templates }: SortedTrials, ownerOf: Uint16Array): number {
  let [allGenuine, allProbes] = [0, 0]
  const enrolled = templates.reduce((sum, count) => sum + count, 0)
  probes.forEach((count, place) => {
    if (templates[place] === 0) return
    allProbes += count
    allGenuine += count * templates[place]
  })
  const allImpostor = allProbes * enrolled - allGenuine
  let [accepted, alarms, fmr, fnmr] = [0, 0, 0, 1]
  for (let i = 0; i < score.length; ) {
    const level = score[i]
    do {
      if (templates[left[i]] > 0) {
        if (left[i] === ownerOf[right[i]]) accepted++
        else alarms++
      }
      i++
    } while (i < score.length && score[i] === level)
    const [fmrBefore, fnmrBefore] = [fmr, fnmr]
    fmr = alarms / allImpostor
    fnmr = (allGenuine - accepted) / allGenuine
    if (fmr >= fnmr) return fmrBefore + crossing(fmrBefore, fnmrBefore, fmr, fnmr) * (fmr - fmrBefore)
  }
  throw new RangeError('the trials are not all there')
}

import type { RankedProbes } from './identification.ts'
import type { ScoreMatrix } from './scores.ts'
import { descendingOrder } from './sort-scores.ts'

/**
 * Trials by falling score with the two people in each: what resampling of subjects walks over. A trial is genuine where both are one. With subjects weighted (how often each was
 * drawn), a genuine trial weighs w[left], an impostor trial w[left] x w[right]: two draws of one person are two people who are never compared with each other.
 */
export interface SortedTrials {
  readonly score: Float32Array
  /** Places in the list of subjects: of the probe, and of the template. */
  readonly left: Uint16Array
  readonly right: Uint16Array
  /** Per place. Impostor trials are every probe of `probes` against every template of `templates` of another place: their total weight needs no walk. */
  readonly genuine: Float64Array
  readonly probes: Float64Array
  readonly templates: Float64Array
}

const empty = (places: number): Float64Array => new Float64Array(places)

/** `placeOf`: a subject's place, 0 .. places - 1. @throws RangeError with more than 65,535 subjects. */
export function sortTrials({ scores, probeSubject, templateSubject }: ScoreMatrix, placeOf: ReadonlyMap<number, number>, places: number): SortedTrials {
  if (places >= 0xffff) throw new RangeError(`${places} subjects are too many`)
  const place = (subject: number): number => {
    const found = placeOf.get(subject)
    if (found === undefined) throw new RangeError(`subject ${subject} has no place`)
    return found
  }
  const [probePlace, templatePlace] = [Uint16Array.from(probeSubject, place), Uint16Array.from(templateSubject, place)]
  const columns = templatePlace.length
  const order = descendingOrder(scores)
  const [genuine, probes, templates] = [empty(places + 1), empty(places + 1), empty(places + 1)]
  for (const at of templatePlace) templates[at]++
  for (const at of probePlace) {
    probes[at]++
    genuine[at] += templates[at]
  }
  return {
    score: Float32Array.from(order, (i) => scores[i]), left: Uint16Array.from(order, (i) => probePlace[Math.floor(i / columns)]), right: Uint16Array.from(order, (i) => templatePlace[i % columns]),
    genuine, probes, templates,
  }
}

/**
 * Open-set identification as trials: an enrolled person's probe with the score at which it is found, a stranger's with the best score over the gallery, which stands still: its
 * place is `places`, whose weight is 1.
 */
export function sortSearches({ subject, rank, best }: RankedProbes, placeOf: ReadonlyMap<number, number>, places: number): SortedTrials {
  const scores = Float32Array.from(best, (score, row) => (rank[row] > 1 ? -Infinity : score))
  const order = descendingOrder(scores)
  const [genuine, probes, templates] = [empty(places + 1), empty(places + 1), empty(places + 1)]
  templates[places] = 1
  const at = Uint16Array.from(subject, (code) => placeOf.get(code) ?? places)
  at.forEach((place, row) => {
    if (rank[row] > 0) genuine[place]++
    else probes[place]++
  })
  return {
    score: Float32Array.from(order, (i) => scores[i]), left: Uint16Array.from(order, (i) => at[i]), right: Uint16Array.from(order, (i) => (rank[i] > 0 ? at[i] : places)), genuine, probes, templates,
  }
}

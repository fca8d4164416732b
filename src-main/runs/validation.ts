import { samplesOf } from '../learning/data/window-rows.ts'
import { equalErrorRate } from '../learning/evaluation/equal-error-rate.ts'
import { errorCurve } from '../learning/evaluation/error-rates.ts'
import { closedSet, rankProbes } from '../learning/evaluation/identification.ts'
import { makeProbes } from '../learning/evaluation/probes.ts'
import { cosineScores, scoreLists } from '../learning/evaluation/scores.ts'
import { makeTemplates } from '../learning/evaluation/templates.ts'
import { validationSides } from '../learning/evaluation/validation-sides.ts'
import { embeddingSet, thinnedRows, type TrainingData } from './training-data.ts'

/** Of either side: an epoch must not take longer to judge than to train. */
const mostWindows = 3000

/**
 * What decides between epochs: EER and rank-1 of single windows on the validation part, against templates of the enrolment (closed set) or of each validation person's own first recording.
 * `embed`: [windows, time, channels] -> unit-length rows.
 */
export function validator(data: TrainingData): (embed: (samples: Float32Array) => Promise<Float32Array>) => Promise<{ eer: number | null; rank1: number | null }> {
  const { set, closedSet: closed } = data
  const probes = thinnedRows(data.validation, mostWindows)
  const enrolment = closed ? thinnedRows(data.enrolment, mostWindows) : new Int32Array(0)
  const samples = { probes: samplesOf(set, probes), enrolment: samplesOf(set, enrolment) }
  return async (embed) => {
    const validation = embeddingSet(set, probes, await embed(samples.probes), 'validation')
    const enrolled = embeddingSet(set, enrolment, enrolment.length > 0 ? await embed(samples.enrolment) : new Float32Array(0), 'enrol')
    const sides = validationSides(validation, enrolled, set.recordings)
    if (sides === null) return { eer: null, rank1: null }
    const scores = cosineScores(makeProbes(sides.probe, 1).probes, makeTemplates(sides.enrol, (recording) => set.recordings[recording].session))
    const curve = errorCurve(scoreLists(scores))
    const ranked = rankProbes(scores)
    return { eer: curve && equalErrorRate(curve).eer, rank1: ranked && closedSet(ranked.rank, scores.templateSubject.length).rank1 }
  }
}

import { decisionWords, type CrossModalReport, type DecisionUnit, type EmbeddingLikeness, type OverlapByKind, type TrialOverlap } from '../../contract/index.ts'

const short = (value: number | null | undefined): string => (value == null ? '-' : String(Number(value.toPrecision(3))))
const rate = (value: number): string => `${(100 * value).toFixed(1)} %`
const points = (value: number): string => (100 * value).toFixed(1)

/** What a recipe for two modalities has to tell, for a terminal. */
export function crossModalLines({ lanes, teachability: { teacher, parts, assessment }, overlaps, matching, transit }: CrossModalReport, unit: DecisionUnit): string[] {
  const last = matching.at(-1)
  return [
    `Taught by ${lanes.teacher}, uses ${lanes.student} alone`,
    ...(transit ? [`Beats of both: ${transit.told} of ${transit.recordings} recordings tell their own delay${transit.seconds ? `, ${short(transit.seconds.median)} s (${short(transit.seconds.lowest)}-${short(transit.seconds.highest)})` : ''}; ${transit.paired} of ${transit.windows} beats of the student have a partner`] : []),
    ...parts.map(({ part, windows, start, end }) => `Teachability against ${teacher}, ${part}, ${windows} windows (untaught -> taught): ${measures.map(([name, key]) => `${name} ${short(start?.[key])} -> ${short(end?.[key])}`).join(', ')}, CKA by chance ${short(end?.ckaByChance ?? start?.ckaByChance)}`),
    ...(parts.length === 0 ? ['Teachability: no window of both modalities of the same moment'] : []),
    ...(assessment.length > 0 ? [`Assessment by the teacher's classifier: ${rate(assessment[0].rate)} after the first epoch, ${rate(assessment[assessment.length - 1].rate)} after the last`] : []),
    ...overlaps.flatMap((overlap) => overlap.kinds.map((kind) => overlapLine(overlap, kind, unit))),
    ...overlaps.filter(({ thresholds }) => Object.values(thresholds).some((threshold) => threshold?.rule === 'own-eer')).map(({ beats }) => `Thresholds of ${decisionWords(beats, unit)}: validation could not fix them all; the rest are at the EER of their own trials, which flatters`),
    ...(last ? [`Matchings of windows: ${matching.length}; at the last ${last.changed === null ? '-' : rate(last.changed)} of the pairs were other ones than at first, mean similarity ${short(last.similarity)}`] : []),
  ]
}

const measures: readonly (readonly [string, keyof EmbeddingLikeness])[] = [['Pearson', 'pearson'], ['COS', 'cosineDistance'], ['MMD', 'mmd'], ['CKA', 'cka']]

function overlapLine({ beats, other }: TrialOverlap, { kind, trials, fixed, broken, difference: { value, interval }, mcnemarP }: OverlapByKind, unit: DecisionUnit): string {
  const right = (of: OverlapByKind['fixed']): string => (of.otherRight === null || of.trials === 0 ? '' : ` (${rate(of.otherRight / of.trials)} right for ${other ?? '-'})`)
  const known = value === null ? '-' : `${points(value)} points${interval ? ` [${points(interval.low)}, ${points(interval.high)}]` : ', no interval'}`
  return `${trials} ${kind} trials, ${decisionWords(beats, unit)}: fixed ${fixed.trials}${right(fixed)}, broken ${broken.trials}${right(broken)}: ${known}, McNemar p ${mcnemarP.toPrecision(2)} (as if trials were independent)`
}

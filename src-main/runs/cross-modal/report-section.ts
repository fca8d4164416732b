import type { CrossModalReport, DecisionUnit, EmbeddingLikeness, OverlapByKind, OverlapCell, OverlapThreshold, Teachability, TransitSummary, TrialOverlap } from '../../contract/index.ts'
import { decimal, ofRecording, noFigure, percent, whole } from '../figure-words.ts'
import { element, plots, table, type Content } from '../html-parts.ts'
import { laneWords } from '../report-words.ts'
import { barsPlot } from '../svg/bars-plot.ts'
import { epochsPlot } from '../svg/epochs-plot.ts'
import { vennPlot } from '../svg/venn-plot.ts'

/** What a recipe for two modalities has to tell, as parts of the report's page. */
export function crossModalParts({ lanes, teachability, overlaps, matching, transit }: CrossModalReport, unit: DecisionUnit): Content[] {
  return [
    element('p', `Taught by ${laneWords(lanes.teacher)}; the student needs ${laneWords(lanes.student)} alone.`),
    ...(transit ? [element('p', transitWords(transit))] : []),
    ...teachabilityParts(teachability),
    ...overlaps.flatMap((overlap) => overlapParts(overlap, unit)),
    ...matchingParts(matching),
  ]
}

/** For whoever reads what a run was made of. */
export function transitWords({ recordings, told, seconds, windows, paired }: TransitSummary): string {
  const own = seconds === null ? '' : `: ${decimal(seconds.median)} s in the middle, ${decimal(seconds.lowest)} to ${decimal(seconds.highest)} s`
  const others = told < recordings ? ` In the other ${whole(recordings - told)} the usual delay decided which beat a pulse belongs to.` : ''
  return `Beats of both signals belong together by the delay between them, which ${whole(told)} of ${whole(recordings)} recordings (once in each role) tell themselves${own}.${others} ${whole(paired)} of ${whole(windows)} beats of the student have a partner.`
}

const likenessRows: readonly (readonly [string, keyof EmbeddingLikeness])[] = [
  ['Pearson correlation (over the windows, mean of the dimensions)', 'pearson'], ['Cosine distance (COS)', 'cosineDistance'], ['MMD\u00b2', 'mmd'], ['Linear CKA', 'cka'], ['CKA of windows paired at random', 'ckaByChance'],
]

function teachabilityParts({ teacher, parts, assessment }: Teachability): Content[] {
  const columns = parts.flatMap((part) => [{ part, what: 'start', likeness: part.start }, { part, what: 'end', likeness: part.end }])
  const rows = likenessRows.map(([words, key]) => [words, ...columns.map(({ likeness }) => decimal(likeness?.[key] ?? null))])
  return [
    element('h3', `Teachability: embeddings of the same moments, the student's against those of ${teacher}`),
    ...(parts.length === 0 ? [element('p', 'Neither test nor validation has windows of both modalities of the same moment: nothing to compare.', 'soft')] : [
      table(['', ...columns.map(({ part, what }) => `${part.part}, ${what}`)], [
        ...rows,
        ['Windows looked at, of so many pairs', ...columns.map(({ part }) => `${whole(part.windows)} of ${whole(part.paired)}`)],
        ['Dimensions, teacher and student', ...columns.map(({ part }) => `${whole(part.dimensions.teacher)}, ${whole(part.dimensions.student)}`)],
      ]),
      element('p', 'Start: the student that nobody taught; end: the taught one. CKA does not see a rotation and needs no equal dimensions; the other three are shown only where the dimensions are equal. Few windows of many dimensions are alike by chance: compare CKA with its last row.', 'soft'),
    ]),
    ...(assessment.length === 0 ? [] : [plots([epochsPlot('Assessment by the teacher\u2019s classifier', 'Part of the windows known', [{ name: 'student\u2019s features', points: assessment.map(({ epoch, rate }) => ({ epoch, value: rate })) }], 0)])]),
  ]
}

function overlapParts({ beats, other, probes, templates, thresholds, kinds }: TrialOverlap, unit: DecisionUnit): Content[] {
  const judges = [['scratch', thresholds.scratch], ['student', thresholds.student], ...(other !== null && thresholds.other ? [[other, thresholds.other] as const] : [])] as const
  return [
    element('h3', `Who is wrong where, deciding by ${ofRecording(beats, unit)}`),
    element('p', `The same ${whole(probes)} probes against ${whole(templates)} templates, by plain cosine (without score normalisation), each model at its own threshold: ${judges.map(([name, threshold]) => `${name} ${thresholdWords(threshold)}`).join('; ')}.`),
    plots(kinds.map(({ kind, cells }) => vennPlot(`${kind} trials`, cells, other))),
    table(['Trials', 'All', ...['scratch', 'student', other].map((name) => name ?? 'other modality'), 'Trials'], kinds.flatMap((kind) => kind.cells.map((cell) => [
      kind.kind, whole(kind.trials), ...verdicts(cell), whole(cell.trials),
    ]))),
    table(['Trials', 'Fixed by teaching', 'Broken', 'Fixed less broken', 'McNemar\u2019s exact p'], kinds.map((kind) => [
      kind.kind, changed(kind.fixed, other), changed(kind.broken, other), difference(kind), kind.mcnemarP === 0 ? '0 (too small to show)' : decimal(kind.mcnemarP),
    ])),
    element('p', `The circles say how many, not by their size. ${baseline(kinds, other)}McNemar\u2019s test takes trials for independent, but those of one person are not: it finds too much. The interval, over drawn subjects, is what counts.`, 'soft'),
  ]
}

const thresholdWords = ({ threshold, rule }: OverlapThreshold): string => `${decimal(threshold)} (${rule === 'validation-eer' ? 'EER of validation' : 'its own EER on these trials: validation could not fix one'})`

const verdicts = ({ scratch, student, other }: OverlapCell): string[] => [scratch, student, other].map((right) => (right === null ? noFigure : right ? 'right' : 'wrong'))

const changed = ({ trials, otherRight }: OverlapByKind['fixed'], other: string | null): string =>
  `${whole(trials)}${otherRight === null || trials === 0 ? '' : ` (${whole(otherRight)}, ${percent(otherRight / trials)}, right for ${other ?? noFigure})`}`

function difference({ difference: { value, interval } }: OverlapByKind): string {
  const points = (rate: number): string => (100 * rate).toFixed(2)
  return value === null ? noFigure : `${points(value)} points ${interval ? `[${points(interval.low)}, ${points(interval.high)}]` : '(no interval)'}`
}

/** A part of the fixed trials says something only beside the same part of all that could have been fixed. */
function baseline(kinds: readonly OverlapByKind[], other: string | null): string {
  const words = kinds.flatMap(({ kind, cells }) => {
    const wrong = cells.filter(({ scratch }) => !scratch)
    const sum = (of: readonly OverlapCell[]): number => of.reduce((total, { trials }) => total + trials, 0)
    return other === null || sum(wrong) === 0 ? [] : [`${percent(sum(wrong.filter((cell) => cell.other === true)) / sum(wrong))} of the ${kind} trials`]
  })
  return words.length === 0 ? '' : `Of all trials that the student alone has wrong, ${other ?? ''} has ${words.join(' and ')} right: compare with the part of the fixed ones. `
}

function matchingParts(matching: CrossModalReport['matching']): Content[] {
  if (matching.length === 0) return []
  return [
    element('h3', 'Matching of windows that were not recorded together'),
    plots([
      barsPlot('Pairs changed', 'Part of the pairs', matching.map(({ epoch, changed: value }) => ({ epoch, value }))), barsPlot('Similarity of the pairs', 'Mean similarity', matching.map(({ epoch, similarity: value }) => ({ epoch, value }))),
    ]),
    table(['Before epoch', 'Windows with a partner', 'Changed since the first', 'Mean similarity', 'Comparisons', 'Time', 'Transmission cost'], matching.map((round) => [
      whole(round.epoch), percent(round.partners), percent(round.changed), decimal(round.similarity), whole(round.comparisons), round.seconds === null ? noFigure : `${decimal(round.seconds)} s`, decimal(round.transmissionCost),
    ])),
    element('p', 'The first matching is by the matcher, those after it by what student and teacher say of the windows: their similarities do not compare.', 'soft'),
  ]
}

import type { CalibrationMeasures, DecisionUnit, ModelName, ProbeEvaluation, RunRecord, RunReport, SystemEvaluation } from '../contract/index.ts'
import { decimal, ofRecording, duration, noFigure, percent, percentEstimate, plainEstimate, whole } from './figure-words.ts'
import { table, type Content, type Markup } from './html-parts.ts'
import { measureWords, seedWords, verdictWords } from './report-words.ts'

export type ReportSystem = NonNullable<RunReport['systems'][ModelName]>
export type NamedSystem = readonly [string, ReportSystem]

/** What was done, with what, on what. */
export function factsTable(record: RunRecord, { facts, run }: RunReport): Markup {
  const { environment, windows, ran } = record
  const rows: [string, string][] = [
    ['Run', run], ['State', `${record.state}${record.containsWithdrawn ? ': CONTAINS A WITHDRAWN SUBJECT' : ''}`], ['Recipe', `${facts.recipe}${record.preset ? ` (${record.preset})` : ''}`],
    ['Version', `${facts.version} (${facts.versionHash})`], ['Split', `${facts.split}, ${facts.strategy} (${facts.splitHash})`], ['Windows', facts.windowsHash],
    ...(windows
      ? ([
          ['Windows by role', counts(windows.byRole)], ['Windows left out', counts(windows.dropped)], ...(windows.unmeasured ? [['Windows whose motion nobody measured', whole(windows.unmeasured)] satisfies [string, string]] : []),
          ['People, recordings', `${whole(windows.subjects)}, ${whole(windows.recordings)}`], ['Window', `${windows.length} samples, ${windows.channels} channel(s), ${decimal(windows.rateHz)} Hz`],
        ] satisfies [string, string][])
      : []),
    ['Seeds', facts.seeds.join(', ')], ['Program', facts.program],
    ['Evaluated on', `${facts.engine.engine} (${facts.engine.version}), ${facts.engine.provider}, ${facts.engine.threads} threads; ${facts.processor}`],
    ...(ran ? ([['Trained on', `${ran.engine} (${ran.version}), ${ran.provider}, ${ran.threads} threads${ran.reasons.map(({ engine, reason }) => `; not ${engine}: ${reason}`).join('')}`]] satisfies [string, string][]) : []),
    ...(environment ? ([['Machine', `${environment.processor}, ${environment.platform}, ${decimal(environment.memoryBytes / 2 ** 30)} GiB, Node ${environment.node}, Pulseprint ${environment.program}`]] satisfies [string, string][]) : []),
    ['Created, started, ended', [record.createdAt, record.startedAt, record.endedAt].map((at) => at ?? noFigure).join(', ')], ['Evaluated', facts.evaluatedAt], ['Time', duration(record.seconds)],
  ]
  return table([], rows)
}

const counts = (by: Readonly<Record<string, number>>): string => Object.entries(by).map(([name, count]) => `${name} ${whole(count)}`).join(', ')

export function modelsTable(record: RunRecord): Markup {
  return table(['Model', 'Network', 'Parameters', 'MACs per window', 'Epochs', 'Best epoch', 'Stopped early', 'Time', 'SHA-256 of the weights'], record.models.map((model) => [
    model.name, model.network, whole(model.parameters), whole(model.macs), whole(model.epochs), whole(model.bestEpoch), model.stoppedEarly ? 'yes' : 'no', duration(model.seconds), model.hash,
  ]))
}

/** One row per figure, one column per system. */
export function sideBySide(systems: readonly NamedSystem[], rows: readonly (readonly [string, (system: ReportSystem) => Content])[]): Markup {
  return table(['', ...systems.map(([name]) => name)], rows.map(([what, say]) => [what, ...systems.map(([, system]) => say(system))]))
}

/** Figures of decisions from so many beats, for every system that has them. */
export function beatsTable(systems: readonly NamedSystem[], beats: number): Markup {
  const of = (say: (probe: ProbeEvaluation) => Content) => ({ evaluation }: ReportSystem): Content => {
    const probe = evaluation.byBeats.find((each) => each.beats === beats)
    return probe ? say(probe) : noFigure
  }
  const all = systems.flatMap(([, { evaluation }]) => evaluation.byBeats.filter((each) => each.beats === beats))
  const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => b - a)
  const fmrs = distinct(all.flatMap(({ fnmrAtFmr }) => fnmrAtFmr.map(({ fmr }) => fmr)))
  const priors = distinct(all.flatMap(({ minDcf }) => minDcf.map(({ prior }) => prior)))
  const decisions = distinct(all.flatMap(({ scoreCalibration }) => scoreCalibration?.decisions.map(({ prior }) => prior) ?? []))
  const fpirs = distinct(all.flatMap(({ openSet }) => openSet?.fnirAtFpir.map(({ fpir }) => fpir) ?? []))
  const rules = [...new Set(all.flatMap(({ operatingPoints }) => operatingPoints.map(({ rule }) => rule)))]
  return sideBySide(systems, [
    ['EER', of(({ eer }) => percentEstimate(eer))],
    ...fmrs.map((fmr) => [`FNMR at FMR ${percent(fmr)}`, of(({ fnmrAtFmr }) => {
      const found = fnmrAtFmr.find((each) => each.fmr === fmr)
      return found ? `${percentEstimate(found.fnmr)}${found.threshold === null ? '' : ` at score ${decimal(found.threshold)}`}` : noFigure
    })] as const),
    ...priors.map((prior) => [`minDCF, prior ${decimal(prior)}`, of(({ minDcf }) => plainEstimate(minDcf.find((each) => each.prior === prior)?.cost ?? { value: null, interval: null }))] as const),
    ...rules.map((rule) => [`At the threshold of ${rule}`, of(({ operatingPoints }) => {
      const found = operatingPoints.find((each) => each.rule === rule)
      return found ? `score ${decimal(found.threshold)}: FMR ${percentEstimate(found.fmr)}, FNMR ${percentEstimate(found.fnmr)}; with refused samples FAR ${percent(found.far)}, FRR ${percent(found.frr)}` : noFigure
    })] as const),
    ['d\u2032', of(({ dPrime }) => decimal(dPrime))],
    ['Rank-1', of(({ identification }) => percentEstimate(identification.rank1))],
    ['Mean average precision', of(({ identification }) => percent(identification.meanAveragePrecision))],
    ...fpirs.map((fpir) => [`FNIR at FPIR ${percent(fpir)}`, of(({ openSet }) => {
      const found = openSet?.fnirAtFpir.find((each) => each.fpir === fpir)
      return found ? `${percentEstimate(found.fnir)}${found.threshold === null ? '' : ` at score ${decimal(found.threshold)}`}` : noFigure
    })] as const),
    ['Open-set probes, enrolled and not', of(({ openSet }) => (openSet ? `${whole(openSet.matedProbes)}, ${whole(openSet.unmatedProbes)}` : noFigure))],
    ['Cllr, minCllr (bits)', of(({ scoreCalibration: found }) => (found ? `${decimal(found.cllr)}, ${decimal(found.minCllr)} (slope ${decimal(found.slope)}, offset ${decimal(found.offset)})` : noFigure))],
    ...decisions.map((prior) => [`actual and minimum DCF, prior ${decimal(prior)}`, of(({ scoreCalibration }) => {
      const found = scoreCalibration?.decisions.find((each) => each.prior === prior)
      return found ? `${decimal(found.actualDcf)}, ${decimal(found.minDcf)}` : noFigure
    })] as const),
    ['Genuine, impostor trials', of(({ genuineTrials, impostorTrials }) => `${whole(genuineTrials)}, ${whole(impostorTrials)}`)],
    ['Probes, of enrolled people, windows in none', of(({ probes, identification, unusedWindows }) => `${whole(probes)}, ${whole(identification.probes)}, ${whole(unusedWindows)}`)],
  ])
}

/** Every number of beats that some system was asked for, in order. */
export const beatsOf = (systems: readonly NamedSystem[]): number[] => [...new Set(systems.flatMap(([, { evaluation }]) => evaluation.byBeats.map(({ beats }) => beats)))]

/** Cost, calibration and what the figures rest on. */
export function systemsTable(systems: readonly NamedSystem[]): Markup {
  const of = (say: (evaluation: SystemEvaluation) => Content) => ({ evaluation }: ReportSystem): Content => say(evaluation)
  const calibrated = (say: (found: NonNullable<SystemEvaluation['calibration']>) => string) => of(({ calibration }) => (calibration ? say(calibration) : noFigure))
  const spread = ({ minimum, median, maximum }: SystemEvaluation['enrolment']['windows']): string => `${whole(minimum)} to ${whole(maximum)}, median ${decimal(median)}`
  return sideBySide(systems, [
    ['Parameters', ({ figures }) => whole(figures?.parameters ?? null)],
    ['Multiply-accumulates per window', ({ figures }) => whole(figures?.macs ?? null)],
    ['One window takes', ({ figures }) => (figures?.latencyMs ? `${decimal(figures.latencyMs.p50)} ms median, ${decimal(figures.latencyMs.p95)} ms 95th percentile, of ${whole(figures.latencyMs.runs)}` : noFigure)],
    ['SHA-256 of the weights', ({ modelHash }) => modelHash ?? noFigure],
    ['Confidence over', calibrated(({ source, classes, samples, validationSamples, scale }) => `${whole(classes)} ${source === 'head' ? 'classes of the classifier' : 'enrolled templates'}, ${whole(samples)} samples (validation ${whole(validationSamples)}), cosines x ${decimal(scale)}`)],
    ['Calibration before', calibrated(({ before }) => measures(before))],
    ['Temperature', calibrated(({ temperature }) => (temperature ? `${decimal(temperature.value)}${temperature.atLimit ? ', at its limit' : ''}` : noFigure))],
    ['Calibration after', calibrated(({ after }) => (after ? measures(after) : noFigure))],
    ['People enrolled, tested, never enrolled', of(({ subjects }) => `${whole(subjects.enrolled)}, ${whole(subjects.tested)}, ${whole(subjects.neverEnrolled)}`)],
    ['Windows of a template', of(({ enrolment }) => spread(enrolment.windows))],
    ['Sessions of a template', of(({ enrolment }) => spread(enrolment.sessions))],
    ['Score normalisation', of(({ normalisation: { kind, meanSubtracted, cohort, top, off } }) => `${kind}${meanSubtracted ? ', mean subtracted' : ''}, cohort of ${whole(cohort)}${top === null ? '' : `, top ${whole(top)}`}${off ? `, off: ${off}` : ''}`)],
    ['Intervals', of(({ bootstrap }) => `95 %, ${whole(bootstrap.replicates)} draws of ${whole(bootstrap.subjects)} subjects, seed ${bootstrap.seed}`)],
    ['EER with labels at random', of(({ permutation: found }) => (found ? `${percent(found.eer)} [${percent(found.low)}, ${percent(found.high)}] of ${whole(found.permutations)}: ${found.atChance ? 'at chance' : 'NOT at chance'}` : noFigure))],
    ['Failures to acquire', of(({ failureToAcquire: found }) => (found ? `${whole(found.refused)} of ${whole(found.attempts)} (${percent(found.rate)})` : noFigure))],
  ])
}

function measures({ ece, eceEqualMass, brier, nll, accuracy, confidence }: CalibrationMeasures): string {
  return `ECE ${percent(ece)} (equal mass ${percent(eceEqualMass)}), Brier ${decimal(brier)}, NLL ${decimal(nll)}, right ${percent(accuracy)}, sure ${percent(confidence)}`
}

export function comparisonsTable({ comparisons, seedComparisons }: RunReport, unit: DecisionUnit): Markup[] {
  const points = (value: number | null): string => (value === null ? noFigure : `${(100 * value).toFixed(2)} points`)
  const interval = (found: { low: number; high: number } | null): string => (found ? `[${(100 * found.low).toFixed(2)}, ${(100 * found.high).toFixed(2)}]` : noFigure)
  return [
    table(['In words', 'Measure', 'Decision by', 'Difference', '95 % interval', 'Known to ±', 'p', 'p after Holm', 'Subjects'], comparisons.map((each) => [
      verdictWords(each), measureWords(each.measure), ofRecording(each.beats, unit), points(each.difference), interval(each.interval), points(each.halfWidth), decimal(each.p), decimal(each.adjustedP), whole(each.subjects),
    ])),
    table(['Over several seeds', '95 % interval', 't', 'p', 'Cohen\'s d_z'], seedComparisons.map((each) => [seedWords(each, unit), interval(each.interval), decimal(each.t), decimal(each.p), decimal(each.dz)])),
  ]
}

/** Where each system finds it hard. */
export function subjectsTable({ perSubject }: SystemEvaluation): Markup {
  return table(['Subject', 'Probes', 'Genuine', 'Others with its template', 'Its probes with others\u2019', 'Animals'], perSubject.map(({ subject, probes, genuine, asTemplate, asProbe, animals }) => [
    subject, whole(probes), decimal(genuine), decimal(asTemplate), decimal(asProbe), animals.join(', '),
  ]))
}

/** Bins of a reliability diagram, before and after. */
export function reliabilityTable({ calibration }: SystemEvaluation): Markup {
  if (!calibration) return table([], [])
  const after = calibration.after?.reliability
  const say = (bin: { count: number; confidence: number | null; accuracy: number | null } | undefined): string[] => (bin ? [whole(bin.count), percent(bin.confidence), percent(bin.accuracy)] : [noFigure, noFigure, noFigure])
  return table(['Confidence', 'Samples before', 'Sure', 'Right', 'Samples after', 'Sure', 'Right'], calibration.before.reliability.map((bin, i) => [`${percent(bin.low)} to ${percent(bin.high)}`, ...say(bin), ...say(after?.[i])]))
}

import { z } from 'zod'
import { CrossModalReport } from './cross-modal-report.ts'
import { Estimate, EstimateInterval } from './estimate.ts'
import { EngineName, ModelName, RunId } from './learning.ts'
import { NShotEvaluation } from './n-shot.ts'
import { SplitRole, SplitStrategy } from './split.ts'

export * from './cross-modal-report.ts'
export * from './n-shot.ts'

/** 0-1. */
const rate = z.number().min(0).max(1)
const count = z.number().int().nonnegative()
/** Columns of a curve: equal lengths, at most 200. */
const column = z.array(z.number()).max(200)

export { Estimate, EstimateInterval }

/** Detection error trade-off: rates, and the same as normal deviates (what the axes are drawn in). */
export const DetCurve = z.object({ fmr: column, fnmr: column, x: column, y: column })
export type DetCurve = z.infer<typeof DetCurve>

/** Equal bins from `low` to `high`; counts of trials. */
export const ScoreHistogram = z.object({ low: z.number(), high: z.number(), genuine: z.array(count).max(200), impostor: z.array(count).max(200) })
export type ScoreHistogram = z.infer<typeof ScoreHistogram>

/** Rates on the test at a threshold that was fixed on validation. `far` and `frr` count refused samples too (ISO/IEC 19795-1). */
export const OperatingPoint = z.object({
  /** Where validation has its EER, or its FMR of 1 %. */
  rule: z.enum(['validation-eer', 'validation-fmr-1-percent']),
  threshold: z.number(),
  fmr: Estimate,
  fnmr: Estimate,
  far: rate.nullable(),
  frr: rate.nullable(),
})
export type OperatingPoint = z.infer<typeof OperatingPoint>

export const Identification = z.object({
  /** Probes of enrolled people. */
  probes: count,
  rank1: Estimate,
  meanAveragePrecision: rate.nullable(),
  /** Part of the probes whose own template is among the `rank` best. */
  cmc: z.object({ rank: z.array(z.number().int().min(1)).max(200), rate: z.array(rate).max(200) }),
})
export type Identification = z.infer<typeof Identification>

/** Some test subjects are never enrolled: how often they are taken for somebody (FPIR), how often enrolled people are not found (FNIR). */
export const OpenSet = z.object({
  matedProbes: count,
  unmatedProbes: count,
  fnirAtFpir: z.array(z.object({ fpir: rate, fnir: Estimate, threshold: z.number().nullable() })),
})
export type OpenSet = z.infer<typeof OpenSet>

/** Scores as log likelihood ratios, by a logistic regression on validation scores. Costs in bits; `minCllr`: what the best monotone calibration would leave. */
export const ScoreCalibration = z.object({
  slope: z.number(),
  offset: z.number(),
  cllr: z.number(),
  minCllr: z.number(),
  /** Cost at the threshold that the log likelihood ratio and the prior ask for, beside the best possible. */
  decisions: z.array(z.object({ prior: rate, actualDcf: z.number(), minDcf: z.number() })),
})
export type ScoreCalibration = z.infer<typeof ScoreCalibration>

/** Everything about decisions from so many beats each. */
export const ProbeEvaluation = z.object({
  /** Beats (windows) of one decision, from one recording; 0: all of it. A number without this is meaningless. */
  beats: count,
  probes: count,
  /** Test windows that are in no probe: less than `beats` were left of their recording, or there were too many probes for the machine. */
  unusedWindows: count,
  genuineTrials: count,
  impostorTrials: count,
  eer: Estimate,
  fnmrAtFmr: z.array(z.object({ fmr: rate, fnmr: Estimate, threshold: z.number().nullable() })),
  minDcf: z.array(z.object({ prior: rate, cost: Estimate })),
  operatingPoints: z.array(OperatingPoint),
  dPrime: z.number().nullable(),
  det: DetCurve,
  histogram: ScoreHistogram.nullable(),
  identification: Identification,
  openSet: OpenSet.nullable(),
  scoreCalibration: ScoreCalibration.nullable(),
})
export type ProbeEvaluation = z.infer<typeof ProbeEvaluation>

export const ReliabilityBin = z.object({ low: rate, high: rate, count, confidence: rate.nullable(), accuracy: rate.nullable() })
export type ReliabilityBin = z.infer<typeof ReliabilityBin>

export const CalibrationMeasures = z.object({
  /** 15 bins of equal width, and of equal numbers. */
  ece: rate,
  eceEqualMass: rate,
  /** Sum over the classes of squared differences, 0-2, and negative log likelihood in nats; means over samples. */
  brier: z.number(),
  nll: z.number(),
  accuracy: rate,
  confidence: rate,
  reliability: z.array(ReliabilityBin),
})
export type CalibrationMeasures = z.infer<typeof CalibrationMeasures>

/** Whether 90 % sure is right nine times in ten: softmax(scale · cosine / temperature). */
export const ConfidenceCalibration = z.object({
  /** Cosines to the classifier's class centres, or to the enrolled templates. */
  source: z.enum(['head', 'gallery']),
  classes: count,
  samples: count,
  validationSamples: count,
  scale: z.number(),
  before: CalibrationMeasures,
  /** Fitted on validation; `null`: there was none. `atLimit`: validation is all right or carries no information, the fit ran into its limit. */
  temperature: z.object({ value: z.number(), atLimit: z.boolean() }).nullable(),
  after: CalibrationMeasures.nullable(),
})
export type ConfidenceCalibration = z.infer<typeof ConfidenceCalibration>

/** Doddington's animals by quartiles. There always are some: they say where to look, not that something is wrong. */
export const SubjectScores = z.object({
  subject: z.string(),
  probes: count,
  /** Mean score of own probes with the own template; of others' probes with the own template; of own probes with others' templates. */
  genuine: z.number().nullable(),
  asTemplate: z.number().nullable(),
  asProbe: z.number().nullable(),
  /** Goat: hard to recognise. Lamb: easy to imitate. Wolf: imitates easily. */
  animals: z.array(z.enum(['goat', 'lamb', 'wolf'])),
})
export type SubjectScores = z.infer<typeof SubjectScores>

const spread = z.object({ minimum: count, median: z.number(), maximum: count })

/** One model on the test part of one split. */
export const SystemEvaluation = z.object({
  subjects: z.object({ enrolled: count, tested: count, neverEnrolled: count }),
  enrolment: z.object({ windows: spread, sessions: spread }),
  normalisation: z.object({
    kind: z.enum(['none', 'as-norm', 's-norm']),
    meanSubtracted: z.boolean(),
    cohort: count,
    /** Cohort scores of either side that count; `null` without. */
    top: count.nullable(),
    /** Why it is off although it was asked for. */
    off: z.enum(['cohort-too-small', 'cohort-without-spread']).nullable(),
  }),
  bootstrap: z.object({ replicates: count, seed: z.number().int(), subjects: count }),
  /** One per number of beats, as asked for; the first is the headline. */
  byBeats: z.array(ProbeEvaluation).min(1),
  calibration: ConfidenceCalibration.nullable(),
  /** At the headline's beats; the most telling 200 where there are more. */
  perSubject: z.array(SubjectScores).max(200),
  /** EER when templates are given to other people at random: must be at chance, else the evaluation itself is broken. */
  permutation: z.object({ eer: rate, low: rate, high: rate, permutations: count, atChance: z.boolean() }).nullable(),
  /** Attempts (recordings or beats) that the quality gate refused. */
  failureToAcquire: z.object({ attempts: count, refused: count, rate }).nullable(),
})
export type SystemEvaluation = z.infer<typeof SystemEvaluation>

export const ComparisonVerdict = z.enum(['better', 'worse', 'no-significant-difference', 'too-few-subjects', 'not-comparable'])
export type ComparisonVerdict = z.infer<typeof ComparisonVerdict>

/** `system` against `reference` on the same draws of subjects. `difference`: system - reference. The verdict is about `system`. */
export const SystemComparison = z.object({
  system: z.string(),
  reference: z.string(),
  measure: z.enum(['eer', 'rank1']),
  beats: count,
  difference: z.number().nullable(),
  interval: EstimateInterval.nullable(),
  /** Half of the interval: a smaller difference cannot be told from none with these subjects. */
  halfWidth: z.number().nullable(),
  p: rate.nullable(),
  /** After Holm, over all comparisons of this measure and number of beats. */
  adjustedP: rate.nullable(),
  subjects: count,
  verdict: ComparisonVerdict,
})
export type SystemComparison = z.infer<typeof SystemComparison>

/** The same two systems trained with several seeds: paired t test and Cohen's d_z. */
export const SeedComparison = z.object({
  system: z.string(),
  reference: z.string(),
  measure: z.enum(['eer', 'rank1']),
  beats: count,
  seeds: count,
  /** People tested with the seed that had the fewest: with fewer than 50 nothing is ranked (recognition.md B5). Left out by earlier versions. */
  subjects: count.optional(),
  meanDifference: z.number(),
  interval: EstimateInterval.nullable(),
  t: z.number().nullable(),
  p: rate.nullable(),
  dz: z.number().nullable(),
})
export type SeedComparison = z.infer<typeof SeedComparison>

/** Checks 7-9 of recognition.md C4: what only a run's own facts can show. */
export const RunLeakCheck = z.enum(['fitted-on-test', 'chosen-on-test', 'teacher-saw-test'])
export type RunLeakCheck = z.infer<typeof RunLeakCheck>

/** As `LeakFinding`; `block`: the numbers prove nothing. */
export const RunLeakFinding = z.object({
  check: RunLeakCheck,
  severity: z.enum(['block', 'warn']),
  message: z.string(),
  recordings: z.array(z.string()),
  subjects: z.array(z.string()),
  data: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
})
export type RunLeakFinding = z.infer<typeof RunLeakFinding>

/** What a run did with which part of the split: the leak checks read this. */
export const RunLeakFacts = z.object({
  /** Things with fitted numbers (PCA, normaliser, quality threshold ...) and whose windows they were fitted on. */
  fitted: z.array(z.object({ what: z.string(), roles: z.array(SplitRole) })),
  /** Choices (threshold, temperature, epoch, loss weights ...) and the part of the split that decided; `null`: fixed beforehand. */
  chosen: z.array(z.object({ what: z.string(), role: SplitRole.nullable() })),
  /** Models and galleries that taught the tested one, with what they had seen. */
  teachers: z.array(z.object({ name: z.string(), kind: z.enum(['teacher', 'fusion-teacher', 'gallery', 'pairs']), subjects: z.array(z.string()), recordings: z.array(z.string()) })),
  test: z.object({ subjects: z.array(z.string()), recordings: z.array(z.string()) }),
  /** The protocol promises people whom no model has seen. */
  subjectDisjoint: z.boolean(),
})
export type RunLeakFacts = z.infer<typeof RunLeakFacts>

export const ModelFigures = z.object({
  parameters: count,
  macs: count.nullable(),
  /** One window, on the machine of `facts`. */
  latencyMs: z.object({ p50: z.number().nonnegative(), p95: z.number().nonnegative(), runs: count }).nullable(),
})
export type ModelFigures = z.infer<typeof ModelFigures>

/** What the report says in words: the renderer and the terminal make sentences of code and numbers. */
export const ReportSentence = z.object({
  code: z.enum([
    'headline', 'headline-without-interval', 'no-trials', 'too-few-subjects-to-rank', 'fnmr-not-shown', 'better', 'worse', 'no-significant-difference', 'leak-found', 'permutation-not-at-chance',
    'calibrated', 'not-calibrated', 'normalisation-off', 'samples-refused', 'student-smaller', 'student-not-smaller',
    'teachability', 'nothing-recorded-together', 'trials-fixed', 'thresholds-of-the-test', 'matching',
  ]),
  data: z.record(z.string(), z.union([z.string(), z.number()])),
})
export type ReportSentence = z.infer<typeof ReportSentence>

/** runs/<id>/report.json. Below half a megabyte: curves have 200 points at most. */
export const RunReport = z.object({
  formatVersion: z.literal(1),
  run: RunId,
  facts: z.object({
    recipe: z.string(),
    version: z.string(),
    versionHash: z.string(),
    split: z.string(),
    splitHash: z.string(),
    strategy: SplitStrategy,
    windowsHash: z.string(),
    program: z.string(),
    engine: z.object({ engine: EngineName, provider: z.string(), threads: count, version: z.string() }),
    processor: z.string(),
    seeds: z.array(z.number().int()),
    evaluatedAt: z.string(),
  }),
  /** `nShot`: of a recipe for two modalities. */
  systems: z.partialRecord(ModelName, z.object({ evaluation: SystemEvaluation, figures: ModelFigures.nullable(), modelHash: z.string().nullable(), nShot: NShotEvaluation.optional() })),
  comparisons: z.array(SystemComparison),
  seedComparisons: z.array(SeedComparison),
  leaks: z.array(RunLeakFinding),
  sentences: z.array(ReportSentence),
  /** Of a recipe for two modalities; reports made before there were such have none. */
  crossModal: CrossModalReport.optional(),
})
export type RunReport = z.infer<typeof RunReport>

/** Runs side by side, one row per run and model; models of several seeds are summarised and compared in pairs. */
export const RunComparison = z.object({
  beats: count,
  rows: z.array(
    z.object({
      run: RunId,
      name: z.string(),
      recipe: z.string(),
      split: z.string(),
      seed: z.number().int(),
      model: ModelName,
      engine: EngineName,
      eer: Estimate,
      rank1: Estimate,
      /** Expected calibration error before and after temperature scaling. */
      eceBefore: z.number().nullable(),
      eceAfter: z.number().nullable(),
      parameters: count.nullable(),
      macs: count.nullable(),
      latencyMs: z.number().nullable(),
      seconds: z.number().nullable(),
    }),
  ),
  /** Mean and spread over the seeds, by recipe, split and model. */
  groups: z.array(z.object({ recipe: z.string(), split: z.string(), model: ModelName, seeds: count, eer: z.object({ mean: z.number(), deviation: z.number() }).nullable(), rank1: z.object({ mean: z.number(), deviation: z.number() }).nullable() })),
  seedComparisons: z.array(SeedComparison),
})
export type RunComparison = z.infer<typeof RunComparison>

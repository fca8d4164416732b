import type { CalibrationMeasures, ConfidenceCalibration, ReliabilityBin } from '../../contract/index.ts'
import { significant, significantOrNull } from './significant.ts'
import { fitTemperature, softmaxRow, type ClassScores } from './temperature.ts'

/** Bins of the expected calibration error. Source: recognition.md B4 (Guo et al. 2017). */
export const calibrationBins = 15

/** How sure the model was of its answer, and whether that was right; per sample. */
interface Answers {
  readonly confidence: Float64Array
  readonly right: Uint8Array
  readonly brier: number
  readonly nll: number
}

/**
 * Calibration before and after temperature scaling, T fitted on `validation`.
 * @param scale what the cosines are multiplied with before the softmax (the margin loss's s).
 * @returns `null` without test samples or with fewer than two classes. `temperature` and `after` are `null` without validation samples.
 * @throws RangeError on a label outside of the classes or a cosine that is not a number.
 */
export function calibrate(source: ConfidenceCalibration['source'], test: ClassScores, validation: ClassScores | null, scale: number): ConfidenceCalibration | null {
  if (test.label.length === 0 || test.classes < 2) return null
  for (const scores of validation ? [test, validation] : [test]) check(scores)
  const fitted = validation && fitTemperature(validation, scale)
  return {
    source, classes: test.classes, samples: test.label.length, validationSamples: validation?.label.length ?? 0, scale,
    before: calibrationMeasures(test, scale),
    temperature: fitted && { ...fitted, value: significant(fitted.value) },
    after: fitted && calibrationMeasures(test, scale / fitted.value),
  }
}

function check({ cosines, classes, label }: ClassScores): void {
  if (cosines.length !== classes * label.length) throw new RangeError('cosines and labels differ in length')
  if (cosines.some((cosine) => !Number.isFinite(cosine))) throw new RangeError('a cosine is not a number')
  if (label.some((right) => right < 0 || right >= classes)) throw new RangeError('a label is outside of the classes')
}

/**
 * ECE, Brier score, negative log likelihood and reliability of softmax(scale x cosine).
 * @throws RangeError without samples.
 * @example two samples, 0.9 sure and right, 0.75 sure and wrong (two classes): ECE 0.425, Brier (0.02 + 1.125) / 2 = 0.5725, NLL 0.746
 */
export function calibrationMeasures(scores: ClassScores, scale: number): CalibrationMeasures {
  const { confidence, right, brier, nll } = answers(scores, scale)
  const samples = confidence.length
  if (samples === 0) throw new RangeError('there are no samples')
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / samples
  return {
    ece: significant(equalWidthError(confidence, right)), eceEqualMass: significant(equalMassError(confidence, right)), brier: significant(brier), nll: significant(nll),
    accuracy: significant(mean(right)), confidence: significant(mean(confidence)), reliability: reliabilityBins(confidence, right),
  }
}

function answers(scores: ClassScores, scale: number): Answers {
  const samples = scores.label.length
  const probability = new Float64Array(scores.classes)
  const [confidence, right] = [new Float64Array(samples), new Uint8Array(samples)]
  let [brier, nll] = [0, 0]
  for (let row = 0; row < samples; row++) {
    softmaxRow(scores, row, scale, probability)
    let answer = 0
    for (let c = 0; c < scores.classes; c++) {
      if (probability[c] > probability[answer]) answer = c
      brier += (probability[c] - (c === scores.label[row] ? 1 : 0)) ** 2
    }
    confidence[row] = probability[answer]
    right[row] = answer === scores.label[row] ? 1 : 0
    // A probability that underflows is given the smallest that there is, so that one sample does not make everything infinite.
    nll -= Math.log(Math.max(probability[scores.label[row]], Number.MIN_VALUE))
  }
  return { confidence, right, brier: brier / samples, nll: nll / samples }
}

/** Bin of a confidence: bins are open below and closed above, so that 1 is in the last. */
const binOf = (confidence: number): number => Math.min(calibrationBins - 1, Math.max(0, Math.ceil(confidence * calibrationBins) - 1))

function sums(confidence: Float64Array, right: Uint8Array): { count: number; confidence: number; right: number }[] {
  const bins = Array.from({ length: calibrationBins }, () => ({ count: 0, confidence: 0, right: 0 }))
  confidence.forEach((sure, i) => {
    const bin = bins[binOf(sure)]
    bin.count++
    bin.confidence += sure
    bin.right += right[i]
  })
  return bins
}

/** Expected calibration error, bins of equal width: mean over the samples of their bin's |accuracy - confidence|. */
export function equalWidthError(confidence: Float64Array, right: Uint8Array): number {
  return sums(confidence, right).reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / confidence.length
}

/** The same with bins of (nearly) equal numbers; equal confidences stay in one bin, so that the order of samples does not matter. */
export function equalMassError(confidence: Float64Array, right: Uint8Array): number {
  const order = Uint32Array.from(confidence, (_, i) => i).sort((a, b) => confidence[a] - confidence[b])
  let [error, from] = [0, 0]
  for (let bin = 1; bin <= calibrationBins && from < order.length; bin++) {
    let to = Math.max(from, Math.round((bin * order.length) / calibrationBins))
    while (to > from && to < order.length && confidence[order[to]] === confidence[order[to - 1]]) to++
    let gap = 0
    for (let i = from; i < to; i++) gap += right[order[i]] - confidence[order[i]]
    error += Math.abs(gap)
    from = to
  }
  return error / order.length
}

export function reliabilityBins(confidence: Float64Array, right: Uint8Array): ReliabilityBin[] {
  return sums(confidence, right).map((bin, i) => ({
    low: significant(i / calibrationBins), high: significant((i + 1) / calibrationBins), count: bin.count,
    confidence: significantOrNull(bin.count === 0 ? null : Math.min(1, bin.confidence / bin.count)), accuracy: significantOrNull(bin.count === 0 ? null : bin.right / bin.count),
  }))
}

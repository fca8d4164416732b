/** Cosines to classes, with the right class of each. */
export interface ClassScores {
  /** [samples, classes], row-major. */
  readonly cosines: Float32Array
  readonly classes: number
  /** Per sample, 0 .. classes - 1. */
  readonly label: Int32Array
}

/** softmax(scale x cosine) of one sample, into `into`. */
export function softmaxRow({ cosines, classes }: ClassScores, row: number, scale: number, into: Float64Array): void {
  let most = -Infinity
  for (let c = 0; c < classes; c++) most = Math.max(most, cosines[row * classes + c])
  let sum = 0
  for (let c = 0; c < classes; c++) {
    into[c] = Math.exp(scale * (cosines[row * classes + c] - most))
    sum += into[c]
  }
  for (let c = 0; c < classes; c++) into[c] /= sum
}

/** Temperatures that are tried. Beyond, a softmax over cosines is a step or flat. */
const [coldest, hottest] = [0.01, 100]

/**
 * Temperature scaling (Guo et al., ICML 2017): the T for which softmax(scale x cosine / T) has the least negative log likelihood. In 1 / T that is convex, so its derivative,
 * the mean of E[z] - z_right, has one zero at most: Newton's method, held within a shrinking bracket.
 * @returns `null` without samples. `atLimit`: no minimum between 0.01 and 100 (everything right, or nothing to learn).
 * @example logits that were calibrated and then multiplied by 3: T = 3
 */
export function fitTemperature(scores: ClassScores, scale: number): { value: number; atLimit: boolean } | null {
  const samples = scores.label.length
  if (samples === 0) return null
  const probability = new Float64Array(scores.classes)
  /** First and second derivative of the mean negative log likelihood by b = 1 / T. */
  const derivatives = (b: number): [number, number] => {
    let [first, second] = [0, 0]
    for (let row = 0; row < samples; row++) {
      softmaxRow(scores, row, scale * b, probability)
      let [mean, square] = [0, 0]
      for (let c = 0; c < scores.classes; c++) {
        const z = scale * scores.cosines[row * scores.classes + c]
        mean += probability[c] * z
        square += probability[c] * z * z
      }
      first += mean - scale * scores.cosines[row * scores.classes + scores.label[row]]
      second += square - mean * mean
    }
    return [first / samples, second / samples]
  }
  let [low, high] = [1 / hottest, 1 / coldest]
  if (derivatives(low)[0] >= 0) return { value: hottest, atLimit: true }
  if (derivatives(high)[0] <= 0) return { value: coldest, atLimit: true }
  let b = 1
  for (let step = 0; step < 100 && high / low > 1 + 1e-9; step++) {
    const [first, second] = derivatives(b)
    if (first > 0) high = b
    else low = b
    const newton = b - first / second
    // Outside of the bracket (or not a number, where all is flat): halve it in log instead.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high)
    if (Math.abs(next - b) <= 1e-10 * b) {
      b = next
      break
    }
    b = next
  }
  return { value: 1 / b, atLimit: false }
}

/**
 * Moves `average` towards `weights`: average = d average + (1 - d) weights, where d = min(decay, (1 + step) / (10 + step)), so that the first steps are forgotten fast
 * (TensorFlow's ExponentialMovingAverage with num_updates). `step`: from 1.
 */
export function updateAverage(average: Float32Array, weights: Float32Array, decay: number, step: number): void {
  const keep = Math.min(decay, (1 + step) / (10 + step))
  for (let i = 0; i < average.length; i++) average[i] = keep * average[i] + (1 - keep) * weights[i]
}

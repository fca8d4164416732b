import type { ScoreLists } from './scores.ts'

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) }
}

/**
 * Sensitivity: how many standard deviations lie between genuine and impostor scores, (μg - μi) / √((σg² + σi²) / 2).
 * @returns `null` with fewer than two scores of a kind, or without any spread.
 * @example genuine 2, 4, impostor -1, 1: 3 / √2 = 2.1213
 */
export function dPrime({ genuine, impostor }: ScoreLists): number | null {
  if (genuine.length < 2 || impostor.length < 2) return null
  const [own, other] = [moments(genuine), moments(impostor)]
  const spread = Math.sqrt((own.variance + other.variance) / 2)
  return spread > 0 ? (own.mean - other.mean) / spread : null
}

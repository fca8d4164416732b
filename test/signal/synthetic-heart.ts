/** A plain heart for tests: Gaussian waves around R peaks at known times, and a pulse that follows each by 0.25 s. */
export function heartTimes(seconds: number, bpm = 72): number[] {
  const times: number[] = []
  // A little arrhythmia, so that no test passes by a fixed period.
  for (let at = 0.6, k = 0; at < seconds - 0.3; k++) {
    times.push(at)
    at += (60 / bpm) * (1 + 0.06 * Math.sin(k * 1.3))
  }
  return times
}

const bump = (t: number, at: number, width: number) => Math.exp(-(((t - at) / width) ** 2) / 2)

/** mV; P, QRS and T of the given R times. */
export function ecgAt(t: number, times: readonly number[]): number {
  let sum = 0
  for (const r of times) {
    if (Math.abs(t - r) > 0.6) continue
    sum += 0.12 * bump(t, r - 0.16, 0.022) - 0.15 * bump(t, r - 0.025, 0.009) + 1.1 * bump(t, r, 0.011) - 0.25 * bump(t, r + 0.027, 0.01) + 0.3 * bump(t, r + 0.27, 0.045)
  }
  return sum
}

export const pulseDelaySeconds = 0.25

/** Counts; systolic and dicrotic wave, the steep rise beginning about `pulseDelaySeconds` after R. */
export function pulseAt(t: number, times: readonly number[]): number {
  let sum = 0
  for (const r of times) {
    if (t < r || t > r + 1.6) continue
    sum += 1000 * bump(t, r + pulseDelaySeconds + 0.16, 0.07) + 380 * bump(t, r + pulseDelaySeconds + 0.42, 0.09)
  }
  return sum
}

/** Reproducible noise of standard deviation about 1 (sum of four uniforms of a linear congruential generator). */
export function noise(seed: number): () => number {
  let state = seed >>> 0
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3)
}

export const sampled = (rateHz: number, seconds: number, at: (t: number) => number) => Float32Array.from({ length: Math.round(rateHz * seconds) }, (_, row) => at(row / rateHz))

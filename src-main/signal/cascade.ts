import type { Biquad } from './biquad.ts'

const perSection = 7 // b0 b1 b2 a1 a2 and two states

/** A chain of second-order sections with its state (transposed direct form II, double precision). */
export class Cascade {
  private readonly memory: Float64Array

  constructor(sections: readonly Biquad[]) {
    this.memory = new Float64Array(sections.length * perSection)
    sections.forEach((s, i) => this.memory.set([s.b0, s.b1, s.b2, s.a1, s.a2], i * perSection))
  }

  /** One sample through every section. */
  step(input: number): number {
    const m = this.memory
    let x = input
    for (let i = 0; i < m.length; i += perSection) {
      const y = m[i] * x + m[i + 5]
      m[i + 5] = m[i + 1] * x - m[i + 3] * y + m[i + 6]
      m[i + 6] = m[i + 2] * x - m[i + 4] * y
      x = y
    }
    return x
  }

  /** Puts the state where an endless constant `input` would have left it: no start-up transient. */
  prime(input: number): void {
    const m = this.memory
    let x = input
    for (let i = 0; i < m.length; i += perSection) {
      const y = (x * (m[i] + m[i + 1] + m[i + 2])) / (1 + m[i + 3] + m[i + 4])
      m[i + 6] = m[i + 2] * x - m[i + 4] * y
      m[i + 5] = m[i + 1] * x - m[i + 3] * y + m[i + 6]
      x = y
    }
  }

  /** State of rest (an endless zero). */
  clear(): void {
    this.prime(0)
  }
}

/** Mixes text into 32 bits (FNV-1a with a final avalanche), so that `Random.named(7, 'ecg')` and `Random.named(7, 'ppg')` are unrelated streams. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** What a person is made of: standard normal numbers, one after the other, and factors around 1. */
export interface Traits {
  normal(): number
  factor(sigma: number): number
}

/** A factor around 1: exp(sigma * normal), the normal held within +-2.5 so that nobody is drawn a monster. @example factorOf(1, 0.3) // 1.3499 */
export const factorOf = (normal: number, sigma: number): number => Math.exp(sigma * Math.max(-2.5, Math.min(2.5, normal)))

/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna 2021, ACM TOMS 47:36), state filled by splitmix32.
 * The same seed gives the same numbers on every machine.
 * @example new Random(1).uniform() === new Random(1).uniform()
 */
export class Random implements Traits {
  private a: number
  private b: number
  private c: number
  private d: number
  private spare = Number.NaN

  constructor(seed: number) {
    // Seeds beyond 32 bits must not collide with their low half.
    let state = (seed ^ Math.imul(Math.floor(seed / 4294967296), 0x9e3779b1)) >>> 0
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.a = next()
    this.b = next()
    this.c = next()
    this.d = next() | 1
  }

  /** An independent stream for one purpose. @example Random.named(7, 'session', 2) */
  static named(seed: number, ...purpose: (string | number)[]): Random {
    return new Random((hashText(`${seed}/${purpose.join('/')}`) ^ seed) >>> 0)
  }

  /** 0..2^32-1. */
  bits(): number {
    const five = Math.imul(this.b, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }

  /** In [0, 1). */
  uniform(): number {
    return this.bits() * 2 ** -32
  }

  /** Integer in [0, below). */
  integer(below: number): number {
    return Math.floor(this.uniform() * below)
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (!Number.isNaN(this.spare)) {
      const value = this.spare
      this.spare = Number.NaN
      return value
    }
    for (;;) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const square = x * x + y * y
      if (square > 0 && square < 1) {
        const scale = Math.sqrt((-2 * Math.log(square)) / square)
        this.spare = y * scale
        return x * scale
      }
    }
  }

  factor(sigma: number): number {
    return factorOf(this.normal(), sigma)
  }
}

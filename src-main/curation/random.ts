/** 32-bit FNV-1a over UTF-16 code units. Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm" (RFC 9923). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (text.charCodeAt(i) >> 8), 0x01000193)
  }
  return hash >>> 0
}

/** Finaliser of MurmurHash3 by Austin Appleby: every bit of the input reaches every bit of the result. */
function mix(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))

/**
 * Random numbers that are the same on every machine: xoshiro128** in 32-bit integers only (Blackman and Vigna, prng.di.unimi.it).
 * @example Random.of('subjects', 1).shuffled(['a', 'b', 'c']) is the same order for ever
 */
export class Random {
  readonly #state: Int32Array

  constructor(state: readonly [number, number, number, number]) {
    this.#state = Int32Array.from(state)
  }

  /** A stream of its own for every purpose: what one draws does not change what another gets. */
  static of(purpose: string, seed: number): Random {
    const hash = fnv1a(`${seed} ${purpose}`)
    // Weyl steps of the golden ratio keep the four words apart; all zero would be the one forbidden state.
    const word = (i: number): number => mix((hash + Math.imul(0x9e3779b9, i)) | 0)
    return new Random([word(1), word(2), word(3), word(4) || 1])
  }

  /** 0 .. 2^32 - 1. */
  next(): number {
    const s = this.#state
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0
    const shifted = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= shifted
    s[3] = rotate(s[3], 11)
    return result
  }

  /** 0 .. `count` - 1, each as likely as any other (the rest of the range is drawn again). */
  below(count: number): number {
    const limit = 0x100000000 - (0x100000000 % count)
    for (;;) {
      const drawn = this.next()
      if (drawn < limit) return drawn % count
    }
  }

  /** A copy in random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const mixed = [...items]
    for (let i = mixed.length - 1; i > 0; i--) {
      const other = this.below(i + 1)
      const held = mixed[i]
      mixed[i] = mixed[other]
      mixed[other] = held
    }
    return mixed
  }
}

/**
 * Whole numbers for a share of many small groups: what rounding takes from one group it gives to the next, so that the sum is near the share.
 * @example a share of 0.1 of three recordings each: 0, 1, 0, 0, 1, 0, 0 ...
 */
export class ShareCounter {
  readonly #share: number
  #owed = 0

  constructor(share: number) {
    this.#share = share
  }

  /** How many of `count`, within the limits. */
  take(count: number, least: number, most: number): number {
    this.#owed += this.#share * count
    const taken = Math.max(least, Math.min(most, Math.round(this.#owed)))
    this.#owed -= taken
    return taken
  }
}

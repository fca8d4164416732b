/** As the contract's `runs.start`. */
const largestSeed = 2 ** 31 - 1

/** More at once is a mistake of typing rather than a wish. */
export const mostSeeds = 20

/**
 * Seeds out of `1, 2 5-7`: numbers and ranges, each once, in the order of writing. `null` when it is not that, or more than 20.
 *
 * @example readSeeds('1-3, 10') // [1, 2, 3, 10]
 */
export function readSeeds(text: string): number[] | null {
  const parts = text.split(/[\s,;\u3001\uff0c\uff1b]+/).filter((part) => part !== '')
  const seeds = new Set<number>()
  for (const part of parts) {
    const match = /^(\d{1,10})(?:[-\u2013](\d{1,10}))?$/.exec(part)
    if (match === null) return null
    const from = Number(match[1])
    const to = match[2] === undefined ? from : Number(match[2])
    if (to > largestSeed || to < from || to - from >= mostSeeds) return null
    for (let seed = from; seed <= to; seed++) seeds.add(seed)
  }
  return seeds.size > 0 && seeds.size <= mostSeeds ? [...seeds] : null
}

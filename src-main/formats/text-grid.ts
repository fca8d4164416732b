import type { SourceSignal } from './signal-source.ts'
import { powerOfTen, type NumberReader } from './text-numbers.ts'

/** The highest count that a text gives: one below the highest that is stored, so that no value passes for a converter's rail. */
export const highestCount = 2 ** 31 - 2
/** No sensor is finer; keeps a stray 1e-200 from making a scale of its own. */
const mostDecimals = 30

/** How numbers of one column become counts: exactly, by moving the decimal mark, or to the nearest multiple of a converter's step. */
export type ValueGrid = { readonly kind: 'decimal'; readonly decimals: number } | { readonly kind: 'step'; readonly step: number }

/** What a whole column holds, gathered value by value. */
export class ColumnScan {
  values = 0
  missing = 0
  /** Most digits behind the mark that any value needs. */
  decimals = 0
  minimum = Number.POSITIVE_INFINITY
  maximum = Number.NEGATIVE_INFINITY

  add(number: NumberReader): void {
    const { value, decimals } = number
    this.values += 1
    if (decimals > this.decimals) this.decimals = decimals
    if (value < this.minimum) this.minimum = value
    if (value > this.maximum) this.maximum = value
  }

  get largest(): number {
    return this.values === 0 ? 0 : Math.max(Math.abs(this.minimum), Math.abs(this.maximum))
  }

  /** Whole numbers only. */
  get whole(): boolean {
    return this.decimals === 0
  }
}

/**
 * The finest decimal grid that holds a column: all its decimals where `largest * 10^decimals` fits a 32-bit count, else as many as fit (below zero for
 * numbers beyond 2^31).
 * @example decimalGrid({ decimals: 3, largest: 1.25 }) // { grid: { kind: 'decimal', decimals: 3 }, lossless: true }
 */
export function decimalGrid(scan: Pick<ColumnScan, 'decimals' | 'largest'>): { grid: ValueGrid; lossless: boolean } {
  let decimals = Math.min(scan.decimals, mostDecimals)
  while (decimals > -mostDecimals && scan.largest * 10 ** decimals > highestCount + 0.5) decimals -= 1
  return { grid: { kind: 'decimal', decimals }, lossless: decimals === scan.decimals }
}

export function gainOf(grid: ValueGrid): number {
  return grid.kind === 'decimal' ? 10 ** grid.decimals : 1 / grid.step
}

/** The count of the number that was read last. */
export function countOf(number: NumberReader, grid: ValueGrid): number {
  if (grid.kind === 'step') return Math.round(number.value / grid.step)
  const shift = grid.decimals - number.decimals
  return shift >= 0 ? number.mantissa * powerOfTen(shift) : Math.round(number.mantissa / powerOfTen(-shift))
}

/** Width and full range of a converter that nobody told us of: the smallest usual one that holds the counts without touching its ends. */
export function assumedRange(scan: ColumnScan, grid: ValueGrid): Pick<SourceSignal, 'bits' | 'minimum' | 'maximum'> {
  const largest = scan.largest * gainOf(grid)
  const bits = [16, 24].find((width) => largest < 2 ** (width - 1) - 1) ?? 32
  return { bits, minimum: 1 - 2 ** (bits - 1), maximum: 2 ** (bits - 1) - 1 }
}

/** Whether a column fits the range of a converter of `bits` bits that gives 0..2^bits-1. */
export function fitsConverter(scan: ColumnScan, bits: number): boolean {
  return bits >= 1 && bits <= 24 && scan.whole && scan.values > 0 && scan.minimum >= 0 && scan.maximum <= 2 ** bits - 1
}

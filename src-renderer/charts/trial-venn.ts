import type { OverlapCell } from '../../src-main/contract/schemas/cross-modal-report.ts'

export type Judge = 'scratch' | 'student' | 'other'

export interface VennCircle {
  readonly judge: Judge
  readonly x: number
  readonly y: number
  /** Where its name stands. */
  readonly label: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'middle' | 'end' }
}

export interface VennCount {
  readonly x: number
  readonly y: number
  readonly trials: number
  /** Empty: everybody is right. */
  readonly wrong: readonly Judge[]
}

export const vennSize = { width: 340, height: 262, radius: 70 } as const

const two: readonly VennCircle[] = [
  { judge: 'scratch', x: 132, y: 130, label: { x: 100, y: 46, anchor: 'middle' } },
  { judge: 'student', x: 208, y: 130, label: { x: 240, y: 46, anchor: 'middle' } },
]
const three: readonly VennCircle[] = [
  { judge: 'scratch', x: 130, y: 102, label: { x: 90, y: 22, anchor: 'middle' } },
  { judge: 'student', x: 210, y: 102, label: { x: 250, y: 22, anchor: 'middle' } },
  { judge: 'other', x: 170, y: 168, label: { x: 246, y: 226, anchor: 'start' } },
]

export const vennCircles = (cells: readonly OverlapCell[]): readonly VennCircle[] => (cells.some(({ other }) => other !== null) ? three : two)

/** Counts in the middles of their regions; where everybody is right, outside of all circles. */
export function vennCounts(cells: readonly OverlapCell[]): VennCount[] {
  const circles = vennCircles(cells)
  const middle = mean(circles)
  return cells.map((cell) => {
    const inside = circles.filter(({ judge }) => !cell[judge])
    const wrong = inside.map(({ judge }) => judge)
    if (inside.length === 0) return { x: 34, y: vennSize.height - 26, trials: cell.trials, wrong }
    if (inside.length === circles.length) return { ...middle, trials: cell.trials, wrong }
    // Away from the circles that it is not in.
    const [at, out] = [mean(inside), inside.length === 1 ? 0.62 : 0.95]
    return { x: at.x + out * (at.x - middle.x), y: at.y + out * (at.y - middle.y), trials: cell.trials, wrong }
  })
}

function mean(points: readonly { readonly x: number; readonly y: number }[]): { x: number; y: number } {
  return { x: points.reduce((sum, { x }) => sum + x, 0) / points.length, y: points.reduce((sum, { y }) => sum + y, 0) / points.length }
}

import type { ModelName } from '../../src-main/contract/schemas/learning.ts'

/** How one line of a plot is told from the others: by colour, by dashes and by the shape of its mark, each enough alone. */
export interface SeriesMark {
  readonly colour: string
  /** `stroke-dasharray`; empty: solid. */
  readonly dash: string
  /** SVG path around 0, 0, about 5 px to every side. */
  readonly shape: string
}

export const shapes = {
  circle: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z',
  square: 'M-4-4h8v8h-8z',
  triangle: 'M0-5L5 4H-5z',
  triangleDown: 'M0 5L5-4H-5z',
  diamond: 'M0-5.5L5.5 0L0 5.5L-5.5 0z',
  cross: 'M-4.5-2.5L-2.5-4.5L0-2L2.5-4.5L4.5-2.5L2 0L4.5 2.5L2.5 4.5L0 2L-2.5 4.5L-4.5 2.5L-2 0z',
} as const

export const modelMarks: Readonly<Record<ModelName, SeriesMark>> = {
  student: { colour: 'var(--model-student)', dash: '', shape: shapes.circle },
  teacher: { colour: 'var(--model-teacher)', dash: '9 4', shape: shapes.square },
  scratch: { colour: 'var(--model-scratch)', dash: '2 3', shape: shapes.triangle },
  lda: { colour: 'var(--model-lda)', dash: '10 3 2 3', shape: shapes.diamond },
  template: { colour: 'var(--model-template)', dash: '5 3', shape: shapes.cross },
}

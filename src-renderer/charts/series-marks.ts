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
  plus: 'M-1.6-5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z',
  pentagon: 'M0-5L4.8-1.5L3 4.2H-3L-4.8-1.5z',
  hourglass: 'M-4.5-5H4.5L-4.5 5H4.5z',
  cross: 'M-4.5-2.5L-2.5-4.5L0-2L2.5-4.5L4.5-2.5L2 0L4.5 2.5L2.5 4.5L0 2L-2.5 4.5L-4.5 2.5L-2 0z',
} as const

export const modelMarks: Readonly<Record<ModelName, SeriesMark>> = {
  student: { colour: 'var(--model-student)', dash: '', shape: shapes.circle },
  teacher: { colour: 'var(--model-teacher)', dash: '9 4', shape: shapes.square },
  scratch: { colour: 'var(--model-scratch)', dash: '2 3', shape: shapes.triangle },
  lda: { colour: 'var(--model-lda)', dash: '10 3 2 3', shape: shapes.diamond },
  template: { colour: 'var(--model-template)', dash: '5 3', shape: shapes.cross },
  encoder: { colour: 'var(--model-encoder)', dash: '6 3 2 3 2 3', shape: shapes.triangleDown },
  fusion: { colour: 'var(--model-fusion)', dash: '12 3', shape: shapes.pentagon },
  alignment: { colour: 'var(--model-alignment)', dash: '3 3', shape: shapes.plus },
  matcher: { colour: 'var(--model-matcher)', dash: '1 3', shape: shapes.hourglass },
}

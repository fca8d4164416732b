/** A curve is told by its written label first, then by its dashes, last by its colour. */
export interface SeriesStyle {
  readonly colour: string
  readonly dash: string | undefined
}

const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '4 2', '12 4', '1 4', '9 3 2 3 2 3'] as const

/** Eight styles, then again with other dashes. @example seriesStyle(1) // { colour: 'var(--chart-2)', dash: '7 3' } */
export function seriesStyle(index: number): SeriesStyle {
  const round = Math.floor(index / dashes.length)
  return { colour: `var(--chart-${(index % dashes.length) + 1})`, dash: dashes[(index + round) % dashes.length] }
}

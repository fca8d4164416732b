import type { OverlapCell } from '../../contract/index.ts'
import { escapeMarkup, pixel } from './markup.ts'
import { seriesClass } from './plot.ts'

const width = 400
const height = 320
const radius = 84

interface Circle {
  readonly name: string
  readonly x: number
  readonly y: number
  /** Where its name stands. */
  readonly label: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'middle' | 'end' }
}

/** Who is wrong: circles of the student alone, the taught one and the other modality. */
const two: readonly Circle[] = [
  { name: 'scratch', x: 155, y: 170, label: { x: 120, y: 70, anchor: 'middle' } },
  { name: 'student', x: 245, y: 170, label: { x: 280, y: 70, anchor: 'middle' } },
]
const three: readonly Circle[] = [
  { name: 'scratch', x: 152, y: 136, label: { x: 100, y: 44, anchor: 'middle' } },
  { name: 'student', x: 248, y: 136, label: { x: 300, y: 44, anchor: 'middle' } },
  { name: 'other', x: 200, y: 214, label: { x: 294, y: 282, anchor: 'start' } },
]

type Verdicts = Pick<OverlapCell, 'scratch' | 'student' | 'other'>

/** Where a count stands: in the middle of its region, outside of all circles where everybody is right. */
function placeOf({ scratch, student, other }: Verdicts): { readonly x: number; readonly y: number } {
  const circles = other === null ? two : three
  const wrong = circles.filter(({ name }) => !(name === 'scratch' ? scratch : name === 'student' ? student : other))
  if (wrong.length === 0) return { x: 40, y: height - 24 }
  const middle = mean(circles)
  const at = mean(wrong)
  if (wrong.length === circles.length) return middle
  // Away from those that it is not in.
  const out = wrong.length === 1 ? 0.62 : 0.95
  return { x: at.x + out * (at.x - middle.x), y: at.y + out * (at.y - middle.y) }
}

function mean(points: readonly { readonly x: number; readonly y: number }[]): { x: number; y: number } {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 })
  return { x: sum.x / points.length, y: sum.y / points.length }
}

/** Trials by who is wrong in them, as overlapping circles with counts; the areas say nothing. `other`: the name of the third judge. */
export function vennPlot(title: string, cells: readonly OverlapCell[], other: string | null): string {
  const circles = other === null ? two : three
  const named = (name: string): string => `${name === 'other' ? (other ?? '') : name} wrong`
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${escapeMarkup(title)}</title>`,
    `<text class="title" x="8" y="16">${escapeMarkup(title)}</text>`,
    ...circles.map(({ x, y }, i) => `<circle class="curve area ${seriesClass(i)}" cx="${x}" cy="${y}" r="${radius}"/>`),
    ...circles.map(({ name, label }) => `<text class="label" x="${label.x}" y="${label.y}" text-anchor="${label.anchor}">${escapeMarkup(named(name))}</text>`),
    ...cells.map((cell) => {
      const { x, y } = placeOf(cell)
      return `<text class="title" x="${pixel(x)}" y="${pixel(y)}" dy="0.32em" text-anchor="middle">${cell.trials}</text>`
    }),
    `<text class="tick" x="12" y="${height - 6}">none wrong</text>`,
    '</svg>',
  ].join('')
}

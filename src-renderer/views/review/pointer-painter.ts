import type { RowRange } from '../../state/reviewer.svelte.ts'
import type { Said } from '../../state/label-edits.ts'
import { stripTop, xOf, type StoredLayout } from '../library/stored-layout.ts'
import type { ReviewTheme } from './review-theme.ts'

export interface PointerPicture {
  readonly layout: StoredLayout
  readonly theme: ReviewTheme
  readonly lanes: readonly string[]
  readonly cursorRow: number | null
  /** The cursor's moment in words. */
  readonly cursorWords: string
  readonly selection: RowRange | null
  readonly selectionWords: string
  readonly picked: readonly Said[]
  readonly found: readonly Said[]
  /** A beat that is being dragged, where it is now. */
  readonly dragged: { readonly row: number; readonly lane: string | null } | null
}

/** What moves with the pointer lies on a canvas of its own, so that the traces need not be drawn again for it. */
export function paintPointer(context: CanvasRenderingContext2D, picture: PointerPicture): void {
  const { layout, theme } = picture
  context.clearRect(0, 0, layout.width, layout.height)
  if (picture.selection !== null) paintSelection(context, picture, picture.selection)
  for (const said of picture.found.slice(0, 4000)) paintRing(context, picture, said, theme.warn, false)
  for (const said of picture.picked.slice(0, 4000)) paintRing(context, picture, said, theme.accent, true)
  if (picture.dragged !== null) paintLine(context, layout, picture.dragged.row + 0.5, theme.accent, 2, [])
  if (picture.cursorRow !== null) paintCursor(context, picture, picture.cursorRow)
}

function paintSelection(context: CanvasRenderingContext2D, { layout, theme, selectionWords }: PointerPicture, { fromRow, toRow }: RowRange): void {
  const from = Math.max(layout.left, xOf(layout, fromRow))
  const to = Math.min(layout.width, xOf(layout, toRow))
  if (to <= from) return
  const { ratio } = layout
  context.globalAlpha = 0.14
  context.fillStyle = theme.accent
  context.fillRect(from, 0, to - from, layout.plotBottom)
  context.globalAlpha = 1
  const line = Math.max(1, Math.round(1.5 * ratio))
  context.fillRect(from, 0, line, layout.plotBottom)
  context.fillRect(to - line, 0, line, layout.plotBottom)
  words(context, theme, selectionWords, (from + to) / 2, layout.plotBottom - 10 * ratio, ratio, layout)
}

function paintRing(context: CanvasRenderingContext2D, { layout, theme, lanes }: PointerPicture, said: Said, colour: string, strong: boolean): void {
  if (said.row < layout.fromRow || said.row >= layout.toRow) return
  const strip = said.lane === null ? 0 : lanes.indexOf(said.lane)
  if (strip < 0) return
  const { ratio } = layout
  const x = xOf(layout, said.row + 0.5)
  const top = stripTop(layout, strip)
  context.strokeStyle = colour
  context.lineWidth = (strong ? 2 : 1.4) * ratio
  context.beginPath()
  context.roundRect(x - 8 * ratio, top + ratio, 16 * ratio, 15 * ratio, 4 * ratio)
  context.stroke()
  if (!strong) return
  context.globalAlpha = 0.6
  context.fillStyle = theme.accent
  context.fillRect(Math.round(x), top + 16 * ratio, Math.max(1, Math.round(ratio)), layout.stripHeight - 16 * ratio)
  context.globalAlpha = 1
}

function paintLine(context: CanvasRenderingContext2D, layout: StoredLayout, row: number, colour: string, thick: number, dash: number[]): void {
  const x = Math.round(xOf(layout, row)) + 0.5
  if (x < layout.left || x > layout.width) return
  context.strokeStyle = colour
  context.lineWidth = thick * layout.ratio
  context.setLineDash(dash.map((length) => length * layout.ratio))
  context.beginPath()
  context.moveTo(x, 0)
  context.lineTo(x, layout.plotBottom)
  context.stroke()
  context.setLineDash([])
}

function paintCursor(context: CanvasRenderingContext2D, { layout, theme, cursorWords }: PointerPicture, row: number): void {
  paintLine(context, layout, row + 0.5, theme.trace.head, 1, [4, 3])
  const x = xOf(layout, row + 0.5)
  if (x >= layout.left && x <= layout.width) words(context, theme, cursorWords, x, layout.plotBottom + 12 * layout.ratio, layout.ratio, layout)
}

/** Words on a small plate, so that they can be read over anything. */
function words(context: CanvasRenderingContext2D, theme: ReviewTheme, text: string, x: number, y: number, ratio: number, layout: StoredLayout): void {
  context.font = `600 ${11 * ratio}px ${theme.trace.fontFamily}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  const half = context.measureText(text).width / 2 + 6 * ratio
  const centre = Math.max(layout.left + half, Math.min(layout.width - half, x))
  context.fillStyle = theme.trace.background
  context.strokeStyle = theme.trace.head
  context.lineWidth = ratio
  context.beginPath()
  context.roundRect(centre - half, y - 8.5 * ratio, 2 * half, 17 * ratio, 4 * ratio)
  context.fill()
  context.stroke()
  context.fillStyle = theme.trace.text
  context.fillText(text, centre, y + 0.5 * ratio)
}

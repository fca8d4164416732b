import type { TraceLayout } from './trace-layout.ts'
import type { TraceTheme } from './trace-theme.ts'

/** ECG paper: thin lines every millimetre, strong ones every five. */
const paperMajor = 5
/** Plain view: thin lines every fifth of a second. */
const fifths = 5

/** Width after which the vertical lines repeat, device pixels. */
export function gridPeriod(layout: TraceLayout, paper: boolean): number {
  return paper ? paperMajor * layout.millimetre : layout.pixelsPerSecond
}

/** Draws grid and lane separators on a canvas of `width` device pixels; lines lie on whole pixels, so they stay crisp. */
export function paintGrid(context: CanvasRenderingContext2D, layout: TraceLayout, strips: number, width: number, theme: TraceTheme, paper: boolean): void {
  const { height, ratio } = layout
  context.fillStyle = theme.background
  context.fillRect(0, 0, width, height)
  const line = Math.max(1, Math.round(ratio))
  const vertical = (every: number, colour: string, skip: number) => {
    context.fillStyle = colour
    for (let k = 1; k * every < width; k++) if (skip === 0 || k % skip !== 0) context.fillRect(Math.round(k * every), 0, line, height)
  }
  const horizontal = (every: number, colour: string, skip: number) => {
    context.fillStyle = colour
    for (let k = 1; k * every < height; k++) if (skip === 0 || k % skip !== 0) context.fillRect(0, Math.round(k * every), width, line)
  }
  if (paper) {
    const { millimetre } = layout
    vertical(millimetre, theme.paperMinor, paperMajor)
    horizontal(millimetre, theme.paperMinor, paperMajor)
    vertical(paperMajor * millimetre, theme.paperMajor, 0)
    horizontal(paperMajor * millimetre, theme.paperMajor, 0)
    return
  }
  vertical(layout.pixelsPerSecond / fifths, theme.gridMinor, fifths)
  vertical(layout.pixelsPerSecond, theme.gridMajor, 0)
  context.fillStyle = theme.separator
  for (let strip = 1; strip < strips; strip++) context.fillRect(0, Math.round(strip * layout.stripHeight), width, line)
}

/** Diagonal hatching for rows without a sample: a texture, so that it does not depend on colour. */
export function hatching(context: CanvasRenderingContext2D, theme: TraceTheme, ratio: number): CanvasPattern | string {
  const size = Math.round(7 * ratio)
  const tile = document.createElement('canvas')
  tile.width = size
  tile.height = size
  const pen = tile.getContext('2d')
  if (pen === null) return theme.gap
  pen.strokeStyle = theme.gap
  pen.lineWidth = ratio
  pen.beginPath()
  // Three parallels, so that the corners of neighbouring tiles join.
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size)
    pen.lineTo(shift + size, 0)
  }
  pen.stroke()
  return context.createPattern(tile, 'repeat') ?? theme.gap
}

/** Room on the left for lane names and scale bars, CSS pixels. */
export const nameGutterPixels = 124
/** Room for the time axis, CSS pixels. */
export const axisPixels = 24
/** One line of words above the lanes, CSS pixels. */
export const railPixels = 22
/** Room of a beat's letter and tick, and of the quality strip, CSS pixels; lower strips have none for letters. */
const letterPixels = 18
const footPixels = 7
const leastForLetters = 52

/** Where everything of a stored trace is, device pixels unless said otherwise. */
export interface StoredLayout {
  readonly width: number
  readonly height: number
  readonly ratio: number
  readonly left: number
  readonly plotWidth: number
  /** Where the lanes end and the time axis begins. */
  readonly plotBottom: number
  /** Height of the words above the lanes. */
  readonly top: number
  readonly stripHeight: number
  /** Kept free at the top of every strip for the letters of beats, and at its foot for the quality. */
  readonly headRoom: number
  readonly footRoom: number
  readonly fromRow: number
  readonly toRow: number
}

/** @example storedLayout({ width: 1000, height: 424 }, 1, 0, 10_000, 4, 0) // strips of 100, plot 876 wide */
export function storedLayout(size: { width: number; height: number }, ratio: number, fromRow: number, toRow: number, lanes: number, rails: number, layers = false): StoredLayout {
  const width = Math.max(1, Math.round(size.width * ratio))
  const height = Math.max(1, Math.round(size.height * ratio))
  const left = Math.round(nameGutterPixels * ratio)
  const top = rails * railPixels * ratio
  const plotBottom = height - axisPixels * ratio
  const stripHeight = (plotBottom - top) / Math.max(1, lanes)
  const roomy = layers && stripHeight > leastForLetters * ratio
  return {
    width, height, ratio, left, plotWidth: Math.max(1, width - left), plotBottom, top, stripHeight,
    headRoom: roomy ? letterPixels * ratio : 0, footRoom: layers ? footPixels * ratio : 0, fromRow, toRow,
  }
}

export function xOf(layout: StoredLayout, row: number): number {
  return layout.left + ((row - layout.fromRow) / (layout.toRow - layout.fromRow)) * layout.plotWidth
}

/** The row at a place in CSS pixels from the canvas's left edge; outside the plot the rows go on. */
export function rowOf(layout: StoredLayout, cssX: number): number {
  return layout.fromRow + ((cssX * layout.ratio - layout.left) / layout.plotWidth) * (layout.toRow - layout.fromRow)
}

export function stripTop(layout: StoredLayout, lane: number): number {
  return layout.top + lane * layout.stripHeight
}

/** The line that the middle of a lane's values lies on, and the height that they may fill. */
export function stripMiddle(layout: StoredLayout, lane: number): number {
  return stripTop(layout, lane) + layout.headRoom + innerHeight(layout) / 2
}

export function innerHeight(layout: StoredLayout): number {
  return layout.stripHeight - layout.headRoom - layout.footRoom
}

/** The lane under a height in CSS pixels; the nearest one above and below the lanes. */
export function laneOf(layout: StoredLayout, cssY: number, lanes: number): number {
  return Math.max(0, Math.min(lanes - 1, Math.floor((cssY * layout.ratio - layout.top) / layout.stripHeight)))
}

/** CSS pixels per row. */
export function pixelsPerRow(layout: StoredLayout): number {
  return layout.plotWidth / layout.ratio / (layout.toRow - layout.fromRow)
}

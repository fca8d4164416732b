/** A CSS millimetre in CSS pixels: 96 / 25.4 (CSS Values and Units, absolute lengths). */
export const pixelsPerMillimetre = 96 / 25.4

/** Room on the left for scale bars and calibration pulses, CSS pixels. */
export const gutterPixels = 64

export interface TraceSpeed {
  /** ECG paper: millimetres per second (25, 50 ...). */
  readonly millimetresPerSecond: number | null
  /** Otherwise the plot's width shows this many seconds. */
  readonly seconds: number
}

/** Where everything is, in device pixels unless said otherwise. */
export interface TraceLayout {
  readonly ratio: number
  /** Whole canvas. */
  readonly width: number
  readonly height: number
  /** Left edge and width of the plot. */
  readonly plotLeft: number
  readonly plotWidth: number
  readonly stripHeight: number
  readonly pixelsPerSecond: number
  readonly rowsPerColumn: number
  readonly millimetre: number
}

/** 1200 x 640 CSS pixels at ratio 2, 10 s, 250 Hz, 4 lanes: plot 2272 wide, strips of 320, 227.2 px/s, 1.10 rows per column. */
export function traceLayout(
  cssWidth: number,
  cssHeight: number,
  ratio: number,
  lanes: number,
  rateHz: number,
  speed: TraceSpeed,
  gutter = gutterPixels,
): TraceLayout {
  const width = Math.max(1, Math.round(cssWidth * ratio))
  const height = Math.max(1, Math.round(cssHeight * ratio))
  const plotLeft = Math.min(width - 1, Math.round(gutter * ratio))
  const plotWidth = width - plotLeft
  const millimetre = pixelsPerMillimetre * ratio
  const pixelsPerSecond = speed.millimetresPerSecond === null ? plotWidth / speed.seconds : speed.millimetresPerSecond * millimetre
  return {
    ratio,
    width,
    height,
    plotLeft,
    plotWidth,
    stripHeight: height / Math.max(1, lanes),
    pixelsPerSecond,
    rowsPerColumn: rateHz / pixelsPerSecond,
    millimetre,
  }
}

/** Middle line of a lane's strip. */
export function stripMiddle(layout: TraceLayout, lane: number): number {
  return (lane + 0.5) * layout.stripHeight
}

/** Seconds that the plot shows. */
export function visibleSeconds(layout: TraceLayout): number {
  return layout.plotWidth / layout.pixelsPerSecond
}

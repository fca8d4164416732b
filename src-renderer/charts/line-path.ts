export interface Point {
  readonly x: number
  /** `null`: not measured there; the line has a hole. */
  readonly y: number | null
}

/**
 * SVG path of a curve, columns of pixels. What has no place (`null`, not finite) breaks the line; a point alone becomes a dot, a line of no length that round caps draw.
 *
 * @example linePath([0, 1, 2, 3], [5, 6, null, 8]) // 'M0 5L1 6M3 8L3 8'
 */
export function linePath(x: readonly (number | null)[], y: readonly (number | null)[]): string {
  let path = ''
  let open = 0
  let last = ''
  const end = () => {
    if (open === 1) path += `L${last}`
    open = 0
  }
  x.forEach((across, i) => {
    const up = y[i]
    if (!isPlace(across) || !isPlace(up)) return end()
    last = `${round(across)} ${round(up)}`
    path += (open === 0 ? 'M' : 'L') + last
    open++
  })
  end()
  return path
}

function isPlace(pixels: number | null | undefined): pixels is number {
  return pixels != null && Number.isFinite(pixels)
}

/** Hundredths of a pixel: finer is not seen, and makes long paths. */
function round(pixels: number): number {
  return Number(pixels.toFixed(2))
}

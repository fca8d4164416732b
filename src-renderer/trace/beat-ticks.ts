/** CSS pixels. */
const halfWidth = 3
const height = 5
const margin = 2

/** A small upward triangle at the foot of a strip (R peaks reach its top). `x` and `stripBottom` in device pixels of the page. */
export function paintBeatTick(context: CanvasRenderingContext2D, x: number, stripBottom: number, ratio: number, colour: string): void {
  const centre = Math.round(x)
  const foot = Math.round(stripBottom - margin * ratio)
  context.fillStyle = colour
  context.beginPath()
  context.moveTo(centre - halfWidth * ratio, foot)
  context.lineTo(centre + halfWidth * ratio, foot)
  context.lineTo(centre, foot - height * ratio)
  context.fill()
}

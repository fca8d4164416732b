import type { ImportLook } from '../../../src-main/contract/schemas/import.ts'

export interface LookColours {
  trace: string
  text: string
  beat: string
}

/** Rows between a tick and the lane's own height, px. */
const tickPixels = 6

/** Draws every lane of the first seconds at its own scale, with a tick above each detected beat. `width`, `height` in device pixels. */
export function paintLook(context: CanvasRenderingContext2D, look: ImportLook, size: { width: number; height: number; ratio: number }, colours: LookColours): void {
  const { width, height, ratio } = size
  context.clearRect(0, 0, width, height)
  const values = new Float32Array(look.bytes.slice().buffer)
  const laneHeight = height / Math.max(1, look.lanes.length)
  look.lanes.forEach((lane, index) => {
    const pairs = values.subarray(index * look.columns * 2, (index + 1) * look.columns * 2)
    const top = index * laneHeight
    paintLane(context, pairs, { top: top + (tickPixels + 4) * ratio, height: laneHeight - (tickPixels + 10) * ratio, width, ratio }, colours.trace)
    context.fillStyle = colours.beat
    for (const row of lane.beats) context.fillRect(Math.round((row / Math.max(1, look.rows)) * width), top + 2 * ratio, Math.max(1, ratio), tickPixels * ratio)
  })
}

function paintLane(context: CanvasRenderingContext2D, pairs: Float32Array, box: { top: number; height: number; width: number; ratio: number }, colour: string): void {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of pairs) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (!(high >= low)) return
  const columns = pairs.length / 2
  const scale = high > low ? box.height / (high - low) : 0
  const y = (value: number) => (scale === 0 ? box.top + box.height / 2 : box.top + (high - value) * scale)
  context.strokeStyle = colour
  context.lineWidth = Math.max(1, 1.2 * box.ratio)
  context.lineJoin = 'round'
  context.beginPath()
  let drawing = false
  for (let column = 0; column < columns; column++) {
    const minimum = pairs[column * 2]
    const maximum = pairs[column * 2 + 1]
    if (Number.isNaN(minimum)) {
      drawing = false
      continue
    }
    const x = ((column + 0.5) / columns) * box.width
    if (drawing) context.lineTo(x, y(maximum))
    else context.moveTo(x, y(maximum))
    if (maximum !== minimum) context.lineTo(x, y(minimum))
    drawing = true
  }
  context.stroke()
}

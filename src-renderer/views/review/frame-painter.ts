/** Paints at most once per frame, however often it is asked to. */
export class FramePainter {
  readonly #paint: () => void
  #frame: number | null = null

  constructor(paint: () => void) {
    this.#paint = paint
  }

  request(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null
      this.#paint()
    })
  }

  stop(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame)
    this.#frame = null
  }
}

/** Fits a canvas to its place in device pixels; `null` when it has none. */
export function fitCanvas(canvas: HTMLCanvasElement, size: { width: number; height: number }): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio
  const width = Math.round(size.width * ratio)
  const height = Math.round(size.height * ratio)
  if (width === 0 || height === 0) return null
  // Setting a size clears the canvas and costs an allocation, even when it is the same.
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  return canvas.getContext('2d')
}

/** One canvas of the stack, sized in device pixels and shown at its exact CSS size. */
export class Layer {
  readonly canvas: HTMLCanvasElement
  readonly context: CanvasRenderingContext2D

  constructor(parent: HTMLElement, opaque: boolean) {
    this.canvas = document.createElement('canvas')
    this.canvas.style.position = 'absolute'
    this.canvas.style.top = '0'
    this.canvas.style.left = '0'
    this.canvas.style.pointerEvents = 'none'
    parent.append(this.canvas)
    const context = this.canvas.getContext('2d', { alpha: !opaque })
    if (context === null) throw new Error('This window cannot draw on a canvas.')
    this.context = context
  }

  /** Device pixels; clears the canvas. */
  resize(width: number, height: number, ratio: number): void {
    this.canvas.width = width
    this.canvas.height = height
    this.canvas.style.width = `${width / ratio}px`
    this.canvas.style.height = `${height / ratio}px`
  }

  /** Moves by whole device pixels: the compositor does it, nothing is drawn again. */
  moveTo(devicePixels: number, ratio: number): void {
    this.canvas.style.transform = `translateX(${devicePixels / ratio}px)`
  }

  show(visible: boolean): void {
    this.canvas.style.display = visible ? 'block' : 'none'
  }
}

/** The elements of a trace: grid, two pages of trace, the sweep's head line, and the overlay with gutter and captions. */
export class TraceSurface {
  readonly grid: Layer
  readonly pages: readonly [Layer, Layer]
  readonly overlay: Layer
  private readonly root: HTMLElement
  private readonly plot: HTMLElement
  private readonly head: HTMLElement

  constructor(container: HTMLElement) {
    this.root = document.createElement('div')
    Object.assign(this.root.style, { position: 'absolute', inset: '0', overflow: 'hidden' })
    this.plot = document.createElement('div')
    Object.assign(this.plot.style, { position: 'absolute', top: '0', bottom: '0', right: '0', overflow: 'hidden' })
    this.root.append(this.plot)
    this.grid = new Layer(this.plot, true)
    this.pages = [new Layer(this.plot, false), new Layer(this.plot, false)]
    this.head = document.createElement('div')
    Object.assign(this.head.style, { position: 'absolute', top: '0', bottom: '0', left: '0', width: '1px', pointerEvents: 'none' })
    this.plot.append(this.head)
    this.overlay = new Layer(this.root, false)
    if (getComputedStyle(container).position === 'static') container.style.position = 'relative'
    container.append(this.root)
  }

  resize(width: number, height: number, plotLeft: number, gridWidth: number, ratio: number): void {
    this.plot.style.left = `${plotLeft / ratio}px`
    this.grid.resize(gridWidth, height, ratio)
    for (const page of this.pages) page.resize(width - plotLeft, height, ratio)
    this.overlay.resize(width, height, ratio)
  }

  colour(background: string, head: string): void {
    this.root.style.background = background
    this.head.style.background = head
  }

  /** Device pixels from the plot's left edge; `null` hides it. */
  placeHead(devicePixels: number | null, ratio: number): void {
    this.head.style.display = devicePixels === null ? 'none' : 'block'
    if (devicePixels !== null) this.head.style.transform = `translateX(${devicePixels / ratio}px)`
  }

  remove(): void {
    this.root.remove()
  }
}

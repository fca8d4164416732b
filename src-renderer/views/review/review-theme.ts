import type { LabelKind } from '../../../src-main/contract/schemas/label.ts'
import { readTraceTheme } from '../record/trace-colours.ts'
import type { TraceTheme } from '../../trace/trace-theme.ts'

/** Colours of what lies over the traces; each kind has a texture of its own as well. */
export interface ReviewTheme {
  readonly trace: TraceTheme
  readonly accent: string
  readonly marker: string
  readonly odd: string
  readonly good: string
  readonly warn: string
  readonly bad: string
  readonly kinds: Readonly<Record<LabelKind, string>>
}

/** Reads the stylesheet as it is now: costs a style resolution per colour, so views keep the result until the side changes. */
export function readReviewTheme(container: HTMLElement): ReviewTheme {
  const probe = document.createElement('span')
  probe.hidden = true
  container.append(probe)
  const colour = (name: string) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const [accent, marker, good, warn, bad, breath] = ['--accent', '--trace-marker', '--good', '--warn', '--bad', '--trace-respiration'].map(colour)
  probe.remove()
  const kinds = { beat: accent, rhythm: accent, quality: warn, activity: good, posture: breath, marker, exclude: bad, note: marker }
  return { trace: readTraceTheme(container), accent, marker, odd: bad, good, warn, bad, kinds }
}

/** A texture per kind, so that no meaning is by colour alone: lines up or down, level, upright, dots, or none. */
export type Texture = 'up' | 'down' | 'level' | 'upright' | 'dots' | 'cross' | 'none'
export const textures: Readonly<Record<LabelKind, Texture>> = { beat: 'none', rhythm: 'none', quality: 'dots', activity: 'upright', posture: 'level', marker: 'down', exclude: 'cross', note: 'up' }

const patterns = new Map<string, CanvasPattern | string>()

/** A repeating texture in one colour; kept, because every frame asks for the same few. */
export function texture(context: CanvasRenderingContext2D, kind: Texture, colour: string, ratio: number): CanvasPattern | string {
  const key = `${kind}/${colour}/${ratio}`
  const known = patterns.get(key)
  if (known !== undefined) return known
  const made = makeTexture(context, kind, colour, ratio)
  patterns.set(key, made)
  return made
}

function makeTexture(context: CanvasRenderingContext2D, kind: Texture, colour: string, ratio: number): CanvasPattern | string {
  if (kind === 'none') return colour
  const size = Math.round((kind === 'dots' ? 5 : 8) * ratio)
  const tile = document.createElement('canvas')
  tile.width = size
  tile.height = size
  const pen = tile.getContext('2d')
  if (pen === null) return colour
  pen.strokeStyle = colour
  pen.fillStyle = colour
  pen.lineWidth = ratio
  pen.beginPath()
  if (kind === 'dots') pen.rect(0, 0, Math.ceil(1.4 * ratio), Math.ceil(1.4 * ratio))
  if (kind === 'level') pen.rect(0, 0, size, Math.ceil(ratio))
  if (kind === 'upright') pen.rect(0, 0, Math.ceil(ratio), size)
  pen.fill()
  pen.beginPath()
  // Three parallels, so that the corners of neighbouring tiles join.
  for (const shift of [-size, 0, size]) {
    if (kind === 'up' || kind === 'cross') {
      pen.moveTo(shift, size)
      pen.lineTo(shift + size, 0)
    }
    if (kind === 'down' || kind === 'cross') {
      pen.moveTo(shift, 0)
      pen.lineTo(shift + size, size)
    }
  }
  pen.stroke()
  return context.createPattern(tile, 'repeat') ?? colour
}

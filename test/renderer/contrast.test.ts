import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(resolve(import.meta.dirname, '../../src-renderer/styles/tokens.css'), 'utf8')
const themes = ['light', 'dark'] as const
type Theme = (typeof themes)[number]

/** Every `--name: light-dark(#light, #dark)` of the stylesheet. */
const tokens = new Map([...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [name, { light, dark }]))

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function ratio(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function colour(name: string, theme: Theme): string {
  const token = tokens.get(name)
  if (token === undefined) throw new Error(`tokens.css has no --${name}`)
  return token[theme]
}

const grounds = ['paper', 'surface', 'sunken', 'hover']

/** Text on its ground: AA asks for 4.5:1. */
const text: [string, string][] = [
  ...['ink', 'ink-soft', 'ink-faint'].flatMap((ink) => grounds.map((ground): [string, string] => [ink, ground])),
  ...['accent', 'good', 'warn', 'bad'].flatMap((tone) => ['paper', 'surface', `${tone}-soft`].map((ground): [string, string] => [tone, ground])),
  ['accent-ink', 'accent'],
  ['bad-ink', 'bad'],
  ['ink', 'accent-soft'],
  ['ink-soft', 'accent-soft'],
  ['ink', 'bad-soft'],
  ['ink-soft', 'bad-soft'],
  ['trace-text', 'trace-background'],
  ['trace-text-soft', 'trace-background'],
  ['trace-marker', 'trace-background'],
  ['good', 'trace-background'],
  ['warn', 'trace-background'],
  ['bad', 'trace-background'],
  ['ink-faint', 'trace-background'],
]

/** Lines that carry meaning (borders of controls, focus rings, traces): AA asks for 3:1. */
const lines: [string, string][] = [
  ...['paper', 'surface', 'sunken'].map((ground): [string, string] => ['line-strong', ground]),
  ...['paper', 'surface', 'trace-background'].map((ground): [string, string] => ['accent', ground]),
  ...['ecg', 'ppg', 'respiration', 'other'].flatMap((kind) => ['trace-background', 'trace-paper-minor', 'trace-grid-major'].map((ground): [string, string] => [`trace-${kind}`, ground])),
]

describe.each(themes)('the %s theme', (theme) => {
  it.each(text)('text %s on %s reaches 4.5:1', (ink, ground) => {
    expect(ratio(colour(ink, theme), colour(ground, theme))).toBeGreaterThanOrEqual(4.5)
  })

  it.each(lines)('%s on %s reaches 3:1', (line, ground) => {
    expect(ratio(colour(line, theme), colour(ground, theme))).toBeGreaterThanOrEqual(3)
  })
})

/** Machado, Oliveira and Fernandes 2009, severity 1.0: how a colour looks without one kind of cone (linear RGB). */
const blindness = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
}

/** CIE L*a*b*, D65. */
function lab(hex: string, matrix: number[] | null): number[] {
  let rgb = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  if (matrix !== null) rgb = [0, 3, 6].map((row) => Math.max(0, Math.min(1, matrix[row] * rgb[0] + matrix[row + 1] * rgb[1] + matrix[row + 2] * rgb[2])))
  const [r, g, b] = rgb
  const xyz = [(0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, 0.2126 * r + 0.7152 * g + 0.0722 * b, (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089]
  const [x, y, z] = xyz.map((v) => (v > 216 / 24389 ? Math.cbrt(v) : (24389 / 27) * v / 116 + 16 / 116))
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

describe.each(themes)('the lanes of the %s theme', (theme) => {
  const kinds = ['ecg', 'ppg', 'respiration', 'other']
  const pairs = kinds.flatMap((one, at) => kinds.slice(at + 1).map((other): [string, string] => [one, other]))

  it.each(pairs)('%s and %s stay apart for every kind of colour vision', (one, other) => {
    for (const matrix of [null, ...Object.values(blindness)]) {
      const [a, b] = [one, other].map((kind) => lab(colour(`trace-${kind}`, theme), matrix))
      // About 2.3 is just noticeable; thin lines need several times that.
      expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(9)
    }
  })
})

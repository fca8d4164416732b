import type { SourceAnnotation } from './signal-source.ts'
import { annotationCode, annotationSymbol, readAnnotations, type WfdbAnnotation } from './wfdb-annotations.ts'

/*
 * Notes at the beginning of a file that are about the file (annot(5), "Annotation definitions and time resolution"):
 *
 *   ## time resolution: 360             ticks per second of the annotator's clock
 *   ## annotation type definitions      the notes up to `## end of definitions` each say: code, symbol, meaning
 *   42 X Something of our own
 */
const noteCode = annotationCode('"') ?? 22
const noiseCode = annotationCode('~') ?? 14
const timeResolution = /^##\s*time resolution:\s*(\d+(?:\.\d+)?)\s*$/
const definitionsBegin = '## annotation type definitions'
const definitionsEnd = '## end of definitions'
const definition = /^(\d{1,2})\s+(\S+)/

/**
 * Annotations of an MIT annotation file in the form that all formats share. With a `## time resolution` of its own and the record's `rateHz` (frames per
 * second) ticks become frames, which may then lie between two; without either they are frames. `signal` is the channel, or `null` where the whole file
 * has channel 0, which annotators write when they mean none. Symbols that the file defines itself are used. Changes of quality (`~`) say `good`, `fair` or `bad`.
 * @throws LabError `wfdb-annotations-invalid` with `data.offset`.
 * @example readSourceAnnotations(bytes, 500)[0] // { frame: 108, durationFrames: null, symbol: 'N', text: '', signal: null }
 */
export function readSourceAnnotations(bytes: Uint8Array, rateHz?: number): SourceAnnotation[] {
  const { annotations, ticksPerSecond, symbols } = separate(readAnnotations(bytes))
  const framesPerTick = ticksPerSecond !== null && rateHz !== undefined ? rateHz / ticksPerSecond : 1
  const channels = annotations.some((annotation) => annotation.channel !== 0)
  return annotations.map(({ sample, code, text, channel, subtype }) => ({
    frame: sample * framesPerTick,
    durationFrames: null,
    symbol: symbols.get(code) ?? annotationSymbol(code),
    text: code === noiseCode ? qualityOf(subtype) : text,
    signal: channels ? channel : null,
  }))
}

/** Bits of a `~` annotation's subtype: 0-3 a signal is noisy, 4-7 a signal is unreadable; -1 all are unreadable. Source: PhysioBank annotations, note 4. */
function qualityOf(subtype: number): 'good' | 'fair' | 'bad' {
  return subtype === -1 || (subtype & 0xf0) !== 0 ? 'bad' : subtype === 0 ? 'good' : 'fair'
}

/** What is about the file, apart from what is about the signal. */
function separate(all: readonly WfdbAnnotation[]): { annotations: WfdbAnnotation[]; ticksPerSecond: number | null; symbols: Map<number, string> } {
  const symbols = new Map<number, string>()
  let ticksPerSecond: number | null = null
  let defining = false
  const annotations = all.filter(({ sample, code, text }) => {
    if (code === 0) return false
    if (sample !== 0 || code !== noteCode) return true
    const note = text.trim()
    const resolution = Number(timeResolution.exec(note)?.[1])
    if (resolution > 0) ticksPerSecond = resolution
    else if (note === definitionsBegin) defining = true
    else if (note === definitionsEnd) defining = false
    else if (defining) {
      const [, number, symbol] = definition.exec(note) ?? []
      if (symbol !== undefined) symbols.set(Number(number), symbol)
    } else return true
    return false
  })
  return { annotations, ticksPerSecond, symbols }
}

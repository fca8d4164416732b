import type { Label } from '../contract/index.ts'
import { annotationCode, writeAnnotations, type WfdbAnnotation } from '../formats/wfdb-annotations.ts'

const noteCode = annotationCode('"') ?? 22
const rhythmCode = annotationCode('+') ?? 28
const qualityCode = annotationCode('~') ?? 14
/** Bytes of text that an annotation holds. */
const longestText = 255

/**
 * A layer as WFDB annotations for other tools: a note with the annotator's name, then the labels by row. Beats are beats and rhythms are rhythm changes; WFDB has no
 * spans, so the text of everything else says where it ends: `exclude 500..1000 electrode`. Channel = index of the lane, 0 for all.
 */
export function labelAnnotations(annotator: string, labels: readonly Label[], laneIds: readonly string[]): Uint8Array {
  const annotations: WfdbAnnotation[] = [annotation(0, noteCode, 0, `layer ${annotator}`)]
  for (const { row, toRow, lane, kind, value } of labels) {
    const channel = lane === null ? 0 : Math.max(0, laneIds.indexOf(lane))
    if (kind === 'beat') annotations.push(annotation(row, annotationCode(value) ?? noteCode, channel, ''))
    else if (kind === 'rhythm') annotations.push(annotation(row, rhythmCode, channel, fitting(value)))
    else {
      const span = toRow === null ? '' : ` ${row}..${toRow}`
      annotations.push(annotation(row, kind === 'quality' ? qualityCode : noteCode, channel, fitting(`${kind}${span} ${value}`.trimEnd())))
    }
  }
  return writeAnnotations(annotations)
}

const annotation = (sample: number, code: number, channel: number, text: string): WfdbAnnotation => ({ sample, code, subtype: 0, channel, number: 0, text })

/** As much of the text as an annotation holds, cut between characters. */
function fitting(text: string): string {
  const encoder = new TextEncoder()
  let kept = text
  while (encoder.encode(kept).length > longestText) kept = Array.from(kept).slice(0, -1).join('')
  return kept
}

import type { LabelEvent, LabError } from '../contract/index.ts'
import { isBeatCode } from '../dataset/beat-columns.ts'
import type { SourceAnnotation, SourceFinding } from '../formats/signal-source.ts'
import { annotationCode } from '../formats/wfdb-annotations.ts'

/** What labels need to know of their recording. */
export interface LabelPlace {
  readonly annotator: string
  /** Of the import: labels are as old as that. */
  readonly createdAt: string
  readonly rows: number
  readonly rowsPerFrame: number
  readonly laneIds: readonly string[]
}

export interface ImportedLabels {
  readonly events: readonly LabelEvent[]
  readonly findings: readonly SourceFinding[]
}

const longestValue = 400

/**
 * Annotations of a file as label events of a layer: beats as they are, rhythm and quality changes as the spans that they begin, everything else as notes with the symbol and the text.
 * What lies outside the recording is left out and counted in a finding. The same annotations give the same events.
 * @example MIT-BIH's `+` at row 18 with text `(N` -> { kind: 'rhythm', row: 18, toRow: 650000, value: '(N' }
 */
export function importLabels(annotations: readonly SourceAnnotation[], place: LabelPlace): ImportedLabels {
  const { annotator, createdAt, rows, rowsPerFrame, laneIds } = place
  const events: LabelEvent[] = []
  const outside: number[] = []
  let rhythm: SpanStart | null = null
  let quality: SpanStart | null = null
  const add = (row: number, toRow: number | null, lane: string | null, kind: 'beat' | 'rhythm' | 'quality' | 'note', value: string): void => {
    if (toRow !== null && toRow <= row) return
    events.push({
      type: 'set', id: `${annotator}-${events.length + 1}`, row, toRow, lane, kind, value: value.slice(0, longestValue), supersedes: null, annotator, origin: 'imported', createdAt,
    })
  }
  const end = (span: SpanStart | null, kind: 'rhythm' | 'quality', toRow: number): void => {
    if (span && span.value !== 'good') add(span.row, toRow, null, kind, span.value)
  }
  for (const { frame, durationFrames, symbol, text: written, signal } of annotations) {
    const text = written.trim()
    const at = Math.round(frame * rowsPerFrame)
    // `Recording ends` stands behind the last row; a beat does not.
    const row = at === rows && symbol === '' ? rows - 1 : at
    if (!(row >= 0 && row < rows)) {
      outside.push(row)
      continue
    }
    const lane = signal === null ? null : (laneIds[signal] ?? null)
    const toRow = durationFrames === null ? null : Math.min(rows, Math.round((frame + durationFrames) * rowsPerFrame))
    if (isBeatCode(annotationCode(symbol) ?? 0)) add(row, null, lane, 'beat', symbol)
    else if (symbol === '+' && text.startsWith('(')) {
      end(rhythm, 'rhythm', row)
      rhythm = { row, value: text }
    } else if (symbol === '~') {
      end(quality, 'quality', row)
      quality = { row, value: text }
    } else add(row, toRow !== null && toRow > row ? toRow : null, lane, 'note', `${symbol === '"' ? '' : symbol} ${text}`.trim())
  }
  end(rhythm, 'rhythm', rows)
  end(quality, 'quality', rows)
  return { events, findings: outside.length === 0 ? [] : [outsideFinding(annotator, outside, rows)] }
}

interface SpanStart {
  readonly row: number
  readonly value: string
}

function outsideFinding(annotator: string, outside: readonly number[], rows: number): SourceFinding {
  const many = outside.length === 1 ? '1 annotation' : `${outside.length} annotations`
  const message = `${many} of ${annotator} lie outside the recording's ${rows} rows (the first on row ${outside[0]}) and were left out.`
  return { code: 'import-annotation-outside' satisfies LabError['code'], message, data: { annotator, annotations: outside.length, firstRow: outside[0], rows } }
}

/** A layer's file. */
export function labelFile(events: readonly LabelEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}

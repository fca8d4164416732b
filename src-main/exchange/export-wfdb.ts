import { annotationCode, writeAnnotations, type WfdbAnnotation } from '../formats/wfdb-annotations.ts'
import { formatHeader } from '../formats/wfdb-header.ts'
import { recordingHeader, recordName } from '../formats/recording-header.ts'
import { SignalEncoder } from '../formats/wfdb-signal.ts'
import { beginOf } from './export-plan.ts'
import { plainFacts, type RecordingExport } from './export-recording.ts'
import { keptRows } from './export-rows.ts'

const noteCode = annotationCode('"') ?? 22
const rhythmCode = annotationCode('+') ?? 28
const qualityCode = annotationCode('~') ?? 14

/** SUBJECT/RECORDING/signals.hea and signals.dat, and signals.qrs (a detector's beats) or signals.atr (beats and labels of a layer). */
export async function exportWfdb(item: RecordingExport): Promise<void> {
  const { out, recording, keepDates, labels } = item
  const folder = `${item.item.entry.subject}/${item.item.name}`
  const encoder = await writeSignals(item, `${folder}/${recordName}.dat`)
  const header = recordingHeader({ ...recording, startedAt: '' }, encoder, item.item.entry.rateHz)
  const begin = beginOf(item.item, keepDates)
  const text = formatHeader({ ...header, baseTime: begin?.time ?? null, baseDate: begin ? begin.date.split('-').reverse().join('/') : null, comments: plainFacts(item) })
  await out.put(`${folder}/${recordName}.hea`, text)
  if (labels.from === 'detector') await out.put(`${folder}/${recordName}.qrs`, writeAnnotations(annotationsOf(item)))
  else if (labels.beats.length + labels.labels.length > 0) await out.put(`${folder}/${recordName}.atr`, writeAnnotations(annotationsOf(item)))
}

async function writeSignals({ out, recording, stored, item, format, signal }: RecordingExport, name: string): Promise<SignalEncoder> {
  const encoder = new SignalEncoder(recording.lanes.length, format)
  const file = await out.create(name)
  for await (const { counts } of keptRows(stored, item.entry.spans, signal)) await file.write(encoder.encode(counts))
  await file.end()
  return encoder
}

function annotationsOf({ labels: { beats, labels } }: RecordingExport): WfdbAnnotation[] {
  const plain = { subtype: 0, number: 0 }
  const all = [
    ...beats.map((beat): WfdbAnnotation => ({ ...plain, sample: beat.row, code: beat.code, channel: beat.lane ?? 0, text: '' })),
    ...labels.map((label): WfdbAnnotation => {
      const place = { ...plain, sample: label.row, channel: label.lane ?? 0 }
      if (label.kind === 'rhythm') return { ...place, code: rhythmCode, text: label.value }
      // WFDB has no spans: the text says where it ends.
      const span = label.toRow === null ? '' : ` ${label.row}..${label.toRow}`
      return { ...place, code: label.kind === 'quality' ? qualityCode : noteCode, text: `${label.kind}${span} ${label.value}`.trimEnd() }
    }),
  ]
  return all.sort((a, b) => a.sample - b.sample)
}

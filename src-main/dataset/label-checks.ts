import { Annotator, LabelChange, LabError, type Recording } from '../contract/index.ts'
import { annotationCode } from '../formats/wfdb-annotations.ts'
import { isBeatCode } from './beat-columns.ts'
import type { LayerFold } from './label-fold.ts'
import { isReservedName } from './reserved-names.ts'

/** Detectors' names begin so, in any case; their layers are made anew from the signal, not edited. */
const detectorPrefix = 'pulseprint-'
const qualities: readonly string[] = ['good', 'fair', 'bad']

/**
 * The name of a layer that people may write. `existing`: the names of the recording's layers; one that differs only in case would be the same file on some systems.
 * @throws LabError `annotator-invalid` with `data.annotator` and `data.reason`.
 */
export function checkAnnotator(name: string, existing: readonly string[]): Annotator {
  const refuse = (reason: string): LabError => new LabError('annotator-invalid', `"${name}" cannot be the name of a layer: ${reason}.`, { annotator: name, reason })
  const read = Annotator.safeParse(name)
  if (!read.success) throw refuse(read.error.issues[0].message)
  if (name.toLowerCase().startsWith(detectorPrefix)) throw refuse('it belongs to a detector')
  if (isReservedName(name)) throw refuse('this name is reserved by Windows')
  const other = existing.find((one) => one !== name && one.toLowerCase() === name.toLowerCase())
  if (other !== undefined) throw refuse(`there is a layer "${other}", which differs only in case`)
  return read.data
}

/**
 * The changes that are new to the layer, in order, each of which can be applied after those before it.
 * @throws LabError `label-invalid` with the place in the list and the field, `label-not-found` for the target of a correction that is not there.
 */
export function checkChanges(changes: readonly LabelChange[], layer: LayerFold, recording: Pick<Recording, 'id' | 'rows' | 'lanes'>): LabelChange[] {
  const lanes = new Set(recording.lanes.map((lane) => lane.id))
  const added = new Set<string>()
  const sent = new Set<string>()
  const gone = new Set<string>()
  const fresh: LabelChange[] = []
  for (const [index, change] of changes.entries()) {
    if (layer.knows(change.id) || sent.has(change.id)) continue
    sent.add(change.id)
    const refuse = (field: string, reason: string): LabError =>
      new LabError('label-invalid', `Label ${index} of ${changes.length} cannot be saved: ${field}: ${reason}.`, { recording: recording.id, index, id: change.id, field, reason })
    // What the schema of a line refuses would be written and never read again.
    const read = LabelChange.safeParse(change)
    if (!read.success) throw refuse(read.error.issues[0].path.map(String).join('.'), read.error.issues[0].message)
    if (layer.basis !== null && change.id.startsWith(`${layer.basis}:`)) throw refuse('id', 'ids of this form name the beats that the layer started from')
    if (change.type === 'set') checkSaid(change, recording.rows, lanes, refuse)
    const target = change.supersedes
    if (target !== null) {
      const there = added.has(target) || (layer.has(target) && !gone.has(target))
      if (!there) throw new LabError('label-not-found', `The label ${target} that was to be changed is not there.`, { recording: recording.id, annotator: layer.annotator, index, label: target })
      if (!added.delete(target)) gone.add(target)
    }
    if (change.type === 'set') added.add(change.id)
    fresh.push(change)
  }
  return fresh
}

function checkSaid(change: Extract<LabelChange, { type: 'set' }>, rows: number, lanes: ReadonlySet<string>, refuse: (field: string, reason: string) => LabError): void {
  const { row, toRow, lane, kind, value } = change
  if (row >= rows) throw refuse('row', `${row} is not one of the recording's ${rows} rows`)
  if (toRow !== null && toRow <= row) throw refuse('toRow', `it ends at row ${toRow}, before it begins at ${row}`)
  if (toRow !== null && toRow > rows) throw refuse('toRow', `${toRow} lies behind the recording's ${rows} rows`)
  if (lane !== null && !lanes.has(lane)) throw refuse('lane', `the recording has no lane "${lane}"`)
  if (kind === 'beat') {
    if (toRow !== null) throw refuse('toRow', 'a beat is one row, not a span')
    if (!isBeatCode(annotationCode(value) ?? 0)) throw refuse('value', `"${value}" is no WFDB mnemonic of a beat (N, V, S, Q ...)`)
  } else if (kind === 'rhythm' && !/^\(\S+$/.test(value)) throw refuse('value', `"${value}" is no WFDB rhythm, for example (N or (AFIB`)
  else if (kind === 'quality' && !qualities.includes(value)) throw refuse('value', `"${value}" is none of ${qualities.join(', ')}`)
}

import { LabError, noValue } from '../contract/index.ts'
import type { SourceFinding, SourceFolder } from './signal-source.ts'
import { readHeader } from './wfdb-folder.ts'
import { plainSignalName, type WfdbHeader, type WfdbSignal } from './wfdb-header.ts'
import { mostFrames, openPiece, type WfdbPiece } from './wfdb-piece.ts'
import { signalFileInvalid } from './wfdb-signal-file.ts'

/** A stretch of a record: a piece of it, or a gap. */
export interface RecordPart {
  readonly from: number
  readonly frames: number
  readonly piece: WfdbPiece | null
  /** Per signal of the record: the piece's signal and how its counts become the record's; `null` when the piece lacks it. */
  readonly places: readonly (SignalPlace | null)[]
}

export interface SignalPlace {
  readonly index: number
  /** `record = round(count * scale + offset)`; `null`: as it is. */
  readonly scale: { readonly scale: number; readonly offset: number } | null
}

/** A record as what it consists of. */
export interface WfdbParts {
  readonly signals: readonly WfdbSignal[]
  readonly frames: number
  readonly parts: readonly RecordPart[]
  readonly findings: readonly SourceFinding[]
  /** Names of all files that were there, the main header first. */
  readonly files: readonly string[]
  /** The header that describes the signals, where it is not the record's own. */
  readonly describedBy: WfdbHeader | null
}

/** Signals over all segments that are still read. */
const mostPlaces = 1 << 22

/** A record of one piece. @throws as `openPiece` does, and `wfdb-signal-invalid` when it has no frames. */
export async function onePart(folder: SourceFolder, header: WfdbHeader, file: string): Promise<WfdbParts> {
  const piece = await openPiece(folder, header)
  if (piece.available === 0) throw signalFileInvalid(filesOf(piece)[0], piece.frameSamples === 1 ? 'it holds no whole frame' : `it holds no whole frame of ${piece.frameSamples} samples`)
  const parts = [{ from: 0, frames: piece.frames, piece, places: header.signals.map((_, index) => ({ index, scale: null })) }]
  return { signals: header.signals, frames: piece.frames, parts, findings: piece.findings, files: [file, ...filesOf(piece)], describedBy: null }
}

const filesOf = (piece: WfdbPiece): string[] => piece.files.map((file) => file.group.file)

/**
 * A record of segments, of fixed layout (all segments have the same signals) or variable layout (the first segment has no frames and describes all
 * signals; each other has some of them, found by name, perhaps at another gain). `~`, and segments whose files are missing, are gaps.
 * @throws LabError `wfdb-header-invalid` with `data.file` for a segment that is made of segments itself (so also for circles) or does not fit,
 * `file-not-found` when nothing describes the signals, and what `openPiece` throws.
 */
export async function segmentParts(folder: SourceFolder, master: WfdbHeader, file: string): Promise<WfdbParts> {
  const refuse = (about: string, reason: string): LabError => new LabError('wfdb-header-invalid', `${about}: ${reason}.`, { file: about, record: master.record, reason })
  const variable = master.segments[0].frames === 0
  const headers = new Map<string, WfdbHeader | null>()
  for (const { name } of master.segments) {
    if (name === '~' || headers.has(name)) continue
    const header = await readHeader(folder, name)
    if (header && header.segments.length > 0) throw refuse(`${name}.hea`, `as a segment of ${master.record} it must not consist of segments itself`)
    headers.set(name, header && { ...header, record: name })
  }
  const described = master.segments.map(({ name }) => headers.get(name) ?? null)
  const describedBy = variable ? described[0] : (described.find((header) => header !== null) ?? null)
  if (!describedBy) throw new LabError('file-not-found', `No header describes the signals of ${master.record}: ${master.segments[0].name}.hea is not there.`, { record: master.record, file: `${master.segments[0].name}.hea` })
  const { signals } = describedBy
  if (signals.length === 0) throw new LabError('wfdb-signal-invalid', `The record ${master.record} cannot be read: it has no signals.`, { record: master.record, file, reason: 'it has no signals' })
  if (signals.length !== master.signalCount) throw refuse(`${describedBy.record}.hea`, `it has ${signals.length} signals, ${file} ${master.signalCount}`)
  if (signals.length * master.segments.length > mostPlaces) throw refuse(file, `${master.segments.length} segments of ${signals.length} signals are more than are read`)

  const files = [file, ...(variable ? [`${describedBy.record}.hea`] : [])]
  const findings: SourceFinding[] = []
  const rounding = new Roundings(signals)
  const parts: RecordPart[] = []
  let from = 0
  for (const [i, segment] of master.segments.entries()) {
    if (segment.frames === 0) continue
    const part = { from, frames: segment.frames }
    from += segment.frames
    if (from > mostFrames) throw refuse(file, `its segments have more than ${mostFrames} frames`)
    const header = described[i]
    const { piece, missing } = header ? await openSegment(folder, master, header, segment.frames) : { piece: null, missing: `${segment.name}.hea` }
    if (header) files.push(`${segment.name}.hea`)
    if (!piece) {
      parts.push({ ...part, piece, places: [] })
      if (segment.name === '~') continue
      const message = `${missing} is not there; the ${segment.frames} frames of the segment ${segment.name} have no value.`
      findings.push({ code: 'import-truncated', message, data: { file: missing, segment: segment.name, frames: segment.frames, available: 0 } })
      continue
    }
    files.push(...filesOf(piece))
    findings.push(...piece.findings)
    const places = variable ? placesByName(signals, piece.header, findings) : placesInOrder(signals, piece.header)
    places.forEach((place, index) => {
      if (place === null) return
      const own = piece.header.signals[place.index]
      if (own.unit !== signals[index].unit) throw refuse(`${segment.name}.hea`, `${plainSignalName(own.name)} is in ${own.unit}, in ${describedBy.record}.hea in ${signals[index].unit}`)
      if (own.samplesPerFrame !== signals[index].samplesPerFrame) throw refuse(`${segment.name}.hea`, `${plainSignalName(own.name)} has ${own.samplesPerFrame} samples per frame, elsewhere ${signals[index].samplesPerFrame}`)
      if (place.scale) rounding.add(index, segment.name, place.scale)
    })
    parts.push({ ...part, piece, places })
  }
  if (from === 0) throw refuse(file, 'its segments have no frames')
  const lost = findings.find(({ data }) => data.available === 0)
  if (lost && parts.every(({ piece }) => (piece?.available ?? 0) === 0)) {
    throw new LabError('file-not-found', `The record ${master.record} has no sample at all: ${lost.message}`, { record: master.record, file: lost.data.file })
  }
  if (master.frames !== null && master.frames !== from) {
    findings.push({ code: 'wfdb-header-invalid', message: `${file} announces ${master.frames} frames, its segments have ${from}.`, data: { file, field: 'number of samples', expected: from, found: master.frames } })
  }
  return { signals, frames: from, parts, findings: [...findings, ...rounding.findings()], files: [...new Set(files)], describedBy }

  function placesInOrder(all: readonly WfdbSignal[], own: WfdbHeader): SignalPlace[] {
    if (own.signals.length !== all.length) throw refuse(`${own.record}.hea`, `it has ${own.signals.length} signals, the other segments ${all.length}`)
    return all.map((signal, index) => ({ index, scale: scaleBetween(own.signals[index], signal) }))
  }
}

/** The segment with as many frames as the main header says (its checksums hold for its own number only), or the file that it lacks. */
async function openSegment(folder: SourceFolder, master: WfdbHeader, header: WfdbHeader, frames: number): Promise<{ piece: WfdbPiece; missing: null } | { piece: null; missing: string }> {
  // Rates are written in decimals: 1/60 per second is `0.0166666666667`.
  if (Math.abs(header.rateHz / master.rateHz - 1) > 1e-6) {
    const reason = `its rate is ${header.rateHz} Hz, that of ${master.record}.hea ${master.rateHz} Hz`
    throw new LabError('wfdb-header-invalid', `${header.record}.hea: ${reason}.`, { file: `${header.record}.hea`, record: master.record, reason })
  }
  const whole = header.frames === null || header.frames === frames
  const signals = whole ? header.signals : header.signals.map((signal) => ({ ...signal, checksum: null }))
  try {
    return { piece: await openPiece(folder, { ...header, frames, signals }), missing: null }
  } catch (thrown) {
    if (thrown instanceof LabError && thrown.code === 'file-not-found' && typeof thrown.data.file === 'string') return { piece: null, missing: thrown.data.file }
    throw thrown
  }
}

/** By name, equal names in order. A signal that the layout does not have becomes a finding. */
function placesByName(signals: readonly WfdbSignal[], own: WfdbHeader, findings: SourceFinding[]): (SignalPlace | null)[] {
  const free = new Map<string, number[]>()
  own.signals.forEach((signal, i) => {
    const name = plainSignalName(signal.name)
    const known = free.get(name)
    if (known) known.push(i)
    else free.set(name, [i])
  })
  const places = signals.map((signal) => {
    const index = free.get(plainSignalName(signal.name))?.shift()
    return index === undefined ? null : { index, scale: scaleBetween(own.signals[index], signal) }
  })
  for (const [name, left] of free) {
    if (left.length === 0) continue
    const file = `${own.record}.hea`
    findings.push({ code: 'wfdb-header-invalid', message: `${file} has a signal ${name} that the record's layout has not; it was left out.`, data: { file, field: 'description', signal: name } })
  }
  return places
}

function scaleBetween(own: WfdbSignal, record: WfdbSignal): SignalPlace['scale'] {
  if (own.gain === record.gain && own.baseline === record.baseline) return null
  const scale = record.gain / own.gain
  return { scale, offset: record.baseline - own.baseline * scale }
}

/** The piece's counts as the record's, in place. @throws LabError `wfdb-signal-invalid` for one that 32 bits do not hold: nothing is clipped. */
export function rescale(counts: Int32Array, { scale, offset }: NonNullable<SignalPlace['scale']>, file: string): void {
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === noValue) continue
    const value = Math.round(counts[i] * scale + offset)
    if (!(value > noValue && value <= 0x7fffffff)) {
      const reason = `the sample ${counts[i]} does not fit the layout's gain`
      throw new LabError('wfdb-signal-invalid', `${file} cannot be read: ${reason}.`, { file, reason, value: counts[i] })
    }
    counts[i] = value
  }
}

/** Which signals are rounded by being brought to the layout's gain. */
class Roundings {
  readonly #signals: readonly WfdbSignal[]
  readonly #segments = new Map<number, string[]>()

  constructor(signals: readonly WfdbSignal[]) {
    this.#signals = signals
  }

  add(index: number, segment: string, { scale, offset }: NonNullable<SignalPlace['scale']>): void {
    if (Number.isInteger(scale) && Number.isInteger(offset)) return
    const known = this.#segments.get(index)
    if (known) known.push(segment)
    else this.#segments.set(index, [segment])
  }

  findings(): SourceFinding[] {
    return [...this.#segments].map(([index, segments]) => {
      const { name, gain, unit } = this.#signals[index]
      const label = plainSignalName(name) || `signal ${index}`
      return {
        code: 'import-value-rounded',
        message: `${segments.length} segments have ${label} at another gain than the record; its values are rounded to ${gain} counts per ${unit}, by half a count at most.`,
        data: { signal: index, segments: segments.slice(0, 20), gain, unit, largestError: 0.5 / Math.abs(gain) },
      }
    })
  }
}

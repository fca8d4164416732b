import { LabError, noValue } from '../contract/index.ts'
import { endText, missingText, parseSignalMark, signalSuffix, type EdfSignalMark } from './edf-convention.ts'
import { decodeEdfSamples, EdfData, edfExtent, nothingMissing, readExactly } from './edf-data.ts'
import { edfSignalCount, parseEdfHeader, type EdfHeader, type EdfSignalHeader } from './edf-header.ts'
import { identificationFacts, laterBy } from './edf-identification.ts'
import { edfInvalid, EdfFindings, headerBlock } from './edf-layout.ts'
import { edfScale, type EdfScale } from './edf-scale.ts'
import { EdfTimeline, type EdfRun } from './edf-timeline.ts'
import type { ByteSource, SignalSource, SourceAnnotation, SourceGap, SourceSignal } from './signal-source.ts'

export interface EdfSource extends SignalSource {
  /** Everything exactly as the header has it, annotation signals included. */
  readonly header: EdfHeader
}

/** One ordinary signal, ready to be read. */
interface Lane extends EdfSignalHeader {
  readonly samplesPerFrame: number
  readonly scale: EdfScale
  readonly mark: EdfSignalMark | null
}

/** What the annotation signals say. */
interface Notes {
  readonly annotations: readonly SourceAnnotation[]
  /** By Pulseprint's convention: frames never recorded, and the frame after the last; none in other programs' files. */
  readonly gaps: readonly SourceGap[]
  readonly end: number | null
}

const defaultBlockSamples = 128 * 1024

/**
 * Opens an EDF, EDF+ (C and D), BDF or BDF+ file. A frame is the largest unit that all signals share (rate = gcd of the samples per record / record
 * duration). Counts are the digital values; a negative gain reflects them within their digital range (see `edfScale`). Gaps of EDF+D are whole frames
 * of `noValue`. A cut last record gives what it has, then `noValue`. Memory: one data record (64 MiB at most) or 1 MiB, and one block.
 * @throws LabError `edf-invalid` with `data.file`, `data.offset`, `data.field` and `data.reason`; also for files of annotations only.
 * @example const source = await openEdf(file); for await (const [ecg] of source.blocks()) meter.add(ecg)
 */
export async function openEdf(file: ByteSource): Promise<EdfSource> {
  const findings = new EdfFindings(file.name)
  const start = await readExactly(file, 0, Math.min(headerBlock, file.bytes))
  const headerBytes = headerBlock * (edfSignalCount(file.name, start) + 1)
  const header = parseEdfHeader(file.name, await readExactly(file, 0, Math.min(headerBytes, file.bytes)), findings)
  const ordinary = header.signals.filter((signal) => !signal.annotations)
  if (ordinary.length === 0) throw edfInvalid(file.name, headerBlock, 'label', 'it has annotations only, no signals')
  if (header.recordDuration === 0) throw edfInvalid(file.name, 244, 'record duration', 'it is 0, which gives its signals no rate')
  const framesPerRecord = ordinary.map((signal) => signal.samplesPerRecord).reduce(greatestCommonDivisor)
  const rateHz = (framesPerRecord * 10 ** header.durationDecimals) / header.durationUnits
  if (!Number.isFinite(rateHz)) throw edfInvalid(file.name, 244, 'record duration', `${header.recordDuration} s gives no rate`)
  const lanes = ordinary.map((signal): Lane => ({ ...signal, samplesPerFrame: signal.samplesPerRecord / framesPerRecord, scale: edfScale(signal), mark: parseSignalMark(signal.reserved) }))
  lanes.forEach((lane, i) => {
    if (!lane.scale.calibrated) findings.deviation(headerBlock + header.signals.length * 104 + i * 8, 'physical minimum', `${lane.label}: the physical and digital limits define no scale`)
    else if (lane.digitalMinimum > lane.digitalMaximum) findings.deviation(headerBlock + header.signals.length * 120 + i * 8, 'digital minimum', `${lane.label}: it is above the maximum`)
  })
  const extent = edfExtent(file, header, findings)
  const open = (): EdfData => new EdfData(file, header, extent)
  const samplesPerFrame = lanes.reduce((sum, lane) => sum + lane.samplesPerFrame, 0)
  const timeline = new EdfTimeline(file.name, header.recordDuration, framesPerRecord, rateHz, samplesPerFrame)
  const hasNotes = header.signals.some((signal) => signal.annotations)
  const plus = header.format.endsWith('+')
  if (plus && !hasNotes) {
    if (!header.continuous) throw edfInvalid(file.name, 192, 'reserved', 'it is discontinuous, but has no annotation signal that says when its records begin')
    findings.deviation(192, 'reserved', 'it has no annotation signal')
  }
  let begin = 0
  for await (const { record, offset, lists } of open().annotationLists(findings, header.continuous ? Math.min(1, extent.records) : extent.records)) {
    const own = lists[0]?.find((list) => list.texts[0] === '')
    if (!header.continuous && !own) throw edfInvalid(file.name, offset, 'record onset', `data record ${record} does not say when it begins`, { record })
    if (record === 0 && own) begin = own.onset
    else if (record === 0 && plus && hasNotes) findings.deviation(offset, 'record onset', 'the first data record does not say when it begins')
    if (own && !header.continuous) timeline.add(record, own.onset, offset)
  }
  if (begin < 0 || begin >= 1) findings.deviation(header.headerBytes, 'record onset', `the first data record begins ${begin} s after the start time, not within its second`)
  const runs: EdfRun[] = header.continuous ? [{ firstRecord: 0, records: extent.records, frame: 0 }] : timeline.runs
  // Without its own time, the rest of a discontinuous file has no place.
  const partialFrames = header.continuous ? framesIn(extent.partialBytes, lanes, framesPerRecord, header.bytesPerSample) : 0
  const recordedFrames = header.continuous ? extent.records * framesPerRecord + partialFrames : timeline.frames
  if (recordedFrames === 0) throw edfInvalid(file.name, header.headerBytes, 'data records', 'there is no whole one')

  const readNotes = (): Promise<Notes> => collectNotes(open(), findings, { begin, rateHz, frames: recordedFrames, framesPerRecord, lanes, timed: header.continuous && plus })
  let notes: Promise<Notes> | null = null
  const ours = lanes.every((lane) => lane.mark !== null)
  const { gaps: missing, end } = ours && hasNotes ? await (notes = readNotes()) : { gaps: [], end: null }
  const frames = Math.min(recordedFrames, end ?? recordedFrames)
  const clock = header.startTime === null || Math.abs(begin) > 86400 ? null : laterBy(header.startDate, header.startTime, begin)
  return {
    header,
    format: header.format,
    rateHz,
    frames,
    signals: lanes.map(describe),
    startDate: clock?.date ?? header.startDate,
    startTime: clock?.time ?? null,
    comments: [header.patient, header.recording].filter((line) => line !== ''),
    facts: identificationFacts(header.patient, header.recording, plus),
    gaps: [...timeline.gaps, ...missing].map((gap) => ({ from: gap.from, to: Math.min(gap.to, frames) })).filter((gap) => gap.from < gap.to),
    files: [file.name],
    blocks: ({ signal, framesPerBlock = Math.max(1, Math.floor(defaultBlockSamples / samplesPerFrame)) } = {}) =>
      readBlocks(open(), lanes, { runs, missing, frames, framesPerRecord, partialFrames, framesPerBlock }, signal),
    annotations: async () => (hasNotes ? (await (notes ??= readNotes())).annotations : []),
    findings: () => findings.list,
  }
}

function describe(lane: Lane): SourceSignal {
  const limits = [lane.digitalMinimum, lane.digitalMaximum].sort((a, b) => a - b)
  const [minimum, maximum] = lane.mark ? [lane.mark.minimum, lane.mark.maximum] : limits
  return {
    label: lane.label,
    // Dimensionless, as UCUM writes it.
    unit: lane.scale.calibrated ? lane.unit || '1' : 'count',
    gainCountsPerUnit: lane.scale.gainCountsPerUnit,
    baseline: lane.scale.baseline,
    calibrated: lane.scale.calibrated,
    bits: Math.min(32, Math.max(1, Math.ceil(Math.log2(maximum - minimum + 1)))),
    minimum,
    maximum,
    samplesPerFrame: lane.samplesPerFrame,
    note: [lane.transducer, lane.prefiltering, lane.scale.note].filter((part) => part !== '').join('; '),
  }
}

/** Frames of which an incomplete record has at least one sample. */
function framesIn(bytes: number, lanes: readonly Lane[], framesPerRecord: number, width: number): number {
  return Math.max(...lanes.map((lane) => Math.min(framesPerRecord, Math.ceil(Math.max(0, Math.floor((bytes - lane.recordOffset) / width)) / lane.samplesPerFrame))))
}

interface Layout {
  readonly runs: readonly EdfRun[]
  readonly missing: readonly SourceGap[]
  readonly frames: number
  readonly framesPerRecord: number
  readonly partialFrames: number
  readonly framesPerBlock: number
}

async function* readBlocks(data: EdfData, lanes: readonly Lane[], layout: Layout, signal: AbortSignal | undefined): AsyncGenerator<readonly Int32Array[], void, void> {
  const { runs, frames, framesPerRecord, framesPerBlock } = layout
  if (!Number.isInteger(framesPerBlock) || framesPerBlock < 1) throw new LabError('request-invalid', `${framesPerBlock} frames per block is not a number of frames.`, { framesPerBlock })
  let run = 0
  for (let from = 0; from < frames; from += framesPerBlock) {
    if (signal?.aborted) throw new LabError('cancelled', 'Reading was cancelled.')
    const to = Math.min(frames, from + framesPerBlock)
    const block = lanes.map((lane) => new Int32Array((to - from) * lane.samplesPerFrame))
    let filled = from
    for (; run < runs.length; run++) {
      const { frame, firstRecord, records } = runs[run]
      const end = frame + records * framesPerRecord + (run === runs.length - 1 ? layout.partialFrames : 0)
      if (frame > filled) fill(block, lanes, filled - from, Math.min(frame, to) - from)
      for (filled = Math.max(filled, Math.min(frame, to)); filled < Math.min(end, to); ) {
        const index = Math.floor((filled - frame) / framesPerRecord)
        const inside = filled - frame - index * framesPerRecord
        const count = Math.min(framesPerRecord - inside, Math.min(end, to) - filled)
        const record = firstRecord + index
        const bytes = data.isLoaded(record) ? data.loadedRecord(record) : await data.record(record)
        for (let i = 0; i < lanes.length; i++) decodeLane(bytes, lanes[i], data.header.bytesPerSample, inside, count, block[i], (filled - from) * lanes[i].samplesPerFrame)
        filled += count
      }
      if (end > to) break
    }
    finishBlock(block, lanes, layout.missing, from, to)
    yield block
  }
}

function decodeLane(bytes: Uint8Array, lane: Lane, width: 2 | 3, frame: number, frames: number, out: Int32Array, outAt: number): void {
  const at = lane.recordOffset + frame * lane.samplesPerFrame * width
  const wanted = frames * lane.samplesPerFrame
  // Fewer only in a record that the file's end cuts.
  const there = Math.max(0, Math.min(wanted, Math.floor((bytes.length - at) / width)))
  decodeEdfSamples(bytes, at, width, out, outAt, there, lane.mark?.missing ?? nothingMissing)
  const { reflection } = lane.scale
  if (reflection !== null) for (let i = outAt; i < outAt + there; i++) if (out[i] !== noValue) out[i] = reflection - out[i]
  if (there < wanted) out.fill(noValue, outAt + there, outAt + wanted)
}

function fill(block: readonly Int32Array[], lanes: readonly Lane[], from: number, to: number): void {
  block.forEach((counts, i) => counts.fill(noValue, from * lanes[i].samplesPerFrame, to * lanes[i].samplesPerFrame))
}

/** Gaps by convention, for the signals whose samples cannot say it themselves. */
function finishBlock(block: readonly Int32Array[], lanes: readonly Lane[], missing: readonly SourceGap[], from: number, to: number): void {
  for (const gap of missing) {
    if (gap.to <= from || gap.from >= to) continue
    lanes.forEach((lane, i) => {
      if (lane.mark?.missing === null) block[i].fill(noValue, Math.max(0, gap.from - from) * lane.samplesPerFrame, (Math.min(gap.to, to) - from) * lane.samplesPerFrame)
    })
  }
}

interface NotesContext {
  readonly begin: number
  readonly rateHz: number
  readonly frames: number
  readonly framesPerRecord: number
  readonly lanes: readonly Lane[]
  /** Records must begin one after the other, at the times that they state. */
  readonly timed: boolean
}

async function collectNotes(data: EdfData, findings: EdfFindings, context: NotesContext): Promise<Notes> {
  const { begin, rateHz, lanes } = context
  const ours = lanes.every((lane) => lane.mark !== null)
  const signalOfLabel = new Map(lanes.map((lane, i) => [lane.label, i]))
  const annotations: SourceAnnotation[] = []
  const gaps: SourceGap[] = []
  let end: number | null = null
  let drifted = false
  for await (const { record, offset, lists } of data.annotationLists(findings)) {
    for (const [place, list] of lists.flatMap((signalLists, i) => signalLists.map((one) => [i, one] as const))) {
      const frame = nearWhole((list.onset - begin) * rateHz)
      if (place === 0 && list.texts[0] === '' && context.timed && !drifted && Math.abs(frame - record * context.framesPerRecord) > 1) {
        drifted = true
        findings.deviation(offset, 'record onset', `data record ${record} begins at ${list.onset} s, although the file calls itself continuous`)
      }
      const durationFrames = list.duration === null ? null : nearWhole(list.duration * rateHz)
      for (const text of list.texts.filter((part) => part !== '')) {
        if (ours && text === missingText && durationFrames !== null) gaps.push({ from: Math.max(0, Math.round(frame)), to: Math.round(frame + durationFrames) })
        else if (ours && text === endText && frame >= context.frames - context.framesPerRecord && frame <= context.frames) end = Math.round(frame)
        else {
          const at = text.lastIndexOf(signalSuffix)
          const signal = at < 0 ? undefined : signalOfLabel.get(text.slice(at + signalSuffix.length))
          annotations.push({ frame, durationFrames, symbol: '', text: signal === undefined ? text : text.slice(0, at), signal: signal ?? null })
        }
      }
    }
  }
  annotations.sort((a, b) => a.frame - b.frame)
  return { annotations, gaps: gaps.filter((gap) => gap.from < gap.to).sort((a, b) => a.from - b.from), end }
}

/** Onsets are decimal text: within a thousandth of a frame they mean that frame. */
function nearWhole(frames: number): number {
  const whole = Math.round(frames)
  return Math.abs(frames - whole) < 1e-3 ? whole || 0 : frames
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

import { createHash, type Hash } from 'node:crypto'
import { LabError, type FileEntry } from '../contract/index.ts'
import type { Files } from '../dataset/files.ts'
import {
  maximumPayloadBytes, parseRecord, parseSegmentHeader, recordOverheadBytes, segmentHeaderBytes, segmentName, segmentNumber,
  type HeaderFault, type JournalRecord, type RecordFault,
} from './journal-format.ts'

/** Where and why a journal stops being believable, and how much lies behind that point. */
export interface JournalStop {
  readonly segment: number
  readonly file: string
  /** Good bytes of that file: the bad tail begins here. */
  readonly offset: number
  readonly reason: HeaderFault | RecordFault | 'segment-missing' | 'segment-foreign'
  /** Bytes after the last good record, in this and all later segments. */
  readonly tailBytes: number
  /** Files of later segments, none of which can be believed. */
  readonly laterFiles: readonly string[]
}

export interface JournalEnd {
  readonly records: number
  readonly lastSequence: number
  readonly stop: JournalStop | null
  /** Good prefixes of the segments, hashed as read. */
  readonly segments: readonly FileEntry[]
}

/** A record, where it is and how far the file has been read up to its end. */
export interface FoundRecord extends JournalRecord {
  readonly segment: number
  readonly offset: number
}

/** Room for at least two records of the largest size; memory does not grow with the journal. */
const bufferBytes = 2 * (maximumPayloadBytes + recordOverheadBytes)

/** Segment numbers in `folder`, ascending. */
export async function journalSegments(files: Files, folder: string): Promise<number[]> {
  const numbers = (await files.list(folder)).map((entry) => segmentNumber(entry.name)).filter((number) => number !== null)
  return numbers.sort((a, b) => a - b)
}

/**
 * Yields every good record in order, in batches, and returns where the journal ends. It stops at the first byte that does not verify:
 * what comes later is never believed. Payloads are views that hold until the next batch is asked for.
 * @throws LabError `journal-not-found`, `dataset-format-newer`, `file-read-failed`, `cancelled`.
 */
export async function* readJournal(
  files: Files,
  folder: string,
  recording: string,
  signal?: AbortSignal,
): AsyncGenerator<FoundRecord[], JournalEnd> {
  const numbers = await journalSegments(files, folder)
  if (numbers.length === 0) throw new LabError('journal-not-found', `${folder} has no journal.`, { folder })
  const segments: FileEntry[] = []
  const chain = { sequence: 1, crc: 0, records: 0 }
  let stop: { segment: number; offset: number; reason: JournalStop['reason'] } | null = null
  for (let segment = 1; !stop && segment <= numbers[numbers.length - 1]; segment += 1) {
    const found = numbers.includes(segment) ? yield* readSegment(files, folder, recording, segment, chain, signal) : null
    if (!found) stop = { segment, offset: 0, reason: 'segment-missing' }
    else {
      if (found.good > 0) segments.push({ name: segmentName(segment), bytes: found.good, sha256: found.hash.digest('hex') })
      if (found.reason) stop = { segment, offset: found.good, reason: found.reason }
    }
  }
  const end = { records: chain.records, lastSequence: chain.sequence - 1, segments }
  return { ...end, stop: stop && (await describeStop(files, folder, numbers, stop)) }
}

async function describeStop(
  files: Files,
  folder: string,
  numbers: readonly number[],
  stop: { segment: number; offset: number; reason: JournalStop['reason'] },
): Promise<JournalStop> {
  const laterFiles = numbers.filter((number) => number > stop.segment).map(segmentName)
  let tailBytes = -stop.offset
  for (const name of [segmentName(stop.segment), ...laterFiles]) tailBytes += (await files.stat(`${folder}/${name}`))?.bytes ?? 0
  return { ...stop, file: segmentName(stop.segment), tailBytes, laterFiles }
}

interface Chain {
  sequence: number
  crc: number
  records: number
}

async function* readSegment(
  files: Files,
  folder: string,
  recording: string,
  segment: number,
  chain: Chain,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundRecord[], { good: number; hash: Hash; reason: JournalStop['reason'] | null }> {
  const file = await files.open(`${folder}/${segmentName(segment)}`, 'read')
  const hash = createHash('sha256')
  try {
    const buffer = new Uint8Array(Math.min(bufferBytes, await file.size()))
    let filled = await file.read(buffer, 0)
    const parsed = parseSegmentHeader(buffer.subarray(0, filled))
    if (parsed === 'header-version') {
      throw new LabError('dataset-format-newer', `${segmentName(segment)} was written by a newer Pulseprint.`, { folder, segment })
    }
    if (typeof parsed === 'string') return { good: 0, hash, reason: parsed }
    const { header } = parsed
    const continues = header.segment === segment && header.firstSequence === chain.sequence && header.previousCrc === chain.crc
    if (header.recording !== recording || !continues) return { good: 0, hash, reason: 'segment-foreign' }
    chain.crc = parsed.crc
    let position = 0
    let at = segmentHeaderBytes
    for (;;) {
      if (signal?.aborted) throw new LabError('cancelled', 'Reading the journal was cancelled.', { folder })
      const batch: FoundRecord[] = []
      let fault: RecordFault | null = null
      while (at < filled) {
        const next = parseRecord(buffer.subarray(0, filled), at, header.salt, chain.crc, chain.sequence)
        if (typeof next === 'string') {
          fault = next
          break
        }
        batch.push({ ...next.record, segment, offset: position + at })
        chain.crc = next.crc
        chain.sequence += 1
        chain.records += 1
        at += next.length
      }
      hash.update(buffer.subarray(0, at))
      if (batch.length > 0) yield batch
      if (fault && fault !== 'record-unfinished') return { good: position + at, hash, reason: fault }
      buffer.copyWithin(0, at, filled)
      position += at
      filled -= at
      at = 0
      const more = await file.read(buffer.subarray(filled), position + filled)
      filled += more
      if (more === 0) return { good: position, hash, reason: filled > 0 ? 'record-unfinished' : null }
    }
  } finally {
    await file.close()
  }
}

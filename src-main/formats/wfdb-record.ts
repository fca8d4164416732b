import { LabError } from '../contract/index.ts'
import type { ByteSource, SourceFinding, SourceFolder } from './signal-source.ts'
import { readHeader } from './wfdb-folder.ts'
import type { WfdbHeader } from './wfdb-header.ts'
import { openPiece, PieceReader } from './wfdb-piece.ts'

export interface WfdbRecord {
  readonly header: WfdbHeader
  /** Frames in the record, from the header or, where it does not say, from the signal files. */
  readonly frames: number
  /** Counts per signal, `frames * samplesPerFrame` each, skew undone; `noValue` where there is none. */
  readonly signals: readonly Int32Array[]
  /** Whether the stored samples add up to the header's checksum; `null` where it has none. */
  readonly checksumMatches: readonly (boolean | null)[]
}

/**
 * Reads a whole record of one piece into memory, as `openWfdb` does in blocks, but refuses a record that is not complete. `readFile` gets names as the
 * header has them, in the header's folder. A wrong checksum is reported, not refused.
 * @throws LabError `wfdb-header-invalid`, `import-path-unsafe`, `wfdb-signal-invalid`, `flac-invalid` with `data.file`, and whatever `readFile` throws.
 * @example const { signals } = await readWfdbRecord((name) => readFile(join(folder, name)), 'rec_1')
 */
export async function readWfdbRecord(readFile: (name: string) => Promise<Uint8Array>, recordName: string): Promise<WfdbRecord> {
  const folder: SourceFolder = { open: async (name) => memorySource(name, await readFile(name)), folder: () => Promise.resolve(null) }
  const header = await readHeader(folder, recordName)
  if (!header) throw new LabError('file-not-found', `${recordName}.hea is not there.`, { file: `${recordName}.hea` })
  if (header.segments.length > 0) {
    throw new LabError('wfdb-signal-invalid', `The record ${recordName} consists of ${header.segments.length} segments; open one of them.`, {
      record: recordName,
      segments: header.segments.slice(0, 20).map((segment) => segment.name),
    })
  }
  const piece = await openPiece(folder, header)
  const reader = new PieceReader(piece)
  // Before any memory is taken for what a header claims.
  refuseTruncated(piece.findings)
  const signals = await reader.read(piece.frames)
  refuseTruncated(reader.findings)
  const wrong = new Set(reader.findings.filter((finding) => finding.code === 'import-checksum-mismatch').map((finding) => finding.data.signal))
  return { header, frames: piece.frames, signals, checksumMatches: header.signals.map(({ checksum, format }, i) => (checksum === null || format === 0 ? null : !wrong.has(i))) }
}

function refuseTruncated(findings: readonly SourceFinding[]): void {
  const truncated = findings.find((finding) => finding.code === 'import-truncated')
  if (!truncated) return
  const { file, frames, available } = truncated.data
  throw new LabError('wfdb-signal-invalid', `The signal file ${String(file)} cannot be read: ${String(frames)} frames were announced, ${String(available)} are there.`, truncated.data)
}

/** Bytes in memory as a file. @example memorySource('r.dat', Uint8Array.of(1, 0)) */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return { name, bytes: bytes.length, read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)) }
}

import { join } from 'node:path'
import { parseHeader } from '../formats/wfdb-header.ts'
import { isReadableFormat, storedBytes } from '../formats/wfdb-signal.ts'
import type { Files } from './files.ts'

/** Longer blocks were never seen; ECG-ID's are of 1024 or 2048 rows, 4 s at most. */
const longestSeconds = 60

/**
 * Rows at the beginning of signals.dat that are all the same in every lane, up to a minute: what an importer flagged as a leading block. 0 when the second row differs.
 * @throws LabError `file-not-found`, `file-read-failed`, `wfdb-header-invalid`.
 */
export async function leadingBlockRows(files: Files, folder: string, rateHz: number): Promise<number> {
  const header = parseHeader(new TextDecoder().decode(await files.readFile(join(folder, 'signals.hea'))))
  const format = header.signals.at(0)?.format ?? 0
  if (!isReadableFormat(format)) return 0
  const rowBytes = storedBytes(format, header.signalCount)
  const file = await files.open(join(folder, 'signals.dat'), 'read')
  try {
    const bytes = new Uint8Array(Math.ceil(longestSeconds * rateHz) * rowBytes)
    let length = 0
    for (let got = -1; got !== 0 && length < bytes.length; length += got) got = await file.read(bytes.subarray(length), length)
    let same = rowBytes
    while (same < length && bytes[same] === bytes[same - rowBytes]) same++
    const rows = Math.floor(Math.min(same, length) / rowBytes)
    return rows > 1 ? rows : 0
  } finally {
    await file.close()
  }
}

import { LabError } from '../contract/index.ts'
import type { SourceFolder } from './signal-source.ts'
import { parseHeader, type WfdbHeader } from './wfdb-header.ts'

/** A line for each of 65536 signals takes less. */
const longestHeader = 16 * 1024 * 1024

/**
 * A record's header, or `null` when there is no such file (`file`: where its ending is written in capitals). Text is UTF-8, or one character per byte (older headers: `°`, `µ`).
 * @throws LabError `wfdb-header-invalid`, `import-path-unsafe`, with `data.file` naming the header.
 */
export async function readHeader(folder: SourceFolder, record: string, file = `${record}.hea`): Promise<WfdbHeader | null> {
  if (/[/\\\0]|\.\./.test(record)) throw new LabError('import-path-unsafe', `"${record}" is a path, not the name of a record.`, { file, field: 'record', name: record })
  const source = await folder.open(file)
  if (!source) return null
  if (source.bytes > longestHeader) throw new LabError('wfdb-header-invalid', `${file} has ${source.bytes} bytes: it is no header.`, { file, line: 1, reason: 'it is too long' })
  const bytes = await source.read(0, source.bytes)
  try {
    return parseHeader(headerText(bytes))
  } catch (thrown) {
    const error = LabError.from(thrown)
    throw new LabError(error.code, `${file}: ${error.message}`, { file, ...error.data }, { cause: error })
  }
}

function headerText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('latin1').decode(bytes)
  }
}

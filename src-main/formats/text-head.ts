import type { ByteSource } from './signal-source.ts'
import { textLines } from './text-lines.ts'

/** No format's head is longer. */
const mostHeadLines = 1000
const longestHead = 1 << 20
const longestComment = 1000

/** The first lines of a text as long as `wanted` says so, at most a thousand and a megabyte. @throws LabError `text-signal-invalid` when the file is no text. */
export async function readHead(source: ByteSource, wanted: (line: string, index: number) => boolean): Promise<string[]> {
  const lines: string[] = []
  const decoder = new TextDecoder()
  let length = 0
  for await (const block of textLines(source)) {
    for (let i = 0; i < block.count; i++) {
      const line = decoder.decode(block.bytes.subarray(block.starts[i], block.ends[i]))
      length += line.length
      if (lines.length === mostHeadLines || length > longestHead || !wanted(line, lines.length)) return lines
      lines.push(line)
    }
  }
  return lines
}

/** A comment line's text without its mark, of bearable length. @example commentText('# Units:= mV', '#') // 'Units:= mV' */
export function commentText(line: string, mark: string): string {
  return line.trim().slice(mark.length).trim().slice(0, longestComment)
}

/** The first line, by which formats are told apart; '' for an empty file. @throws LabError `text-signal-invalid` when the file is no text. */
export async function readFirstLine(source: ByteSource): Promise<string> {
  const [line = ''] = await readHead(source, (_, index) => index === 0)
  return line
}

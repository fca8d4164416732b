import { LabError } from '../contract/index.ts'
import { isOpenBciText } from '../formats/openbci-text.ts'
import { isOpenSignals } from '../formats/opensignals.ts'
import { readHead } from '../formats/text-head.ts'
import type { ByteSource } from '../formats/signal-source.ts'

/** What a file is, as far as its name and its beginning tell. `text` may be delimited numbers; `binary` is nothing that is read here. */
export type FileKind = 'wfdb' | 'edf' | 'opensignals' | 'openbci' | 'text' | 'table' | 'documentation' | 'binary'

const headBytes = 4096
/** Descriptions, licences, checksums and indexes that go with archives. */
const documentationNames = /^(readme|licen[cs]e|copying|notice|manifest|sha\d*sums|md5sums|records|annotators|changes|changelog|authors|index|dataset_description|participants|datasheet|croissant)([.-].*)?$/i
const documentationEndings = /\.(md|rst|pdf|s?html?|xml|json|jsonl|ya?ml|css|js|py|m|ipynb|docx?|odt|rtf|tex|bib|png|jpe?g|gif|svg|log|sha256|md5)$/i
const tableEndings = /\.(csv|tsv|tab)(\.gz)?$/i
const packedTexts = /\.(txt|csv|tsv|tab)\.gz$/i
/** EDF 2003 section 2.1.1: version `0` and seven blanks; BDF: 255 and `BIOSEMI`. */
const edfVersion = /^0 {7}$/
const bdfVersion = '\u00ffBIOSEMI'

/** Decides by content first; names only say what is documentation. @throws LabError `file-read-failed`. */
export async function recogniseFile(file: ByteSource): Promise<FileKind> {
  if (/\.hea$/i.test(file.name)) return 'wfdb'
  const head = await file.read(0, Math.min(headBytes, file.bytes))
  const begin = String.fromCharCode(...head.subarray(0, 8))
  if (edfVersion.test(begin) || begin === bdfVersion) return 'edf'
  const packed = head[0] === 0x1f && head[1] === 0x8b && packedTexts.test(file.name)
  if (!packed && !isText(head)) return documentationEndings.test(file.name) ? 'documentation' : 'binary'
  const firstLine = packed ? await firstLineOf(file) : new TextDecoder().decode(head).split(/\r\n|\n|\r/, 1)[0]
  if (firstLine === null) return 'binary'
  if (isOpenSignals(firstLine)) return 'opensignals'
  if (isOpenBciText(firstLine)) return 'openbci'
  if (documentationNames.test(file.name) || documentationEndings.test(file.name)) return 'documentation'
  return tableEndings.test(file.name) ? 'table' : 'text'
}

/** `null` for a packed file that is damaged or no text. */
async function firstLineOf(file: ByteSource): Promise<string | null> {
  try {
    return (await readHead(file, (_, index) => index < 1))[0] ?? ''
  } catch (thrown) {
    if (thrown instanceof LabError && thrown.code === 'text-signal-invalid') return null
    throw thrown
  }
}

/** No zero byte and hardly a control character. */
function isText(head: Uint8Array): boolean {
  let controls = 0
  for (const byte of head) {
    if (byte === 0) return false
    if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) controls++
  }
  return controls <= head.length / 100
}

/** An annotation file is read as a whole: a day of beats is 200 kB, and this is far above it. */
export const mostAnnotationBytes = 64 << 20

/** Of annot(5): words that are followed by others. */
const SKIP = 59
const AUX = 63
const highestCode = 49
const changes: ReadonlySet<number> = new Set([60, 61, 62])

/** True for bytes that are MIT annotations from the first word to the end mark, which is the last: what other files hardly ever are. */
export function isAnnotationFile(bytes: Uint8Array): boolean {
  if (bytes.length < 2 || bytes.length > mostAnnotationBytes || bytes.length % 2 === 1) return false
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at + 1] >> 2
    const value = bytes[at] | ((bytes[at + 1] & 3) << 8)
    at += 2
    if (code === 0 && value === 0) return bytes.subarray(at).every((byte) => byte === 0)
    if (code === SKIP) at += 4
    else if (code === AUX) at += value + (value % 2)
    else if (code > highestCode && !changes.has(code)) return false
  }
  return false
}

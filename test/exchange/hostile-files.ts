import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { handMade, int16, lists, type HandFile } from '../formats/edf-bytes.ts'
import { smallEcg, writeSmallAnnotations, writeSmallRecord } from './small-record.ts'

/** A file that lies, and what the import says of it: refused with a code, or kept and flagged with one. */
export interface HostileFile {
  /** Leading file, relative to the folder. */
  readonly file: string
  readonly outcome: 'refused' | 'flagged' | 'clean'
  readonly code: string
  /** What the message has to name: place, field, reason. */
  readonly says: readonly RegExp[]
}

const counts = (rows: number, seed: number): number[] => smallEcg(rows, 250, seed)
const edf = (file: Partial<HandFile> & { rows?: number }): Uint8Array =>
  handMade({ signals: [{ label: 'ECG', samplesPerRecord: '250' }], records: '4', data: int16(...counts(1000, file.rows ?? 3)), ...file })

/**
 * Plants damaged, lying and malicious files, one per folder so that each has a subject of its own, beside `good/`, whose three records must come whatever the others do.
 * @param longLine bytes of a text file of one line, sparse on the disk
 */
export function plantHostileFiles(root: string, longLine: number): HostileFile[] {
  const planted: HostileFile[] = []
  let seed = 100
  const note = (file: string, outcome: HostileFile['outcome'], code: string, ...says: RegExp[]): void => {
    planted.push({ file, outcome, code, says })
  }
  const put = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  /** A header that says what it likes beside a whole signal file. */
  const header = (folder: string, text: string, outcome: HostileFile['outcome'], code: string, ...says: RegExp[]): void => {
    writeSmallRecord(join(root, folder), 'r', [{ label: 'II', counts: counts(1000, seed++) }])
    put(`${folder}/r.hea`, text)
    note(`${folder}/r.hea`, outcome, code, ...says)
  }
  const text = (file: string, content: string | Uint8Array, outcome: HostileFile['outcome'], code: string, ...says: RegExp[]): void => {
    put(file, content)
    note(file, outcome, code, ...says)
  }
  for (const record of ['a', 'b', 'c']) {
    writeSmallRecord(join(root, 'good'), record, [{ label: 'II', counts: counts(1000, seed++) }])
    note(`good/${record}.hea`, 'clean', '')
  }

  // WFDB headers
  header('no-channels', 'r 0 250 1000\n', 'refused', 'wfdb-signal-invalid', /r\b/, /no signals/)
  header('a-million-channels', `r 1000000 250 1000\nr.dat 16 200/mV\n`, 'refused', 'wfdb-header-invalid', /r\.hea/, /[Ll]ine 1/, /number of signals/)
  header('channels-that-are-not-there', 'r 60000 250 1000\nr.dat 16 200/mV\n', 'refused', 'wfdb-header-invalid', /r\.hea/, /60000 lines/)
  header('negative-channels', 'r -1 250 1000\n', 'refused', 'wfdb-header-invalid', /number of signals/)
  header('gain-nan', 'r 1 250 1000\nr.dat 16 NaN(0)/mV 12 0 0 0 0 II\n', 'refused', 'wfdb-header-invalid', /r\.hea/, /[Ll]ine 2/, /gain/)
  header('gain-infinite', 'r 1 250 1000\nr.dat 16 1e999(0)/mV 12 0 0 0 0 II\n', 'refused', 'wfdb-header-invalid', /[Ll]ine 2/, /gain/)
  header('rate-zero', 'r 1 0 1000\nr.dat 16 200/mV\n', 'refused', 'wfdb-header-invalid', /[Ll]ine 1/, /sampling rate/)
  header('rate-nan', 'r 1 NaN 1000\nr.dat 16 200/mV\n', 'refused', 'wfdb-header-invalid', /[Ll]ine 1/, /sampling rate/)
  header('format-unknown', 'r 1 250 1000\nr.dat 9999 200/mV\n', 'refused', 'wfdb-signal-invalid', /r\.dat/, /9999/)
  header('format-word', 'r 1 250 1000\nr.dat sixteen 200/mV\n', 'refused', 'wfdb-header-invalid', /[Ll]ine 2/, /format/)
  header('too-long', 'r 1 250 999999999999\nr.dat 16 200/mV\n', 'refused', 'wfdb-signal-invalid', /r\.dat/, /999999999999/)
  header('length-not-a-number', 'r 1 250 lots\nr.dat 16 200/mV\n', 'refused', 'wfdb-header-invalid', /[Ll]ine 1/, /number of samples/)
  header('longer-than-the-file', 'r 1 250 5000\nr.dat 16 200/mV\n', 'flagged', 'import-truncated', /r\.dat/, /1000 of 5000/)
  header('huge-frames', 'r 1 250 1\nr.dat 16x1000000 200/mV\n', 'refused', 'wfdb-signal-invalid', /r\.dat/)
  put('no-samples/r.hea', 'r 1 250 1000\nr.dat 16 200/mV\n')
  put('no-samples/r.dat', '')
  note('no-samples/r.hea', 'refused', 'wfdb-signal-invalid', /r\.dat/, /no whole frame/)
  header('huge-skew', 'r 1 250 1000\nr.dat 16:900000000 200/mV\n', 'refused', 'wfdb-signal-invalid', /skew/)
  header('offset-behind-the-end', 'r 1 250\nr.dat 16+99999999 200/mV\n', 'refused', 'wfdb-signal-invalid', /r\.dat/, /no whole frame/)
  header('empty-header', '', 'refused', 'wfdb-header-invalid', /r\.hea/, /record line/)
  put('binary-header/r.hea', Uint8Array.from({ length: 4096 }, (_, i) => (i * 89) & 0xff))
  note('binary-header/r.hea', 'refused', 'wfdb-header-invalid', /r\.hea/)
  header('checksum', 'r 1 250 1000\nr.dat 16 200/mV 12 0 0 1 0 II\n', 'flagged', 'import-checksum-mismatch', /II/, /r\.dat/)
  header('signal-file-missing', 'r 1 250 1000\nelsewhere.dat 16 200/mV\n', 'refused', 'file-not-found', /elsewhere\.dat/)

  // Names that lead elsewhere
  for (const [folder, name] of [['path-up', '../good/a.dat'], ['path-absolute', '/etc/passwd'], ['path-drive', 'C:\\data\\r.dat'], ['path-dots', '..'], ['path-standard-input', '-']] as const) {
    header(folder, `r 1 250 1000\n${name} 16 200/mV\n`, 'refused', 'import-path-unsafe', /r\.hea/, /[Ll]ine 2/, /signal file/)
  }
  writeFileSync(`${root}-secret`, Uint8Array.from(counts(1000, 7).map((count) => count & 0xff)))
  header('link-out', 'r 1 250 500\nlink.dat 16 200/mV\n', 'refused', 'import-path-unsafe', /link\.dat/, /out of the chosen folder/)
  symlinkSync(`${root}-secret`, join(root, 'link-out', 'link.dat'))
  mkdirSync(join(root, 'link-to-text'))
  symlinkSync(`${root}-secret`, join(root, 'link-to-text', 'r.csv'))
  note('link-to-text/r.csv', 'refused', 'import-path-unsafe', /r\.csv/, /out of the chosen folder/)
  mkdirSync(join(root, 'link-to-header'))
  symlinkSync(`${root}-secret`, join(root, 'link-to-header', 'r.hea'))
  note('link-to-header/r.hea', 'refused', 'import-path-unsafe', /r\.hea/, /out of the chosen folder/)
  mkdirSync(join(root, 'link-loop'))
  symlinkSync('r.edf', join(root, 'link-loop', 'r.edf'))
  note('link-loop/r.edf', 'refused', 'file-read-failed', /ELOOP/)
  header('segment-path', 'r/2 1 250 1000\n../good/a 500\n../good/b 500\n', 'refused', 'import-path-unsafe', /r\.hea/, /[Ll]ine 2/, /segment/)

  // Segments
  header('circle', 'r/1 1 250 1000\nr 1000\n', 'refused', 'wfdb-header-invalid', /r\.hea/, /segment/)
  header('circle-of-two', 'r/1 1 250 1000\nother 1000\n', 'refused', 'wfdb-header-invalid', /other\.hea/, /segment/)
  put('circle-of-two/other.hea', 'other/1 1 250 1000\nr 1000\n')
  note('circle-of-two/other.hea', 'refused', 'wfdb-header-invalid', /segment/)
  header('segments-missing', 'r/2 1 250 1000\ngone1 500\ngone2 500\n', 'refused', 'file-not-found', /gone1\.hea/)
  header('segments-endless', 'r/3 1 250 99999999999\ns 1000\ns 99999999999\ns 99999999999\n', 'refused', 'wfdb-header-invalid', /r\.hea/, /frames/)
  writeSmallRecord(join(root, 'segments-endless'), 's', [{ label: 'II', counts: counts(1000, seed++) }])
  note('segments-endless/s.hea', 'clean', '')

  header('segments-without-files', 'r/2 1 250 1000\ns 500\nt 500\n', 'refused', 'file-not-found', /no sample at all/, /s\.dat/)
  put('segments-without-files/s.hea', 's 1 250 500\ns.dat 16 200/mV\n')
  put('segments-without-files/t.hea', 't 1 250 500\nt.dat 16 200/mV\n')

  // Annotations
  writeSmallRecord(join(root, 'annotation-outside'), 'r', [{ label: 'II', counts: counts(1000, seed++) }])
  writeSmallAnnotations(join(root, 'annotation-outside', 'r.atr'), [20, 500, 1000, 1800])
  note('annotation-outside/r.hea', 'flagged', 'import-annotation-outside', /atr/, /1000/)

  // EDF
  const edfFile = (folder: string, bytes: Uint8Array, outcome: HostileFile['outcome'], code: string, ...says: RegExp[]): void => text(`${folder}/r.edf`, bytes, outcome, code, ...says)
  edfFile('edf-cut-header', edf({}).subarray(0, 300), 'refused', 'edf-invalid', /r\.edf/, /byte 300|300 of/)
  edfFile('edf-header-bytes', edf({ headerBytes: '999999' }), 'refused', 'edf-invalid', /byte 184/, /header bytes/, /999999/)
  edfFile('edf-no-signals', edf({ count: '0' }), 'refused', 'edf-invalid', /byte 252/, /signals/)
  edfFile('edf-many-signals', edf({ count: '9999' }), 'refused', 'edf-invalid', /header/)
  edfFile('edf-huge-record', edf({ signals: [{ label: 'ECG', samplesPerRecord: '99999999' }] }), 'refused', 'edf-invalid', /samples per record/)
  edfFile('edf-no-duration', edf({ duration: '0' }), 'refused', 'edf-invalid', /byte 244/, /record duration/)
  edfFile('edf-letters', edf({ signals: [{ label: 'ECG', samplesPerRecord: '250', physical: ['nan', '1'] }] }), 'refused', 'edf-invalid', /physical minimum/, /nan/)
  edfFile('edf-no-scale', edf({ rows: 11, signals: [{ label: 'ECG', samplesPerRecord: '250', digital: ['5', '5'] }] }), 'flagged', 'edf-invalid', /scale/)
  edfFile('edf-truncated', edf({ rows: 12, records: '9' }), 'flagged', 'import-truncated', /r\.edf/, /4 of 9/)
  edfFile('edf-trailing', Buffer.concat([edf({ rows: 13 }), Buffer.alloc(77)]), 'flagged', 'edf-invalid', /77 bytes/)
  const stamped = { label: 'EDF Annotations', samplesPerRecord: '15' }
  const ecgRecord = (n: number): Buffer => int16(...counts(250, 40 + n))
  const discontinuous = (second: string): Uint8Array =>
    handMade({
      reserved: 'EDF+D', records: '2', signals: [{ label: 'ECG', samplesPerRecord: '250' }, stamped],
      data: Buffer.concat([ecgRecord(0), lists(30, '+5||'), ecgRecord(1), lists(30, `${second}||`)]),
    })
  edfFile('edf-backwards', discontinuous('+2'), 'refused', 'edf-invalid', /onset/, /r\.edf/)
  edfFile('edf-far-gap', discontinuous('+99999999999'), 'refused', 'edf-invalid', /onset/)

  // Text
  const rows = (line: (k: number) => string, from = 0, to = 500): string => Array.from({ length: to - from }, (_, k) => `${line(from + k)}\n`).join('')
  text('text-backwards/r.csv', `time,ecg\n${rows((k) => `${(k < 300 ? k : k - 200) / 250},${k % 17}`)}`, 'refused', 'text-signal-invalid', /[Ll]ine 302/, /column 1/)
  text('text-other-delimiter/r.csv', `time,ecg\n${rows((k) => `${k / 250},${k % 17}`, 0, 300)}${rows((k) => `${k / 250};${k % 17}`, 300)}`, 'refused', 'text-signal-invalid', /[Ll]ine 302/, /semicolon/)
  text('text-other-decimal/r.csv', `time;ecg\n${rows((k) => `${k / 250};${k % 17}.25`, 0, 300)}${rows((k) => `${k / 250};${k % 17},25`, 300)}`, 'refused', 'text-signal-invalid', /[Ll]ine 302/, /column 2/, /decimal comma/)
  text('text-words/r.csv', `time,ecg\n${rows((k) => `${k / 250},${k === 321 ? 'oops' : k % 17}`)}`, 'refused', 'text-signal-invalid', /[Ll]ine 323/, /column 2/, /oops/)
  text('text-torn/r.csv', `time,ecg\n${rows((k) => `${k / 250},${k % 19}`)}2.0`, 'flagged', 'import-truncated', /last line/)
  put('text-one-line/r.csv', '1.5,2.5,'.repeat(2000))
  truncateSync(join(root, 'text-one-line', 'r.csv'), longLine)
  note('text-one-line/r.csv', 'refused', 'text-signal-invalid', /r\.csv/, /[Ll]ine 1/, /longer/)
  put('text-of-zeros/r.csv', '1,2\n')
  truncateSync(join(root, 'text-of-zeros', 'r.csv'), longLine)
  note('text-of-zeros/r.csv', 'refused', 'format-unknown', /r\.csv/)
  text('text-long-line/r.csv', `time,ecg\n${rows((k) => `${k / 250},${k % 17}`, 0, 300)}${'1,'.repeat(700_000)}\n`, 'refused', 'text-signal-invalid', /[Ll]ine 302/, /longer/)
  text('text-utf16/r.csv', Buffer.from(`\ufefftime,ecg\n${rows((k) => `${k / 250},${k % 17}`)}`, 'utf16le'), 'refused', 'format-unknown', /r\.csv/)
  text('unknown/r.bin', Uint8Array.from({ length: 5000 }, (_, i) => (i * i) & 0xff), 'refused', 'format-unknown', /r\.bin/)
  return planted
}

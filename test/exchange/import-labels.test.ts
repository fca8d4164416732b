import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabelEvent } from '../../src-main/contract/index.ts'
import { isBeatCode } from '../../src-main/dataset/beat-columns.ts'
import { importLabels, labelFile } from '../../src-main/exchange/import-labels.ts'
import { isAnnotationFile } from '../../src-main/exchange/recognise.ts'
import type { SourceAnnotation } from '../../src-main/formats/signal-source.ts'
import { annotationCode, readAnnotations, writeAnnotations, type WfdbAnnotation } from '../../src-main/formats/wfdb-annotations.ts'
import { readSourceAnnotations } from '../../src-main/formats/wfdb-source-annotations.ts'
import { publicData, readReferenceBeats } from '../signal/physionet.ts'

const place = { annotator: 'atr', createdAt: '2026-01-01T00:00:00.000Z', rows: 1000, rowsPerFrame: 1, laneIds: ['ii', 'v5'] }
const at = (frame: number, symbol: string, text = '', more: Partial<SourceAnnotation> = {}): SourceAnnotation => ({ frame, symbol, text, durationFrames: null, signal: null, ...more })
const said = (annotations: readonly SourceAnnotation[], more: Partial<typeof place> = {}) =>
  importLabels(annotations, { ...place, ...more }).events.map((event) => (event.type === 'set' ? [event.kind, event.value, event.row, event.toRow, event.lane] : []))
const wfdb = (sample: number, symbol: string, more: Partial<WfdbAnnotation> = {}): WfdbAnnotation => ({ sample, code: annotationCode(symbol) ?? 0, subtype: 0, channel: 0, number: 0, text: '', ...more })

describe('annotations of a file as labels', () => {
  it('are beats where they are beats, and notes where they are anything else', () => {
    expect(said([at(10, 'N'), at(20, 'V'), at(30, '|'), at(40, '"', 'TS'), at(50, '', 'lights off')])).toEqual([
      ['beat', 'N', 10, null, null], ['beat', 'V', 20, null, null], ['note', '|', 30, null, null], ['note', 'TS', 40, null, null], ['note', 'lights off', 50, null, null],
    ])
  })

  it('are spans of rhythm up to the next change or the end', () => {
    expect(said([at(5, '+', '(N'), at(100, 'N'), at(400, '+', '(AFIB'), at(700, '+', '(N')])).toEqual([
      ['beat', 'N', 100, null, null], ['rhythm', '(N', 5, 400, null], ['rhythm', '(AFIB', 400, 700, null], ['rhythm', '(N', 700, 1000, null],
    ])
  })

  it('are spans of bad quality; good is what is not said', () => {
    const annotations = readSourceAnnotations(writeAnnotations([wfdb(0, '~'), wfdb(100, '~', { subtype: 1 }), wfdb(200, '~', { subtype: -1 }), wfdb(300, '~', { subtype: 0x11 }), wfdb(400, '~')]), 360)
    expect(said(annotations)).toEqual([['quality', 'fair', 100, 200, null], ['quality', 'bad', 200, 300, null], ['quality', 'bad', 300, 400, null]])
  })

  it('keep their duration and their lane, in rows', () => {
    const span = said([at(10.5, '', 'apnoea', { durationFrames: 5, signal: 1 }), at(2, 'N', '', { signal: 0 }), at(3, 'N', '', { signal: 9 })], { rowsPerFrame: 4 })
    expect(span).toEqual([['note', 'apnoea', 42, 62, 'v5'], ['beat', 'N', 8, null, 'ii'], ['beat', 'N', 12, null, null]])
  })

  it('of no channel but 0 belong to all lanes, otherwise each to its own', () => {
    expect(readSourceAnnotations(writeAnnotations([wfdb(1, 'N'), wfdb(2, 'V')]), 360).map(({ signal }) => signal)).toEqual([null, null])
    expect(readSourceAnnotations(writeAnnotations([wfdb(1, 'N'), wfdb(2, 'V', { channel: 1 })]), 360).map(({ signal }) => signal)).toEqual([0, 1])
  })

  it('with a clock of their own stand on the rows of that time', () => {
    const note = wfdb(0, '"', { text: '## time resolution: 3600' })
    expect(said(readSourceAnnotations(writeAnnotations([note, wfdb(1000, 'N'), wfdb(2000, 'V')]), 360))).toEqual([['beat', 'N', 100, null, null], ['beat', 'V', 200, null, null]])
  })

  it('outside the recording are left out and told', () => {
    const made = importLabels([at(-1, 'N'), at(5, 'N'), at(1000, 'N'), at(1e9, '', 'late')], place)
    expect(made.events).toHaveLength(1)
    expect(made.findings).toEqual([expect.objectContaining({ code: 'import-annotation-outside', data: { annotator: 'atr', annotations: 3, firstRow: -1, rows: 1000 } })])
  })

  it('that mark the end exactly are of its last row', () => {
    expect(said([at(1000, '', 'Recording ends')])).toEqual([['note', 'Recording ends', 999, null, null]])
  })

  it('are always valid events with ids of their own', () => {
    const annotation = fc.record({
      frame: fc.oneof(fc.double({ min: -10, max: 2000, noNaN: true }), fc.constant(Number.NaN)), symbol: fc.constantFrom('N', 'V', '+', '~', '"', '', '[42]'),
      text: fc.oneof(fc.constantFrom('(AFIB', 'good', 'bad', ''), fc.string({ maxLength: 500 })), durationFrames: fc.option(fc.double({ min: -5, max: 3000, noNaN: true })),
      signal: fc.option(fc.integer({ min: -1, max: 3 })),
    })
    fc.assert(
      fc.property(fc.array(annotation, { maxLength: 40 }), (annotations) => {
        const quality = annotations.map((one) => (one.symbol === '~' && !['good', 'fair', 'bad'].includes(one.text) ? { ...one, text: 'fair' } : one))
        const { events } = importLabels(quality, place)
        const lines = labelFile(events).split('\n').slice(0, -1)
        for (const line of lines) expect(LabelEvent.safeParse(JSON.parse(line)).success).toBe(true)
        for (const event of events) if (event.type === 'set') expect(event.row < place.rows && (event.toRow === null || (event.toRow > event.row && event.toRow <= place.rows))).toBe(true)
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
      }),
    )
  })

  it('of MIT-BIH are exactly the reference beats that a second reader finds', () => {
    const folder = publicData('mitdb')
    if (folder === null) return
    for (const [record, beats] of [['100', 2273], ['105', 2572], ['108', 1763], ['200', 2601], ['203', 2980], ['208', 2955]] as const) {
      const { events } = importLabels(readSourceAnnotations(readFileSync(join(folder, `${record}.atr`)), 360), { ...place, rows: 650_000 })
      const rows = events.flatMap((event) => (event.type === 'set' && event.kind === 'beat' ? event.row : []))
      expect(rows, record).toHaveLength(beats)
      expect(rows).toEqual(readReferenceBeats(folder, record))
    }
  })
})

describe('a file beside a header', () => {
  it('is an annotation file only if it is one from the first word to the end mark', () => {
    const bytes = writeAnnotations([wfdb(10, 'N'), wfdb(100_000, '+', { text: '(AFIB' }), wfdb(100_010, 'V', { subtype: -1, channel: 1, number: 2 })])
    expect(isAnnotationFile(bytes)).toBe(true)
    expect(isAnnotationFile(Buffer.concat([bytes, Buffer.alloc(4)]))).toBe(true)
    expect(isAnnotationFile(bytes.subarray(0, -2))).toBe(false)
    expect(isAnnotationFile(Buffer.concat([bytes, Buffer.from([1, 2])]))).toBe(false)
    expect(isAnnotationFile(Buffer.from([0, 0xff, 0, 0]))).toBe(false)
    expect(isAnnotationFile(new Uint8Array(0))).toBe(false)
  })

  it('with every kind of annotation is recognised, however it is written', () => {
    const annotation = fc.record({ interval: fc.integer({ min: -5, max: 200_000 }), code: fc.integer({ min: 1, max: 41 }), subtype: fc.integer({ min: -128, max: 127 }), channel: fc.integer({ min: 0, max: 255 }), text: fc.string({ maxLength: 20 }) })
    fc.assert(
      fc.property(fc.array(annotation, { maxLength: 20 }), (list) => {
        let sample = 0
        const annotations = list.map(({ interval, ...rest }) => ({ ...rest, number: 0, sample: (sample += interval) }))
        const bytes = writeAnnotations(annotations)
        expect(isAnnotationFile(bytes)).toBe(true)
        expect(readAnnotations(bytes).filter(({ code }) => isBeatCode(code))).toHaveLength(annotations.filter(({ code }) => isBeatCode(code)).length)
      }),
    )
  })
})

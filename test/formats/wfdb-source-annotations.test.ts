import { describe, expect, it } from 'vitest'
import { writeAnnotations, type WfdbAnnotation } from '../../src-main/formats/wfdb-annotations.ts'
import { readSourceAnnotations } from '../../src-main/formats/wfdb-source-annotations.ts'

const annotation = (sample: number, code: number, more: Partial<WfdbAnnotation> = {}): WfdbAnnotation => ({ sample, code, subtype: 0, channel: 0, number: 0, text: '', ...more })
const note = (text: string): WfdbAnnotation => annotation(0, 22, { text })

describe('annotations as every format has them', () => {
  it('ticks become frames of the record, where the file has a clock of its own', () => {
    const bytes = writeAnnotations([note('## time resolution: 1000'), annotation(0, 0), annotation(250, 1), annotation(251, 5)])
    expect(readSourceAnnotations(bytes, 500)).toEqual([
      { frame: 125, durationFrames: null, symbol: 'N', text: '', signal: null },
      { frame: 125.5, durationFrames: null, symbol: 'V', text: '', signal: null },
    ])
    expect(readSourceAnnotations(bytes).map((one) => one.frame)).toEqual([250, 251])
    expect(readSourceAnnotations(writeAnnotations([annotation(250, 1)]), 500)[0].frame).toBe(250)
  })

  it('a channel counts where the file uses channels', () => {
    expect(readSourceAnnotations(writeAnnotations([annotation(1, 1), annotation(2, 1)])).map((one) => one.signal)).toEqual([null, null])
    expect(readSourceAnnotations(writeAnnotations([annotation(1, 1), annotation(2, 1, { channel: 1 })])).map((one) => one.signal)).toEqual([0, 1])
  })

  it('symbols that the file defines; what is about the file is no annotation, other notes are', () => {
    const bytes = writeAnnotations([
      note('## annotation type definitions'), note('42 X our own'), note('## end of definitions'), note('a remark'), annotation(7, 42), annotation(9, 43), annotation(10, 22, { text: '## later' }),
    ])
    expect(readSourceAnnotations(bytes).map(({ frame, symbol, text }) => [frame, symbol, text])).toEqual([[0, '"', 'a remark'], [7, 'X', ''], [9, '[43]', ''], [10, '"', '## later']])
  })
})

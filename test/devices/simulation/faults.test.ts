import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabError } from '../../../src-main/contract/index.ts'
import { parseFaults } from '../../../src-main/devices/simulation/faults.ts'

function failure(text: string): LabError {
  try {
    parseFaults(text)
  } catch (thrown) {
    if (thrown instanceof LabError) return thrown
    throw thrown
  }
  throw new Error(`"${text}" was accepted`)
}

describe('the fault grammar', () => {
  it('reads every form: value, more, time, repetition, and bare words', () => {
    expect(parseFaults('drop=5@3, flip=0.01:2000@5,stall=400@10:30,unplug=2000:power@15,held,batch=8,restart@12,restart:stays@13,ppm=-80')).toEqual([
      { kind: 'drop', value: 5, more: '', atSeconds: 3, everySeconds: null },
      { kind: 'flip', value: 0.01, more: '2000', atSeconds: 5, everySeconds: null },
      { kind: 'stall', value: 400, more: '', atSeconds: 10, everySeconds: 30 },
      { kind: 'unplug', value: 2000, more: 'power', atSeconds: 15, everySeconds: null },
      { kind: 'held', value: 1000 / 14, more: '', atSeconds: null, everySeconds: null },
      { kind: 'batch', value: 8, more: '', atSeconds: null, everySeconds: null },
      { kind: 'restart', value: 200, more: '', atSeconds: 12, everySeconds: null },
      { kind: 'restart', value: 200, more: 'stays', atSeconds: 13, everySeconds: null },
      { kind: 'ppm', value: -80, more: '', atSeconds: null, everySeconds: null },
    ])
    expect(parseFaults('')).toEqual([])
    expect(parseFaults(' , ')).toEqual([])
  })

  it('accepts the example of the plan of every fault', () => {
    const all = 'drop=5@3,flip=0.001,stall=400@10,torn=1@4,noise=9@2,ppm=80,drift=20,jitter=3,restart@12,unplug=2000@15,silence=3000@8,rails=2000@5,leadoff=2000@5,held,batch=16,dtr,boot'
    expect(parseFaults(all)).toHaveLength(17)
  })

  it.each([
    ['fall=3@2', 'fall'], ['drop', 'value'], ['drop=x@3', 'rows'], ['drop=5', 'time'], ['drop=1.5@3', 'whole'], ['drop=0.1@3', 'probability'],
    ['flip=2', 'probability'], ['stall=400', 'time'], ['stall=-1@3', 'ms'], ['ppm=80@3', 'takes no @seconds'], ['boot=1', 'no value'],
    ['unplug=5:battery@3', 'power'], ['drop=5@3:0', 'period'], ['drop=5@x', 'number of seconds'], ['@3', 'form'], ['drop=0x5@3', 'rows'], ['torn=1', 'time'],
  ])('refuses "%s" with the part, the reason and what is allowed', (text, reason) => {
    const error = failure(`ppm=1,${text}`)
    expect(error.code).toBe('fault-invalid')
    expect(error.data.part).toBe(text)
    expect(error.message).toContain(reason)
    expect(error.data.allowed).toContain('stall=ms@seconds[:every]')
  })

  it('gives faults or fault-invalid for any text, never anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z=:@,.0-9-]{0,30}$/)), (text) => {
        try {
          expect(Array.isArray(parseFaults(text))).toBe(true)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'fault-invalid' })
        }
      }),
      { numRuns: 500 },
    )
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LabError } from '../../src-main/contract/index.ts'
import { configureDevice, deviceProtocol } from '../../src-main/devices/registry.ts'
import { DemoLink } from '../../src-main/recording/demo-link.ts'

/** A host whose two clocks are vitest's fake one: 1 ms of timers is 1 ms on both. */
const clock = { monotonicNs: () => Date.now() * 1e6, wallMs: () => Date.now() }

function demo(profile: string, faults = '') {
  const configuration = configureDevice(profile)
  const link = new DemoLink({ configuration, seed: 5, faults }, clock, { keepTruth: true })
  const chunks: { bytes: Uint8Array; hostNs: number }[] = []
  const closes: (LabError | null)[] = []
  link.onData((bytes, hostNs) => chunks.push({ bytes, hostNs }))
  link.onClose((error) => closes.push(error))
  const decode = (): Int32Array => {
    const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
    const { counts, rows, lanes } = decoder.feed(Buffer.concat(chunks.map((chunk) => chunk.bytes)), 0)
    return counts.slice(0, rows * lanes)
  }
  return { link, chunks, closes, decode, lanes: configuration.lanes.length }
}

describe('the demo device', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('streams in real time what its truth says', async () => {
    const { link, chunks, closes, decode, lanes } = demo('wide16')
    expect(link.name).toBe('demo:5')
    await link.open()
    await vi.advanceTimersByTimeAsync(1000)
    await link.close()
    expect(closes).toEqual([null])
    const truth = link.truth()
    const sent = truth.sent.lastIndexOf(1) + 1
    expect(sent).toBeGreaterThan(4000 * 0.97)
    expect(decode()).toEqual(truth.counts.slice(0, sent * lanes))
    expect(chunks.every(({ hostNs }, i) => i === 0 || hostNs > chunks[i - 1].hostNs)).toBe(true)
    expect(chunks[chunks.length - 1].hostNs).toBeLessThanOrEqual(clock.monotonicNs())
    const after = chunks.length
    await vi.advanceTimersByTimeAsync(500)
    expect(chunks.length).toBe(after)
  })

  it('waits for the commands of the host', async () => {
    const { link, chunks } = demo('cyton')
    await link.open()
    await vi.advanceTimersByTimeAsync(200)
    expect(chunks).toEqual([])
    await link.write(new TextEncoder().encode('v'))
    await vi.advanceTimersByTimeAsync(50)
    expect(Buffer.concat(chunks.map((chunk) => chunk.bytes)).toString()).toContain('$$$')
    await link.write(new TextEncoder().encode('b'))
    await vi.advanceTimersByTimeAsync(400)
    expect(link.truth().rows).toBeGreaterThan(90)
    await link.close()
  })

  it('closes when it is unplugged, cannot be opened until it is back, and loses what was sampled meanwhile', async () => {
    const { link, closes, decode, lanes } = demo('wide16', 'unplug=1000@0.5')
    await link.open()
    await vi.advanceTimersByTimeAsync(700)
    expect(closes).toHaveLength(1)
    expect(closes[0]).toMatchObject({ code: 'port-failed', data: { unplugged: true } })
    await expect(link.open()).rejects.toMatchObject({ code: 'port-not-found' })
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'port-failed' })
    await vi.advanceTimersByTimeAsync(900)
    await link.open()
    await vi.advanceTimersByTimeAsync(500)
    await link.close()
    await link.close()
    expect(closes).toHaveLength(2)
    const truth = link.truth()
    const sent: number[] = []
    for (let row = 0; row < truth.rows; row++) if (truth.sent[row] === 1) sent.push(...truth.counts.subarray(row * lanes, (row + 1) * lanes))
    expect(decode()).toEqual(Int32Array.from(sent))
    const lost = truth.sent.indexOf(0)
    expect(truth.times[lost]).toBeCloseTo(0.5, 2)
    expect(truth.times[truth.sent.indexOf(1, lost)]).toBeGreaterThan(1.5)
  })

  it('refuses a wrong fault list', () => {
    expect(() => demo('cyton', 'drop=x@1')).toThrowError(expect.objectContaining({ code: 'fault-invalid' }))
  })
})

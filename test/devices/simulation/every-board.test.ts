import { describe, expect, it } from 'vitest'
import { configureDevice, deviceProfiles, deviceProtocol } from '../../../src-main/devices/registry.ts'
import { parseFaults } from '../../../src-main/devices/simulation/faults.ts'
import { createPersonSource } from '../../../src-main/devices/simulation/person.ts'
import { Simulation } from '../../../src-main/devices/simulation/simulation.ts'
import { concat } from './test-board.ts'

/** Rows that a decoder finds in the bytes of a board that measures a person, and what the simulation says it sent. */
function simulateAndDecode(profile: string, faults: string, seconds: number) {
  const configuration = configureDevice(profile)
  const source = createPersonSource(configuration, { seed: 3 })
  const simulation = new Simulation({ configuration, source, faults: parseFaults(faults), seed: 1, autostart: true })
  const bytes = concat([...simulation.advance(seconds * 1000), ...simulation.finish()])
  const decoder = deviceProtocol(configuration.protocol).createDecoder(configuration)
  const counts: number[] = []
  const counters: number[] = []
  for (const block of [() => decoder.feed(bytes, 0), () => decoder.end()]) {
    const { rows, lanes, counts: values, counters: sent } = block()
    for (let i = 0; i < rows * lanes; i++) counts.push(values[i])
    for (let row = 0; row < rows; row++) counters.push(sent[row])
  }
  return { configuration, truth: simulation.truth(), bytes, decoder, counts: Int32Array.from(counts), counters }
}

describe.each(deviceProfiles().map((profile) => profile.id))('%s', (profile) => {
  it('decodes to exactly what its simulation says it sent, with an electrode off and on its rails too', () => {
    const { configuration, truth, decoder, counts, counters } = simulateAndDecode(profile, 'leadoff=700@2,rails=700@4', 8)
    const lanes = configuration.lanes.length
    // A decoder of text never trusts the first line after opening: it usually is a fragment.
    const first = configuration.counter === null && configuration.protocol.includes('text') ? 1 : 0
    // Boards that send several rows per frame hold back the last ones.
    const sent = truth.sent.lastIndexOf(1) + 1
    expect(sent).toBeGreaterThan(Math.floor(configuration.rateHz * 8) - 9)
    expect(decoder.bytesIn).toBe(decoder.bytesInFrames + decoder.bytesSkipped)
    expect(counts.length / lanes).toBe(sent - first)
    expect(counts).toEqual(truth.counts.subarray(first * lanes, sent * lanes))
    if (configuration.counter) expect(Int32Array.from(counters)).toEqual(truth.counters.subarray(first, sent))
  })

  it('shows people within the range of its converters', () => {
    const { configuration, truth } = simulateAndDecode(profile, '', 20)
    configuration.lanes.forEach((lane, index) => {
      if (lane.sparse) return
      const values = Array.from({ length: truth.rows }, (_, row) => truth.counts[row * configuration.lanes.length + index])
      expect(Math.min(...values), lane.id).toBeGreaterThan(lane.minimum)
      expect(Math.max(...values), lane.id).toBeLessThan(lane.maximum)
      if (lane.kind === 'ecg' || lane.kind === 'ppg') expect(Math.max(...values) - Math.min(...values), lane.id).toBeGreaterThan(30)
    })
  })
})

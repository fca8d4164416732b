import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noValue, type Recording } from '../../src-main/contract/index.ts'
import { storedEnvelope, type EnvelopeRequest } from '../../src-main/dataset/envelope.ts'
import { nodeFiles, type Files } from '../../src-main/dataset/files.ts'
import { OverviewBuilder } from '../../src-main/dataset/overview.ts'
import { StoredSignals } from '../../src-main/dataset/stored-signals.ts'
import { recordingHeader } from '../../src-main/formats/recording-header.ts'
import { formatHeader } from '../../src-main/formats/wfdb-header.ts'
import { SignalEncoder, type WfdbWriteFormat } from '../../src-main/formats/wfdb-signal.ts'
import { aRecording, recordingId } from './a-recording.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folder = temporaryFolder()
const lanes = 2

/** Counts that change on every scale, with missing stretches and a lane that is missing for long. */
function someCounts(rows: number, seed = 1): Int32Array {
  const counts = new Int32Array(rows * lanes)
  let state = seed
  for (let row = 0; row < rows; row++) {
    state = (state * 48271) % 2147483647
    counts[row * lanes] = row % 997 < 40 ? noValue : (state % 200) - 100 + ((row * 7919) % 20000)
    counts[row * lanes + 1] = row > rows / 3 && row < rows / 2 ? noValue : -(state % 30000)
  }
  return counts
}

async function store(counts: Int32Array, withOverview = true, format: WfdbWriteFormat = 16): Promise<Recording> {
  const rows = counts.length / lanes
  const recording = aRecording({ id: recordingId(1), rows })
  const encoder = new SignalEncoder(lanes, format)
  const overview = new OverviewBuilder(lanes)
  overview.push(counts, rows)
  await writeFile(join(folder.path, 'signals.dat'), encoder.encode(counts))
  await writeFile(join(folder.path, 'signals.hea'), formatHeader(recordingHeader(recording, encoder, 250)))
  if (withOverview) await writeFile(join(folder.path, 'overview.bin'), overview.finish())
  return recording
}

const envelope = async (recording: Recording, request: Partial<EnvelopeRequest>, files: Files = nodeFiles): Promise<Float32Array> => {
  const stored = await StoredSignals.open(files, folder.path, recording)
  const { bytes } = await storedEnvelope(stored, recording, { lanes: null, fromRow: 0, toRow: recording.rows, columns: 100, ...request }).finally(() => stored.close())
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

/** Brute force, straight from the rule: borders at from + c (to - from) / columns rounded down to the stride, the end up, a row at least. */
function bruteForce(counts: Int32Array, lane: number, fromRow: number, toRow: number, columns: number, stride: number): number[] {
  const gain = [200, 4][lane]
  const baseline = [0, 100][lane]
  const rows = counts.length / lanes
  const values: number[] = []
  for (let c = 0; c < columns; c++) {
    const down = (row: number): number => row - (row % stride)
    const begin = down(Math.floor(fromRow + (c * (toRow - fromRow)) / columns))
    const next = c === columns - 1 ? Math.ceil(toRow / stride) * stride : down(Math.floor(fromRow + ((c + 1) * (toRow - fromRow)) / columns))
    const found: number[] = []
    for (let row = begin; row < Math.max(next, begin + stride) && row < rows; row++) if (counts[row * lanes + lane] !== noValue) found.push((counts[row * lanes + lane] - baseline) / gain)
    values.push(...(found.length === 0 ? [NaN, NaN] : [found.reduce((a, b) => Math.min(a, b)), found.reduce((a, b) => Math.max(a, b))].map(Math.fround)))
  }
  return values
}

/** Which stride the rows per column call for: at least four spans of a level in a column. */
const strideFor = (rowsPerColumn: number, rows: number): number => {
  let best = 1
  for (let stride = 64; ; stride *= 8) {
    if (stride * 4 <= rowsPerColumn) best = stride
    if (Math.ceil(rows / stride) <= 256) return best
  }
}

describe('the overview', () => {
  it('does not depend on how the rows were cut', () => {
    const counts = someCounts(5000)
    const whole = new OverviewBuilder(lanes)
    whole.push(counts, 5000)
    const expected = whole.finish()
    fc.assert(
      fc.property(fc.array(fc.nat(700), { maxLength: 40 }), (sizes) => {
        const builder = new OverviewBuilder(lanes)
        let row = 0
        for (const size of [...sizes, 5000]) {
          const rows = Math.min(size, 5000 - row)
          builder.push(counts.subarray(row * lanes, (row + rows) * lanes), rows)
          row += rows
        }
        expect(Buffer.from(builder.finish()).equals(Buffer.from(expected))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('equals brute force at every zoom, whichever level is read', async () => {
    const rows = 200_000
    const counts = someCounts(rows)
    const recording = await store(counts)
    const strides = new Set<number>()
    const requests = [[0, rows, 1], [0, rows, 7], [0, rows, 100], [0, rows, 333], [17, 199_999, 60], [1000, 150_003, 1000], [5, 30, 100], [123_456, 123_457, 3], [70_000, 90_000, 19], [0, 1, 1]]
    for (const [fromRow, toRow, columns] of requests) {
      const stride = strideFor((toRow - fromRow) / columns, rows)
      strides.add(stride)
      const found = await envelope(recording, { fromRow, toRow, columns })
      for (const lane of [0, 1]) {
        expect([...found.subarray(lane * columns * 2, (lane + 1) * columns * 2)], `${fromRow}..${toRow} in ${columns}`).toEqual(bruteForce(counts, lane, fromRow, toRow, columns, stride))
      }
    }
    expect([...strides].sort((a, b) => a - b)).toEqual([1, 64, 512, 4096])
  })

  it('any request on any recording equals brute force', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), fc.nat(3200), fc.integer({ min: 1, max: 3200 }), fc.integer({ min: 1, max: 50 }), fc.boolean(), async (rows, fromRow, span, columns, withOverview) => {
        await rm(join(folder.path, 'overview.bin'), { force: true })
        const counts = someCounts(rows, rows)
        const recording = await store(counts, withOverview)
        const found = await envelope(recording, { fromRow, toRow: fromRow + span, columns, lanes: ['ppg'] })
        expect([...found]).toEqual(bruteForce(counts, 1, fromRow, fromRow + span, columns, withOverview ? strideFor(span / columns, rows) : 1))
      }),
      { numRuns: 150 },
    )
  })

  it.each([24, 32] as const)('samples of %i bits give the same', async (format) => {
    const rows = 30_011
    const counts = someCounts(rows, format)
    const recording = await store(counts, true, format)
    for (const [fromRow, toRow, columns] of [[0, rows, 1000], [3, 29_000, 200], [1, rows, 130], [0, rows, 20]]) {
      const found = await envelope(recording, { fromRow, toRow, columns, lanes: ['ppg'] })
      expect([...found], `${fromRow}..${toRow} in ${columns}`).toEqual(bruteForce(counts, 1, fromRow, toRow, columns, strideFor((toRow - fromRow) / columns, rows)))
    }
  })

  it('what several read at once stays apart, whoever gives up meanwhile', async () => {
    // Nine pieces of a MiB, so that reads of all of them are under way together.
    const rows = 9 * 2 ** 18
    const counts = someCounts(rows)
    const recording = await store(counts)
    let reads = 0
    const slow: Files = {
      ...nodeFiles,
      open: async (path, mode) => {
        const file = await nodeFiles.open(path, mode)
        // What was read lies in its buffer for a while before it is looked at.
        return { ...file, read: async (into, position) => { const got = await file.read(into, position); await pause(reads++ % 4); return got } }
      },
    }
    const stored = await StoredSignals.open(slow, folder.path, recording)
    const columns = Math.floor(rows / 100)
    const ask = (request: Partial<EnvelopeRequest>) => storedEnvelope(stored, recording, { lanes: ['ecg'], fromRow: 0, toRow: rows, columns, ...request })
    try {
      const quitters = Array.from({ length: 6 }, (_, i) => {
        const quit = new AbortController()
        setTimeout(() => quit.abort(), 3 * i)
        return ask({ fromRow: 64 * i, signal: quit.signal }).catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'cancelled' }))
      })
      const wholes = await Promise.all([0, 1, 2].map((at) => ask({ lanes: [at === 1 ? 'ppg' : 'ecg'] })))
      await Promise.all(quitters)
      for (const [i, { bytes }] of wholes.entries()) {
        expect(Buffer.from(bytes).equals(Buffer.from(new Float32Array(bruteForce(counts, i === 1 ? 1 : 0, 0, rows, columns, 1)).buffer)), String(i)).toBe(true)
      }
    } finally {
      await stored.close()
    }
  })

  it('rows beyond the end have no value and keep their place', async () => {
    const recording = await store(Int32Array.of(200, 104, 400, 108))
    expect([...(await envelope(recording, { fromRow: 0, toRow: 4, columns: 4, lanes: ['ecg'] }))]).toEqual([1, 1, 2, 2, NaN, NaN, NaN, NaN])
    expect([...(await envelope(recording, { fromRow: 9, toRow: 3, columns: 1, lanes: ['ecg'] }))]).toEqual([NaN, NaN])
    expect((await envelope(recording, { toRow: 1e15, columns: 16384 })).length).toBe(2 * 16384 * 2)
  })

  it('lanes come in the order asked for; an unknown one is refused', async () => {
    const recording = await store(Int32Array.of(200, 104))
    expect([...(await envelope(recording, { lanes: ['ppg', 'ecg'], columns: 1 }))]).toEqual([1, 1, 1, 1])
    await expect(envelope(recording, { lanes: ['eeg'] })).rejects.toMatchObject({ code: 'request-invalid', data: { lane: 'eeg' } })
  })

  it('an empty recording has none', async () => {
    const recording = await store(new Int32Array(0))
    expect([...(await envelope(recording, { toRow: 10, columns: 1, lanes: ['ecg'] }))]).toEqual([NaN, NaN])
  })

  it('a damaged overview is not believed', async () => {
    const counts = someCounts(3000)
    const recording = await store(counts)
    const builder = new OverviewBuilder(lanes)
    builder.push(counts, 2999)
    for (const bytes of [new Uint8Array(0), new Uint8Array(5000), builder.finish()]) {
      await writeFile(join(folder.path, 'overview.bin'), bytes)
      expect([...(await envelope(recording, { columns: 2, lanes: ['ecg'] }))]).toEqual(bruteForce(counts, 0, 0, 3000, 2, 1))
    }
  })

  it('missing files, a running recording and a cancelled request are said', async () => {
    const recording = await store(someCounts(100))
    await expect(envelope({ ...recording, state: 'recording' }, {})).rejects.toMatchObject({ code: 'recording-in-progress' })
    await expect(envelope(recording, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    await rm(join(folder.path, 'signals.dat'))
    await expect(envelope(recording, {})).rejects.toMatchObject({ code: 'recording-incomplete', data: { file: 'signals.dat' } })
    await rm(join(folder.path, 'signals.hea'))
    await expect(envelope(recording, {})).rejects.toMatchObject({ code: 'recording-incomplete', data: { file: 'signals.hea' } })
  })

  it('reads in blocks: never more than a MiB at once, and little of the file for a wide view', async () => {
    const rows = 400_000
    const recording = await store(someCounts(rows))
    let most = 0
    let total = 0
    const files: Files = {
      ...nodeFiles,
      open: async (path, mode) => {
        const file = await nodeFiles.open(path, mode)
        return { ...file, read: (into, position) => ((most = Math.max(most, into.length)), (total += into.length), file.read(into, position)) }
      },
    }
    await envelope(recording, { columns: 1500 }, files)
    expect(most).toBeLessThanOrEqual(1 << 20)
    expect(total).toBeLessThan(rows * lanes * 2 * 0.3)
    await rm(join(folder.path, 'overview.bin'))
    await envelope(recording, { columns: 1500 }, files)
    expect(most).toBeLessThanOrEqual(1 << 20)
  })
})

import type { Recording } from '../contract/index.ts'
import type { Files } from './files.ts'
import { rowOfSample, samplesInRows } from './lane-rows.ts'
import { ShortenedRows } from './shortened-rows.ts'
import { StoredSignals, type CountBlock } from './stored-signals.ts'

/** Lanes of one rate: physical samples, NaN where there is none, and which of the lanes' own they are. */
export interface LaneSet {
  readonly samples: readonly Float32Array[]
  readonly rows: ShortenedRows
}

/** Where an analysis gets the samples of lanes of one rate from. */
export interface LaneReader {
  /** Samples of the whole lane, long holes included. */
  length(channel: number): number
  /** `into` is used for the first lane where it is as long. @throws LabError `wfdb-signal-invalid`, `cancelled`. */
  read(channels: readonly number[], options: { readonly signal: AbortSignal | undefined; readonly into: Float32Array | null }): Promise<LaneSet>
  close(): Promise<void>
}

/** Lanes that are held in memory already: each is made when its turn comes. */
export function memoryReader(lane: (channel: number) => Float32Array): LaneReader {
  let next: { readonly channel: number; readonly samples: Float32Array } | null = null
  const samplesOf = (channel: number): Float32Array => {
    const samples: Float32Array = next?.channel === channel ? next.samples : lane(channel)
    next = null
    return samples
  }
  return {
    length(channel) {
      next = { channel, samples: samplesOf(channel) }
      return next.samples.length
    },
    read(channels) {
      const samples = channels.map(samplesOf)
      return Promise.resolve({ samples, rows: ShortenedRows.whole(samples[0].length) })
    },
    close: () => Promise.resolve(),
  }
}

type StoredRecording = Pick<Recording, 'id' | 'state' | 'lanes' | 'declaredRateHz'> & Partial<Pick<Recording, 'gaps'>>

/**
 * Lanes of a recording's signals.dat, each at its own rate. Gaps that recording.json names are not read, and of the long ones only the ends are there.
 * @throws LabError `recording-incomplete`, `wfdb-header-invalid`, `wfdb-signal-invalid`, `file-read-failed`.
 */
export async function storedReader({ files, folder }: { readonly files: Files; readonly folder: string }, recording: StoredRecording): Promise<LaneReader> {
  const { declaredRateHz, lanes, gaps = [] } = recording
  const stored = await StoredSignals.open(files, folder, recording)
  const rateOf = (channel: number): number => lanes[channel].rateHz ?? declaredRateHz
  const samplesBefore = (row: number, rateHz: number): number => samplesInRows(row, declaredRateHz, rateHz)
  return {
    length: (channel) => samplesBefore(stored.rows, rateOf(channel)),
    async read(channels, { signal, into }) {
      const rateHz = rateOf(channels[0])
      const holes = gaps.map(({ from, to }) => ({ from: samplesBefore(from, rateHz), to: samplesBefore(to, rateHz) }))
      const rows = ShortenedRows.without(holes, samplesBefore(stored.rows, rateHz), rateHz)
      const samples = channels.map((_, i) => (i === 0 && into?.length === rows.length ? into : new Float32Array(rows.length)).fill(Number.NaN))
      const rowOf = rateHz === declaredRateHz ? null : (k: number): number => rowOfSample(k, declaredRateHz, rateHz)
      for (const { from, to, at } of rows.kept) {
        if (from === to) continue
        let k = from
        for await (const block of stored.passingBlocks(rowOf?.(from) ?? from, (rowOf?.(to - 1) ?? to - 1) + 1, signal)) {
          const behind = Math.min(to, samplesBefore(block.row + block.rows, rateHz))
          channels.forEach((channel, i) => fill(samples[i].subarray(at + k - from, at + behind - from), k, block, { ...lanes[channel], channel, width: stored.lanes, rowOf }))
          k = behind
        }
      }
      return { samples, rows }
    },
    close: () => stored.close(),
  }
}

interface Lane {
  readonly baseline: number
  readonly gainCountsPerUnit: number
  readonly channel: number
  /** Lanes of a row. */
  readonly width: number
  /** The row of a sample; `null`: they are the same. */
  readonly rowOf: ((k: number) => number) | null
}

/** Samples `first`, ... of a lane out of the block that holds their rows. */
function fill(samples: Float32Array, first: number, { counts, missing, row }: CountBlock, { baseline, gainCountsPerUnit, channel, width, rowOf }: Lane): void {
  if (rowOf === null) {
    for (let k = 0, at = (first - row) * width + channel; k < samples.length; k++, at += width) if (counts[at] !== missing) samples[k] = (counts[at] - baseline) / gainCountsPerUnit
    return
  }
  for (let k = 0; k < samples.length; k++) {
    const count = counts[(rowOf(first + k) - row) * width + channel]
    if (count !== missing) samples[k] = (count - baseline) / gainCountsPerUnit
  }
}

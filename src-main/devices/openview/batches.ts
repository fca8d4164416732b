import { noValue } from '../../contract/index.ts'
import { RowFlag } from '../decoder.ts'
import type { FrameRule } from '../frame-scanner.ts'
import { FreeRunningBoard } from '../free-running-board.ts'
import type { BoardStatus } from '../protocol.ts'
import type { RowBuffer } from '../row-buffer.ts'
import { emptyFrame, frameOverhead, headerBytes, probeFrame, readI16, readI32, writeInteger } from './frames.ts'
import { openViewScan } from './samples.ts'

const ecgType = 0x03
const ppgType = 0x04
/** 8 x ecg i32, 4 x bioz i32, heart rate u8, respiration rate u8 (protocentral_healthypi5_zephyr 2c8eb00, app/src/data_module.c). */
const ecgPayload = 50
/** 8 x red i16, SpO2 u8, then temperature's high byte twice: the firmware never sends the low one, so temperature is not read. */
const ppgPayload = 19
const batchRows = 8
/** More bytes than this between a 04 and a 03, and they held a pair of them (83 bytes, some of which may be missing). */
const lostPairBytes = 41
/** 0 ecg, 1 bioz, 2 red. */
const laneCount = 3

/**
 * HealthyPi 5's OV3 batches. A type 03 frame is 8 rows: ECG on each, bioimpedance on every second (rows 0, 2, 4, 6). The 8 red samples of
 * a type 04 frame lie on the rows of the 03 frame that follows. A 03 without its 04 gives rows without red, a 04 whose 03 is lost gives
 * rows with red alone; both are marked incomplete.
 */
export class BatchFrames implements FrameRule {
  readonly lanes = laneCount
  readonly longest = ecgPayload + frameOverhead
  readonly firstByte = openViewScan.firstByte
  readonly shortest = openViewScan.shortest
  readonly lockRun = openViewScan.lockRun
  readonly relockRun = openViewScan.relockRun
  readonly replyEnd = openViewScan.replyEnd
  readonly restartText = openViewScan.restartText
  readonly counter = openViewScan.counter
  readonly isNext = openViewScan.isNext
  readonly follows = openViewScan.follows
  readonly #red = new Int16Array(batchRows)
  #redHeld = false
  #redOffset = 0
  #redFlags = 0
  #heartRate = -1
  #respiration = -1
  #spo2 = -1

  probe(data: Uint8Array, at: number, end: number): number {
    const isPpg = end - at > 2 && data[at + 2] === ppgPayload
    return isPpg ? probeFrame(data, at, end, ppgType, ppgPayload) : probeFrame(data, at, end, ecgType, ecgPayload)
  }

  accept(rows: RowBuffer, data: Uint8Array, at: number, _length: number, offset: number, flags: number): void {
    const payload = at + headerBytes
    if (data[at + 4] === ppgType) {
      this.#emitLoneRed(rows)
      for (let i = 0; i < batchRows; i++) this.#red[i] = readI16(data, payload + 2 * i)
      this.#redHeld = true
      this.#redOffset = offset
      this.#redFlags = flags
      this.#status(rows, offset, this.#heartRate, this.#respiration, data[payload + 16])
      return
    }
    // When a 03 and the next 04 were lost between, the red held here is not this frame's.
    if (offset - this.#redOffset - (ppgPayload + frameOverhead) > lostPairBytes) this.#emitLoneRed(rows)
    const complete = this.#redHeld ? 0 : RowFlag.incomplete
    flags |= this.#redFlags
    for (let i = 0; i < batchRows; i++) {
      const base = rows.row(offset, -1, complete | (i === 0 ? flags : 0))
      rows.counts[base] = readI32(data, payload + 4 * i)
      rows.counts[base + 1] = i % 2 === 0 ? readI32(data, payload + 32 + 2 * i) : noValue
      rows.counts[base + 2] = this.#redHeld ? this.#red[i] : noValue
    }
    this.#redHeld = false
    this.#redFlags = 0
    this.#status(rows, offset, data[payload + 48], data[payload + 49], this.#spo2)
  }

  finish(rows: RowBuffer): void {
    this.#emitLoneRed(rows)
  }

  #emitLoneRed(rows: RowBuffer): void {
    if (!this.#redHeld) return
    for (let i = 0; i < batchRows; i++) {
      const base = rows.row(this.#redOffset, -1, RowFlag.incomplete | (i === 0 ? this.#redFlags : 0))
      rows.counts[base] = noValue
      rows.counts[base + 1] = noValue
      rows.counts[base + 2] = this.#red[i]
    }
    this.#redHeld = false
    this.#redFlags = 0
  }

  #status(rows: RowBuffer, offset: number, heartRate: number, respiration: number, spo2: number): void {
    if (heartRate === this.#heartRate && respiration === this.#respiration && spo2 === this.#spo2) return
    this.#heartRate = heartRate
    this.#respiration = respiration
    this.#spo2 = spo2
    const values: Record<string, number> = {}
    if (heartRate >= 0) values.heartRateBpm = heartRate
    if (respiration >= 0) values.respirationBpm = respiration
    if (spo2 >= 0) values.spo2Percent = spo2
    rows.message(offset, 'status', '', values)
  }
}

/** Sends a 04 and a 03 frame with every 8th row. */
export class BatchBoard extends FreeRunningBoard {
  #ecg = emptyFrame(ecgType, ecgPayload)
  #ppg = emptyFrame(ppgType, ppgPayload)
  #row = 0
  #lastBioz = 0

  boot(): Uint8Array {
    this.#row = 0
    return new Uint8Array(0)
  }

  row(counts: Int32Array, status: BoardStatus): { bytes: Uint8Array; counter: number } {
    const i = this.#row
    if (counts[1] !== noValue) this.#lastBioz = counts[1]
    writeInteger(this.#ecg, headerBytes + 4 * i, counts[0] === noValue ? 0 : counts[0], 4)
    counts[1] = i % 2 === 0 ? this.#lastBioz : noValue
    if (i % 2 === 0) writeInteger(this.#ecg, headerBytes + 32 + 2 * i, this.#lastBioz, 4)
    writeInteger(this.#ppg, headerBytes + 2 * i, counts[2] === noValue ? 0 : counts[2], 2)
    this.#row = (i + 1) % batchRows
    if (this.#row !== 0) return { bytes: new Uint8Array(0), counter: -1 }
    this.#ecg[headerBytes + 48] = Math.round(status.heartRateBpm)
    this.#ecg[headerBytes + 49] = Math.round(status.respirationBpm)
    const temperatureHigh = (Math.round(status.temperatureCelsius * 100) >> 8) & 255
    this.#ppg.set([Math.round(status.spo2Percent), temperatureHigh, temperatureHigh], headerBytes + 16)
    const bytes = new Uint8Array(this.#ppg.length + this.#ecg.length)
    bytes.set(this.#ppg)
    bytes.set(this.#ecg, this.#ppg.length)
    return { bytes, counter: -1 }
  }
}

import { LaneMeter, sliceSeconds } from './lane-meter.ts'
import type { LaneMeterOptions } from './lane-meter.ts'
import { QualityWindow } from './quality-window.ts'
import type { QualityMeasures } from './quality-window.ts'

export type LiveQualityOptions = LaneMeterOptions

/** Four seconds: three beats at 45/min, and an electrode that falls off turns the lane red while the technician still looks. */
const windowSlices = 4 / sliceSeconds

/** Quality of one live lane over the last 4 s, in steps of 0.25 s. */
export class LiveQuality {
  private readonly meter: LaneMeter
  private readonly window: QualityWindow

  constructor(options: LiveQualityOptions) {
    this.meter = new LaneMeter(options)
    this.window = new QualityWindow(options.kind, this.meter.measuresMains)
  }

  /** One lane's column: `counts` as decoded (missing = -2^31), the same rows in `physical` units, `leadOff` as the device flags these rows. */
  process(counts: Int32Array, physical: Float32Array, leadOff: boolean): void {
    for (let i = 0; i < counts.length; i++) {
      if (this.meter.push(counts[i], physical[i], leadOff)) this.window.add(this.meter.slice)
    }
  }

  /** `{level: 'good', contact: 'on', saturatedRatio: 0, flatRatio: 0, missingRatio: 0, mainsRatio: 0.004, motionRatio: 0}` for a calm ECG. */
  status(): QualityMeasures {
    return this.window.judge(windowSlices)
  }
}

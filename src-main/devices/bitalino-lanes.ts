import type { LaneSpec } from '../contract/index.ts'
import { bitalinoBits } from './bitalino-frame.ts'

/** What may be plugged into an analog channel; decides the lane's unit. */
export const bitalinoSensors = ['ecg', 'ppg', 'emg', 'eda', 'acc', 'lux', 'raw'] as const
export type BitalinoSensor = (typeof bitalinoSensors)[number]

interface Transfer {
  readonly label: string
  readonly kind: LaneSpec['kind']
  readonly unit: string
  /** Physical span of the converter's whole range, in `unit`. */
  readonly span: number
  /** Physical value at count 0, as a share of the span. */
  readonly zeroAt: number
}

// Transfer functions of the (r)evolution sensor data sheets, VCC 3.3 V: ECG gain 1100, EMG gain 1009 (1000 on the first BITalino),
// EDA 3.3 V over 0.132 V/uS. The accelerometer needs a calibration per sensor and the pulse sensor has none: they stay counts.
const transfers: Readonly<Record<BitalinoSensor, Transfer | null>> = {
  ecg: { label: 'ECG', kind: 'ecg', unit: 'mV', span: 3300 / 1100, zeroAt: 0.5 },
  emg: { label: 'EMG', kind: 'emg', unit: 'mV', span: 3300 / 1009, zeroAt: 0.5 },
  eda: { label: 'EDA', kind: 'eda', unit: 'uS', span: 3.3 / 0.132, zeroAt: 0 },
  lux: { label: 'LUX', kind: 'aux', unit: '%', span: 100, zeroAt: 0 },
  raw: { label: 'Analog', kind: 'aux', unit: 'V', span: 3.3, zeroAt: 0 },
  ppg: null,
  acc: null,
}

/**
 * The lane of the sensor on channel `channel` (1..6) that is sent as the `position`th (0..5) of the selected ones.
 * @example bitalinoLane('ecg', 2, 0) // 1023 counts = +1.497 mV, baseline 512
 */
export function bitalinoLane(sensor: BitalinoSensor, channel: number, position: number): LaneSpec {
  const bits = bitalinoBits(position)
  const range = 1 << bits
  const transfer = transfers[sensor]
  return {
    id: `a${channel}-${sensor}`,
    label: `${transfer?.label ?? sensor.toUpperCase()} (A${channel})`,
    kind: transfer?.kind ?? (sensor === 'ppg' ? 'ppg' : 'acceleration'),
    unit: transfer?.unit ?? 'count',
    gainCountsPerUnit: transfer ? range / transfer.span : 1,
    baseline: transfer ? range * transfer.zeroAt : 0,
    bits,
    minimum: 0,
    maximum: range - 1,
    sparse: false,
    held: false,
  }
}

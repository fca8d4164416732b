import { z } from 'zod'

/** In decoded rows: this lane has no value on this row (lost half of a Daisy pair, accelerometer between updates). -2^31. */
export const noValue = -2147483648

/** What a lane measures. Decides its filters, its detector and its colour. */
export const LaneKind = z.enum(['ecg', 'ppg', 'respiration', 'bioimpedance', 'emg', 'eda', 'acceleration', 'temperature', 'aux'])
export type LaneKind = z.infer<typeof LaneKind>

/**
 * One column of samples. Stored samples are the device's integer counts: `physical = (count - baseline) / gain`.
 * `minimum`..`maximum` is the converter's full range in counts: a sample on either end is a rail (saturated).
 * The WFDB format (16, 24 or 32 bit) is the smallest that holds the range and its own invalid code.
 */
export const LaneSpec = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  label: z.string().min(1),
  kind: LaneKind,
  /** Physical unit: `mV`, `V`, `g`, `uS`, `degC`, or `count` where the source does not allow a calibrated claim. */
  unit: z.string().min(1),
  gainCountsPerUnit: z.number().positive(),
  baseline: z.number().int(),
  bits: z.number().int().min(1).max(32),
  minimum: z.number().int(),
  maximum: z.number().int(),
  /** A new value only on some rows (Cyton's accelerometer: every 10th); the others hold `noValue`. */
  sparse: z.boolean().default(false),
  /**
   * The signal's own rate where that is below the recording's: sample k stands on row round(k * recording rate / rateHz), the rows between hold
   * `noValue` (`sparse`). Imported files only.
   */
  rateHz: z.number().positive().optional(),
  /** The board repeats this lane's last conversion until the next one (HealthyPi 5's PPG): repeats are expected, not a flat line. */
  held: z.boolean().default(false),
})
export type LaneSpec = z.infer<typeof LaneSpec>

/** Counter or timestamp that the device sends with every row; `null` for devices that send none (never reported loss-free). */
export const CounterSpec = z.object({
  /** Values run 0..modulus-1 and wrap. */
  modulus: z.number().int().min(2),
  /** Increment from one row to the next (Shimmer: ticks of 1/32768 s per row). */
  step: z.number().int().min(1),
})
export type CounterSpec = z.infer<typeof CounterSpec>

/** Protocol-specific choices (channel mask, column mapping, firmware variant); validated by the protocol. */
export const DeviceSettings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]))
export type DeviceSettings = z.infer<typeof DeviceSettings>

/** A board: resources/devices/<id>.json. Data only; `protocol` names the file in src-main/devices/protocols that speaks it. */
export const DeviceProfile = z.object({
  id: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string(),
  vendor: z.string(),
  protocol: z.string(),
  /** Passed to the protocol; a user's settings are laid over these. */
  settings: DeviceSettings.default({}),
  /** First = default; the others are tried by detection. */
  baudRates: z.array(z.number().int().positive()).min(1),
  /** Declared rows per second of the true device (measured by others where the firmware's own claim is wrong). */
  rateHz: z.number().positive(),
  /** What the vendor declares where that differs. */
  vendorRateHz: z.number().positive().optional(),
  counter: CounterSpec.nullable(),
  lanes: z.array(LaneSpec).min(1),
  usb: z.array(z.object({ vendorId: z.string(), productId: z.string().optional() })).default([]),
  /** Asserted while open; HealthyPi 5 streams only while DTR is set and clears its ring on a change. */
  dtr: z.boolean().default(true),
  /** Silence after opening that is normal (Arduino reset), ms. */
  bootMs: z.number().nonnegative().default(0),
  /** True when this exists only to test Pulseprint. */
  synthetic: z.boolean().default(false),
  /** Sentences for the person connecting it: quirks, how units were derived, what was not verified. */
  notes: z.array(z.string()).default([]),
})
export type DeviceProfile = z.infer<typeof DeviceProfile>

/** A profile with its settings applied: all that a decoder, a simulator and a recording need to know. Stored in the journal. */
export const DeviceConfiguration = z.object({
  profile: z.string(),
  protocol: z.string(),
  settings: DeviceSettings,
  rateHz: z.number().positive(),
  counter: CounterSpec.nullable(),
  lanes: z.array(LaneSpec).min(1),
  /** Bytes of one frame on the wire where that is fixed, else `null`; tells how many frames a span of skipped bytes was. */
  frameBytes: z.number().int().positive().nullable(),
  /** Rows that one frame yields (fractions for devices whose row needs two frames: Cyton+Daisy 0.5). */
  rowsPerFrame: z.number().positive().default(1),
})
export type DeviceConfiguration = z.infer<typeof DeviceConfiguration>

export const PortInfo = z.object({
  path: z.string(),
  manufacturer: z.string().nullable(),
  serialNumber: z.string().nullable(),
  vendorId: z.string().nullable(),
  productId: z.string().nullable(),
  /** Profiles whose USB ids match. */
  profiles: z.array(z.string()),
})
export type PortInfo = z.infer<typeof PortInfo>

/** What passive listening heard, per profile and baud rate; best first. */
export const DetectionEvidence = z.object({
  profile: z.string(),
  baudRate: z.number(),
  bytes: z.number(),
  framesPerSecond: z.number(),
  expectedFramesPerSecond: z.number(),
  skippedRatio: z.number(),
  /** 0..1 */
  score: z.number(),
  /** First bytes heard, hex and printable, for a person to look at. */
  sample: z.string(),
})
export type DetectionEvidence = z.infer<typeof DetectionEvidence>

/** Where live bytes come from. */
export const AcquisitionSource = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('serial'),
    path: z.string().min(1),
    profile: z.string(),
    baudRate: z.number().int().positive().optional(),
    settings: DeviceSettings.default({}),
  }),
  z.object({
    kind: z.literal('demo'),
    profile: z.string().default('cyton'),
    seed: z.number().int().nonnegative().default(1),
    /** Fault grammar of `pulseprint simulate --faults`. */
    faults: z.string().default(''),
    settings: DeviceSettings.default({}),
  }),
])
export type AcquisitionSource = z.infer<typeof AcquisitionSource>

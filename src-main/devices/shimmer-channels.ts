import type { LaneSpec } from '../contract/index.ts'

// Shimmer3 channels: ids as the inquiry reply lists them and sensor bits of command 08 (facts from seemoo-lab/pyshimmer a2ef575).

/** Ticks of the device's clock per second; timestamps and the sampling rate (`32768 / divider`) count them. */
export const shimmerTicksPerSecond = 32768
/** Timestamps are 24 bit: they wrap every 512 s. */
export const shimmerTimestampModulus = 1 << 24
/** `00` and the timestamp. */
export const shimmerHeaderBytes = 4

export type ShimmerType = 'u8' | 'u16le' | 'i24be'
export const shimmerTypeBytes: Readonly<Record<ShimmerType, number>> = { u8: 1, u16le: 2, i24be: 3 }

export interface ShimmerChannel {
  readonly id: number
  readonly type: ShimmerType
  /** `null`: a status byte, told as a message when it changes. */
  readonly lane: { readonly id: string; readonly label: string; readonly kind: LaneSpec['kind'] } | null
}

/** What the setting `channels` may name, in the order in which the device sends the groups. */
export const shimmerGroups = ['accel', 'ppg', 'gsr', 'exg1', 'exg2'] as const
export type ShimmerGroup = (typeof shimmerGroups)[number]

interface Group {
  readonly sensorBits: number
  readonly channels: readonly ShimmerChannel[]
}

function exg(chip: 1 | 2, firstId: number): readonly ShimmerChannel[] {
  const lane = (channel: number): ShimmerChannel['lane'] => ({ id: `exg${chip}-ch${channel}`, label: `ExG${chip} CH${channel}`, kind: 'ecg' })
  return [
    { id: firstId, type: 'u8', lane: null },
    { id: firstId + 1, type: 'i24be', lane: lane(1) },
    { id: firstId + 2, type: 'i24be', lane: lane(2) },
  ]
}

const groups: Readonly<Record<ShimmerGroup, Group>> = {
  accel: {
    sensorBits: 0x000080,
    channels: [0, 1, 2].map((id) => ({
      id, type: 'u16le', lane: { id: `accel-${'xyz'[id]}`, label: `Acceleration ${'XYZ'[id]}`, kind: 'acceleration' },
    })),
  },
  ppg: { sensorBits: 0x000100, channels: [{ id: 0x12, type: 'u16le', lane: { id: 'ppg', label: 'PPG (A13)', kind: 'ppg' } }] },
  gsr: { sensorBits: 0x000004, channels: [{ id: 0x1c, type: 'u16le', lane: { id: 'gsr', label: 'GSR', kind: 'eda' } }] },
  exg1: { sensorBits: 0x000010, channels: exg(1, 0x1d) },
  exg2: { sensorBits: 0x000008, channels: exg(2, 0x20) },
}

const byId = new Map<number, ShimmerChannel>()
for (const group of shimmerGroups) for (const channel of groups[group].channels) byId.set(channel.id, channel)

/** The channel of an inquiry's id, `undefined` for one that Pulseprint does not read. */
export function shimmerChannel(id: number): ShimmerChannel | undefined {
  return byId.get(id)
}

/** Ids in the order in which the device sends them. @example shimmerOrder(['exg1', 'ppg']) // [0x12, 0x1d, 0x1e, 0x1f] */
export function shimmerOrder(selected: readonly ShimmerGroup[]): number[] {
  return shimmerGroups.filter((group) => selected.includes(group)).flatMap((group) => groups[group].channels.map((channel) => channel.id))
}

/** Bits of command 08. @example shimmerSensorBits(['exg1', 'exg2', 'ppg']) // 0x000118 */
export function shimmerSensorBits(selected: readonly ShimmerGroup[]): number {
  return selected.reduce((bits, group) => bits | groups[group].sensorBits, 0)
}

/** The groups of a mask; the inverse of `shimmerSensorBits` for the groups that Pulseprint reads. */
export function shimmerGroupsOf(sensorBits: number): ShimmerGroup[] {
  return shimmerGroups.filter((group) => (sensorBits & groups[group].sensorBits) !== 0)
}

/** Bytes of one data packet. */
export function shimmerPacketBytes(order: readonly number[]): number {
  return order.reduce((total, id) => total + shimmerTypeBytes[byId.get(id)?.type ?? 'u8'], shimmerHeaderBytes)
}

/**
 * Lanes in wire order. ExG: `V = raw * 2.42 / (2^23 - 1) / gain` (ADS1292R reference), in mV; PPG, GSR and acceleration stay counts, their
 * references were not verified.
 * @example shimmerLanes([0x1d, 0x1e, 0x1f], 6)[0].gainCountsPerUnit // 20798.2 counts per mV
 */
export function shimmerLanes(order: readonly number[], exgGain: number): LaneSpec[] {
  const lanes: LaneSpec[] = []
  for (const id of order) {
    const channel = byId.get(id)
    if (!channel?.lane) continue
    const wide = channel.type === 'i24be'
    const bits = wide ? 24 : channel.id === 0x1c ? 16 : 12
    lanes.push({
      ...channel.lane,
      unit: wide ? 'mV' : 'count',
      gainCountsPerUnit: wide ? (8388607 * exgGain) / 2420 : 1,
      baseline: 0,
      bits,
      minimum: wide ? -8388608 : 0,
      maximum: wide ? 8388607 : 2 ** bits - 1,
      sparse: false,
      held: false,
    })
  }
  return lanes
}

import type { DeviceConfiguration, DeviceProfile, DeviceSettings, LaneSpec } from '../../contract/index.ts'
import { SettingReader } from '../setting-values.ts'
import { adcGains, adcMaximum, adcMinimum, channelsPerPacket, countsPerMillivolt, packetBytes } from './packet.ts'

function channelLane(channel: number, gain: number): LaneSpec {
  return {
    id: `ch${channel}`,
    label: `Channel ${channel}`,
    kind: 'ecg',
    unit: 'mV',
    gainCountsPerUnit: countsPerMillivolt(gain),
    baseline: 0,
    bits: 24,
    minimum: adcMinimum,
    maximum: adcMaximum,
    sparse: false,
    held: false,
  }
}

/** `settings.daisy`: true for 16 channels at 125 rows per second; `settings.gain`: the amplifier's, for all channels, 1 2 4 6 8 12 24. */
export function configureCyton(profile: DeviceProfile, changes: DeviceSettings): DeviceConfiguration {
  const settings = { daisy: false, gain: 24, ...profile.settings, ...changes }
  const reader = new SettingReader(settings, ['daisy', 'gain'])
  const daisy = reader.flag('daisy', false)
  const gain = reader.oneOf('gain', adcGains, 24)
  const channels = Array.from({ length: daisy ? 2 * channelsPerPacket : channelsPerPacket }, (_, i) => channelLane(i + 1, gain))
  const axes = profile.lanes.filter((lane) => lane.kind === 'acceleration')
  return {
    profile: profile.id,
    protocol: 'cyton',
    settings,
    rateHz: daisy ? 125 : 250,
    counter: { modulus: daisy ? 128 : 256, step: 1 },
    lanes: [...channels, ...axes],
    frameBytes: packetBytes,
    rowsPerFrame: daisy ? 0.5 : 1,
  }
}

import type { DeviceConfiguration, DeviceProfile, DeviceSettings } from '../../contract/index.ts'
import { FrameScanner } from '../frame-scanner.ts'
import { freeRunningSession } from '../free-running-board.ts'
import { BatchBoard, BatchFrames } from '../openview/batches.ts'
import { frameOverhead } from '../openview/frames.ts'
import { SampleBoard, SampleFrames } from '../openview/samples.ts'
import { batchVariant, openViewVariants, type OpenViewVariant } from '../openview/variants.ts'
import type { Protocol } from '../protocol.ts'
import { SettingReader } from '../setting-values.ts'

const batchLanes = ['ecg', 'bioz', 'red']

const variantIds = [...openViewVariants.map((variant) => variant.id), batchVariant]

function variantOf(settings: DeviceSettings): OpenViewVariant | typeof batchVariant {
  const reader = new SettingReader(settings, ['variant'])
  const id = reader.oneOf('variant', variantIds, 'healthypi5')
  return openViewVariants.find((variant) => variant.id === id) ?? batchVariant
}

function configure(profile: DeviceProfile, changes: DeviceSettings): DeviceConfiguration {
  const settings = { ...profile.settings, ...changes }
  const variant = variantOf(settings)
  const lanes = variant === batchVariant ? batchLanes : variant.lanes.map((field) => field.lane)
  const ours = profile.lanes.map((lane) => lane.id)
  if (ours.join() !== lanes.join()) {
    throw new SettingReader(settings, ['variant']).refuse('variant', `a variant with the lanes of ${profile.name}: ${ours.join(', ')}`)
  }
  return {
    profile: profile.id,
    protocol: 'openview',
    settings,
    rateHz: profile.rateHz,
    counter: null,
    lanes: profile.lanes,
    frameBytes: variant === batchVariant ? null : variant.payloadBytes + frameOverhead,
    // A batch of 8 rows is two frames.
    rowsPerFrame: variant === batchVariant ? 4 : 1,
  }
}

/**
 * ProtoCentral's OpenView frames, `0A FA LEN TYPE payload 00 0B`, as the firmware of each board sends them; the setting `variant` names board
 * and sketch. There is no checksum, no counter and no time stamp, so loss can only be estimated. The boards start to stream by themselves
 * (HealthyPi 5 while DTR is set) and none can be stopped.
 * Source: the firmware repositories named in openview/variants.ts.
 */
export const protocol: Protocol = {
  id: 'openview',
  configure,
  createDecoder(configuration) {
    const variant = variantOf(configuration.settings)
    return new FrameScanner(variant === batchVariant ? new BatchFrames() : new SampleFrames(variant))
  },
  ...freeRunningSession(),
  createBoard(configuration) {
    const variant = variantOf(configuration.settings)
    return variant === batchVariant ? new BatchBoard() : new SampleBoard(variant)
  },
}

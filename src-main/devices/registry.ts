import { DeviceProfile, LabError, type DeviceConfiguration, type DeviceSettings } from '../contract/index.ts'
import type { Protocol } from './protocol.ts'

// Adding a board is adding resources/devices/<id>.json and, for a new wire format, devices/protocols/<id>.ts that exports `protocol`.
const protocolFiles = import.meta.glob<Protocol>('./protocols/*.ts', { eager: true, import: 'protocol' })
const profileFiles = import.meta.glob<unknown>('../../resources/devices/*.json', { eager: true, import: 'default' })

const protocols = new Map<string, Protocol>()
for (const protocol of Object.values(protocolFiles)) if (protocol) protocols.set(protocol.id, protocol)

const profiles = new Map<string, DeviceProfile>()
for (const file of Object.values(profileFiles)) {
  const profile = DeviceProfile.parse(file)
  profiles.set(profile.id, profile)
}

/** Every board Pulseprint knows, sorted by name, synthetic test devices last. */
export function deviceProfiles(): DeviceProfile[] {
  return [...profiles.values()].sort((a, b) => Number(a.synthetic) - Number(b.synthetic) || a.name.localeCompare(b.name, 'en'))
}

/** @throws LabError `device-unknown` with the known ids. */
export function deviceProfile(id: string): DeviceProfile {
  const profile = profiles.get(id)
  if (!profile) {
    throw new LabError('device-unknown', `There is no device profile "${id}".`, { id, known: [...profiles.keys()].sort() })
  }
  return profile
}

/** @throws LabError `device-unknown`. */
export function deviceProtocol(id: string): Protocol {
  const protocol = protocols.get(id)
  if (!protocol) throw new LabError('device-unknown', `There is no device protocol "${id}".`, { id, known: [...protocols.keys()].sort() })
  return protocol
}

/** A profile's configuration with the user's settings laid over it. @throws LabError `device-unknown`, `device-settings-invalid`. */
export function configureDevice(profileId: string, settings: DeviceSettings = {}): DeviceConfiguration {
  const profile = deviceProfile(profileId)
  return deviceProtocol(profile.protocol).configure(profile, settings)
}

import type { DetectionEvidence, DeviceProfile, LabHandlers, PortInfo } from '../contract/index.ts'
import { deviceProfiles } from '../devices/registry.ts'
import { hostClock } from '../recording/clock.ts'
import type { LinkFactory } from '../recording/device-link.ts'
import { hostLinks } from '../recording/host-links.ts'
import { listPorts as listSystemPorts } from '../recording/ports.ts'
import { detect, type DetectOptions } from './detect.ts'

/** Every board that Pulseprint knows. */
export function listProfiles(): DeviceProfile[] {
  return deviceProfiles()
}

/** Every serial port of this computer, with the profiles whose USB ids match. */
export function listPorts(): Promise<PortInfo[]> {
  return listSystemPorts(deviceProfiles())
}

/** Listens to a port at every rate in use. @throws LabError `port-*`, `device-silent`, `cancelled`. */
export function detectPort(path: string, options: DetectOptions, links: LinkFactory = hostLinks(hostClock)): Promise<DetectionEvidence[]> {
  const profiles = deviceProfiles()
  // DTR stays asserted: it is what every board but a few adapters expects, and HealthyPi is silent without it.
  return detect(links.serial({ path, baudRate: 115200, dtr: true }), profiles, options)
}

/** `devices.*` */
export class DevicesService {
  readonly #links: LinkFactory

  constructor({ linkFactory }: { linkFactory: LinkFactory }) {
    this.#links = linkFactory
  }

  handlers(): Pick<LabHandlers, 'devices.profiles' | 'devices.ports' | 'devices.detect'> {
    return {
      'devices.profiles': () => listProfiles(),
      'devices.ports': () => listPorts(),
      'devices.detect': ({ path, secondsPerBaud }, { signal }) => detectPort(path, { secondsPerBaud, signal }, this.#links),
    }
  }
}

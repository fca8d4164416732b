import type { Clock } from './clock.ts'
import { DemoLink } from './demo-link.ts'
import type { LinkFactory } from './device-link.ts'
import { SerialLink } from './serial-link.ts'

/** The links of a real machine: its serial ports, and the demo device. */
export function hostLinks(clock: Clock): LinkFactory {
  return {
    serial: (request) => new SerialLink(request, clock),
    demo: (request) => new DemoLink(request, clock),
  }
}

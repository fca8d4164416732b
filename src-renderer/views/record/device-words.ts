import type { DeviceProfile, PortInfo } from '../../../src-main/contract/schemas/device.ts'
import type { AcquisitionSource } from '../../../src-main/contract/schemas/device.ts'

/** The board's own name, else its id. */
export function bestName(profile: DeviceProfile | null, id: string): string {
  return profile?.name ?? id
}

/** What the system knows of a port, most telling first. @example portFacts(port) // 'FTDI · 0403:6015 · DM00Q0QN' */
export function portFacts(port: PortInfo): string {
  const usb = port.vendorId === null ? null : port.productId === null ? port.vendorId : `${port.vendorId}:${port.productId}`
  return [port.manufacturer, usb, port.serialNumber].filter((part) => part !== null && part !== '').join(' \u00b7 ')
}

export function sourceName(source: AcquisitionSource | null, demo: (seed: number) => string): string {
  if (source === null) return ''
  return source.kind === 'serial' ? source.path : demo(source.seed)
}

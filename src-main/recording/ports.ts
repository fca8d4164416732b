import { readdir, readlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SerialPort } from 'serialport'
import { LabError, type DeviceProfile, type PortInfo } from '../contract/index.ts'

interface ListedPort {
  readonly path: string
  readonly manufacturer?: string | undefined
  readonly serialNumber?: string | undefined
  readonly vendorId?: string | undefined
  readonly productId?: string | undefined
}

const byIdFolder = '/dev/serial/by-id'
/** USB bridges (FTDI, CP210x, CH340), USB CDC boards and Bluetooth serial links, Linux and macOS. */
const usefulNames = /^(ttyUSB|ttyACM|rfcomm|cu\.(usb|wchusb|SLAB|Bluetooth))/

/**
 * Every port that a board may be on, USB ones first. Where the system's device database is missing (containers have no udev, and the
 * driver's list then fails) the device folder itself is read: paths are right then, vendor names are not known.
 * A port that is not listed, a pseudo-terminal for one, can still be opened by its path.
 * @throws LabError `port-list-unavailable` where the system's list fails and there is no device folder (Windows).
 */
export async function listPorts(profiles: readonly DeviceProfile[]): Promise<PortInfo[]> {
  const listed = await SerialPort.list().catch((cause: unknown) => {
    if (process.platform === 'win32') throw new LabError('port-list-unavailable', 'The ports of this computer could not be listed. Type the path.', {}, { cause })
    return scanDeviceFolder()
  })
  return listed
    .filter((port) => port.vendorId !== undefined || process.platform === 'win32' || usefulNames.test(port.path.split('/').pop() ?? ''))
    .map((port) => ({
      path: port.path,
      manufacturer: port.manufacturer ?? null,
      serialNumber: port.serialNumber ?? null,
      vendorId: port.vendorId?.toLowerCase() ?? null,
      productId: port.productId?.toLowerCase() ?? null,
      profiles: profiles.filter((profile) => matchesUsb(profile, port)).map((profile) => profile.id),
    }))
    .sort((a, b) => b.profiles.length - a.profiles.length || a.path.localeCompare(b.path, 'en', { numeric: true }))
}

/** True when one of the profile's USB ids (hex, any case) is the port's; a profile entry without a product id matches the vendor's every product. */
export function matchesUsb(profile: Pick<DeviceProfile, 'usb'>, port: { vendorId?: string | undefined; productId?: string | undefined }): boolean {
  const same = (a: string, b: string | undefined): boolean => b !== undefined && Number.parseInt(a, 16) === Number.parseInt(b, 16)
  return profile.usb.some((id) => same(id.vendorId, port.vendorId) && (id.productId === undefined || same(id.productId, port.productId)))
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (thrown) {
    // No such folder (no udev, another operating system) means no ports there; anything else is the caller's to see.
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
    throw thrown
  }
}

async function scanDeviceFolder(): Promise<ListedPort[]> {
  const links = await entries(byIdFolder)
  const descriptions = new Map<string, string>()
  for (const name of links) descriptions.set(resolve(byIdFolder, await readlink(join(byIdFolder, name))), name)
  const names = await entries('/dev')
  return names.filter((name) => usefulNames.test(name)).map((name) => ({ path: `/dev/${name}`, manufacturer: descriptions.get(`/dev/${name}`) }))
}

/**
 * The lasting name of a port: the by-id link that points at it now, or the path itself. A board that is replugged may come back as
 * another ttyUSB number, but always under the same by-id name.
 */
export async function lastingPath(path: string): Promise<string> {
  if (path.startsWith(byIdFolder)) return path
  for (const name of await entries(byIdFolder)) {
    const link = join(byIdFolder, name)
    if (resolve(byIdFolder, await readlink(link)) === resolve(path)) return link
  }
  return path
}

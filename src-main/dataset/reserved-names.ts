/** Windows keeps these names for devices, with any extension. Source: Microsoft "Naming Files, Paths, and Namespaces". */
const reservedNames = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i

/** A name that cannot be a file or folder on some system: a device of Windows, or ending with a dot. @example isReservedName('nul.txt') // true */
export function isReservedName(name: string): boolean {
  return reservedNames.test(name) || name.endsWith('.')
}

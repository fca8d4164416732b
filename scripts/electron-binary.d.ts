/** Path of the Electron program, or `null` where none is installed (and, with `download`, none could be fetched). */
export function electronBinary(options: { download: boolean }): string | null

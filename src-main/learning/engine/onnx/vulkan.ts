import { readdirSync } from 'node:fs'

/** Names in a folder; none where it cannot be read. */
export type ListFolder = (folder: string) => readonly string[]

const listFolder: ListFolder = (folder) => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib']
const dataFolders = ['/etc', '/usr/local/share', '/usr/share']

/**
 * Is there what WebGPU needs on Linux: Vulkan's loader, a driver's manifest (Vulkan loader interface, "Driver Discovery on Linux") and the card's device? Only files are looked at: to ask
 * WebGPU itself where one is missing writes warnings to stderr that only a developer understands.
 * @param list of the folders; another one in tests
 * @example vulkanHere(process.env) // false in a virtual machine without a card
 */
export function vulkanHere(environment: Readonly<Record<string, string | undefined>>, list: ListFolder = listFolder): boolean {
  const folders = (variable: string): readonly string[] => (environment[variable] ?? '').split(':').filter((folder) => folder !== '')
  const loader = [...folders('LD_LIBRARY_PATH'), ...libraryFolders].some((folder) => list(folder).includes('libvulkan.so.1'))
  const named = folders('VK_DRIVER_FILES').length + folders('VK_ICD_FILENAMES').length > 0
  const driver = named || [...folders('XDG_DATA_DIRS'), ...dataFolders].some((folder) => list(`${folder}/vulkan/icd.d`).some((name) => name.endsWith('.json')))
  // Mesa's and AMD's cards; NVIDIA's own driver without /dev/dri, as in containers; Windows' subsystem for Linux.
  const card = list('/dev/dri').some((name) => name.startsWith('renderD')) || list('/dev').some((name) => name === 'nvidia0' || name === 'dxg')
  return loader && driver && card
}

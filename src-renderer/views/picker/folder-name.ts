/** A folder's name from a title, for every file system. @example folderName('Lab 2: rest & run') // 'lab-2-rest-run' */
export function folderName(title: string): string {
  const words = title
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
  return words === '' ? 'dataset' : words.slice(0, 64)
}

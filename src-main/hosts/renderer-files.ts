import { readdir, readFile } from 'node:fs/promises'
import { extname, join, posix } from 'node:path'

export interface RendererFile {
  readonly contentType: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The file's name carries its content hash, so it never changes. */
  readonly immutable: boolean
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.wav': 'audio/wav',
  '.woff2': 'font/woff2',
}

/**
 * Every file of the built renderer by its URL path (`/index.html`, `/assets/index-ab12.js`), read once. What is not in this map
 * does not exist for a window: there is no path to traverse.
 */
export async function loadRendererFiles(folder: string): Promise<ReadonlyMap<string, RendererFile>> {
  const files = new Map<string, RendererFile>()
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = posix.join(below, entry.name)
      if (entry.isDirectory()) await walk(path)
      else {
        const contentType = contentTypes[extname(entry.name)]
        if (contentType) files.set(`/${path}`, { contentType, bytes: new Uint8Array(await readFile(join(folder, path))), immutable: path.startsWith('assets/') })
      }
    }
  }
  await walk('')
  return files
}

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { noValue } from '../../src-main/contract/index.ts'
import type { ByteSource, SignalSource, SourceFolder } from '../../src-main/formats/signal-source.ts'

/** Bytes in memory, as a file whose every read is counted. */
export function bytesSource(name: string, bytes: Uint8Array, reads: number[] = []): ByteSource {
  return {
    name,
    bytes: bytes.length,
    read: (position, length) => {
      reads.push(length)
      return Promise.resolve(bytes.slice(position, position + length))
    },
  }
}

/** A folder in memory; text is written as UTF-8. */
export function memoryFolder(files: Readonly<Record<string, string | readonly number[] | Uint8Array>>, reads: number[] = []): SourceFolder {
  return {
    open: (name) => {
      if (!Object.hasOwn(files, name)) return Promise.resolve(null)
      const content = files[name]
      return Promise.resolve(bytesSource(name, typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content), reads))
    },
    folder: () => Promise.resolve(null),
  }
}

/** A folder on disk. */
export function diskFolder(path: string): SourceFolder {
  return {
    open: (name) => Promise.resolve(existsSync(join(path, name)) && statSync(join(path, name)).isFile() ? bytesSource(name, readFileSync(join(path, name))) : null),
    folder: (name) => Promise.resolve(existsSync(join(path, name)) ? diskFolder(join(path, name)) : null),
  }
}

/** All samples of a source, per signal, and the sizes of its blocks in frames. */
export async function readAll(source: SignalSource, framesPerBlock?: number): Promise<{ counts: Int32Array[]; blocks: number[] }> {
  const counts = source.signals.map((signal) => new Int32Array(source.frames * signal.samplesPerFrame))
  const blocks: number[] = []
  let frame = 0
  for await (const block of source.blocks({ framesPerBlock })) {
    block.forEach((samples, i) => counts[i].set(samples, frame * source.signals[i].samplesPerFrame))
    blocks.push(block[0].length / source.signals[0].samplesPerFrame)
    frame += blocks[blocks.length - 1]
  }
  if (frame !== source.frames) throw new Error(`${frame} frames instead of ${source.frames}`)
  return { counts, blocks }
}

/** For short expectations: `-` for no value. */
export function shown(counts: readonly Int32Array[]): string[] {
  return counts.map((signal) => Array.from(signal, (count) => (count === noValue ? '-' : String(count))).join(' '))
}

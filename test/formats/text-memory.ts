import type { ByteSource, SignalSource } from '../../src-main/formats/signal-source.ts'

/** A file in memory that gives at most `most` bytes per read. */
export function memoryFile(content: string | Uint8Array, name = 'file.txt', most = Number.MAX_SAFE_INTEGER): ByteSource {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { name, bytes: bytes.length, read: (position, length) => Promise.resolve(bytes.slice(position, position + Math.min(length, most))) }
}

/** All counts, one array per signal, however they came in blocks. */
export async function allCounts(source: SignalSource, framesPerBlock?: number): Promise<number[][]> {
  const counts: number[][] = source.signals.map(() => [])
  for await (const block of source.blocks(framesPerBlock === undefined ? {} : { framesPerBlock })) {
    block.forEach((values, signal) => { for (const value of values) counts[signal].push(value) })
  }
  return counts
}

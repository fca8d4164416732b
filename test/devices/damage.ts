import fc from 'fast-check'

/** One edit of a byte stream; `at` is a share of the stream's length, 0..1. */
export type Edit =
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'delete'; readonly at: number; readonly length: number }

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

export const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: place, mask: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('insert' as const), at: place, bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    fc.record({ kind: fc.constant('delete' as const), at: place, length: fc.integer({ min: 1, max: 80 }) }),
  ),
  { minLength: 1, maxLength: 8 },
)

export interface DamagedStream {
  readonly bytes: Uint8Array
  /** Where each sent frame begins in `bytes` if not a single byte of it was touched, else -1. */
  readonly intactAt: number[]
}

/** Applies `changes` to the joined `frames`, keeping track of where every byte came from. */
export function damage(frames: readonly Uint8Array[], changes: readonly Edit[]): DamagedStream {
  let stream = frames.flatMap((frame, index) => [...frame].map((byte, position) => ({ byte, frame: index, position })))
  for (const change of changes) {
    const at = Math.floor(change.at * stream.length)
    if (change.kind === 'flip' && stream.length > 0) stream[at] = { byte: stream[at].byte ^ change.mask, frame: -1, position: 0 }
    if (change.kind === 'delete') stream = [...stream.slice(0, at), ...stream.slice(at + change.length)]
    if (change.kind === 'insert') {
      const inserted = [...change.bytes].map((byte) => ({ byte, frame: -1, position: 0 }))
      stream = [...stream.slice(0, at), ...inserted, ...stream.slice(at)]
    }
  }
  const intactAt = frames.map(() => -1)
  stream.forEach((first, at) => {
    if (first.frame < 0 || first.position !== 0) return
    const isIntact = frames[first.frame].every((_, i) => stream[at + i]?.frame === first.frame && stream[at + i].position === i)
    if (isIntact) intactAt[first.frame] = at
  })
  return { bytes: Uint8Array.from(stream, (entry) => entry.byte), intactAt }
}

/*
 * Time-stamped annotation lists of EDF+ (2.2.2): `+onset[\x15duration]\x14text\x14text\x14\0`, seconds since the header's start time as decimal text.
 * The first list of every data record has an empty first text: its onset is the time at which the record begins. Unused bytes are 0.
 */
const separator = 0x14
const beforeDuration = 0x15

export interface EdfAnnotationList {
  /** Seconds since the header's start time. */
  readonly onset: number
  readonly duration: number | null
  /** An empty first one marks a record's own time. */
  readonly texts: readonly string[]
}

/**
 * Annotation lists of one record's annotation signal. What is not one is passed over and reported with its offset in `bytes`.
 * @example parseAnnotationLists(new TextEncoder().encode('+1.5\x150.25\x14Spike\x14\0'), report) // [{ onset: 1.5, duration: 0.25, texts: ['Spike'] }]
 */
export function parseAnnotationLists(bytes: Uint8Array, report: (offset: number, reason: string) => void): EdfAnnotationList[] {
  const lists: EdfAnnotationList[] = []
  const decoder = new TextDecoder()
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) {
      at++
      continue
    }
    const zero = bytes.indexOf(0, at)
    const end = zero < 0 ? bytes.length : zero
    if (zero < 0) report(at, 'the annotation list has no end')
    const parts: Uint8Array[] = []
    for (let from = at; from < end; ) {
      const mark = bytes.indexOf(separator, from)
      const to = mark < 0 || mark > end ? end : mark
      if (to === end) report(from, 'an annotation has no end')
      parts.push(bytes.subarray(from, to))
      from = to + 1
    }
    const [times, ...texts] = parts.map((part) => decoder.decode(part))
    const stamp = /^([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?)?)?$/.exec(times)
    if (!stamp) report(at, `'${times.slice(0, 24).replace(/\p{Cc}/gu, ' ')}' is not an onset`)
    else if (texts.length > 0) lists.push({ onset: Number(stamp[1]), duration: stamp[2] === undefined ? null : Number(stamp[2]), texts })
    at = end + 1
  }
  return lists
}

/** One annotation as bytes. `onset` and `duration` are decimal seconds as written, the onset with its sign. */
export function annotationListBytes(onset: string, duration: string | null, text: string): Uint8Array {
  const body = new TextEncoder().encode(`${onset}${duration === null ? '' : `${String.fromCharCode(beforeDuration)}${duration}`}`)
  const words = new TextEncoder().encode(text)
  const bytes = new Uint8Array(body.length + words.length + 3)
  bytes.set(body)
  bytes[body.length] = separator
  bytes.set(words, body.length + 1)
  bytes[body.length + 1 + words.length] = separator
  return bytes
}

/** The text with what an annotation cannot hold (control characters except TAB, LF and CR) as blanks. */
export function annotationText(text: string): string {
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, ' ')
}

const nano = 1_000_000_000n

/** Nanoseconds as decimal seconds without trailing zeros. @example secondsText(1500000000n) // '1.5' */
export function secondsText(nanoseconds: bigint): string {
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const fraction = String(magnitude % nano).padStart(9, '0').replace(/0+$/, '')
  return `${nanoseconds < 0n ? '-' : ''}${magnitude / nano}${fraction === '' ? '' : `.${fraction}`}`
}

/** With the sign that an onset must have. @example onsetText(0n) // '+0' */
export const onsetText = (nanoseconds: bigint): string => (nanoseconds < 0n ? secondsText(nanoseconds) : `+${secondsText(nanoseconds)}`)

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallSignal {
  readonly label: string
  readonly counts: readonly number[]
  readonly gain?: string
  readonly samplesPerFrame?: number
  /** Written instead of the true one. */
  readonly checksum?: number
}

/** A WFDB record of format 16, written from signal(5) and header(5) with nothing of the program's own. */
export function writeSmallRecord(folder: string, name: string, signals: readonly SmallSignal[], options: { rateHz?: number; comments?: readonly string[]; date?: string } = {}): void {
  mkdirSync(folder, { recursive: true })
  const frames = signals[0].counts.length / (signals[0].samplesPerFrame ?? 1)
  const values: number[] = []
  for (let frame = 0; frame < frames; frame++) {
    for (const { counts, samplesPerFrame = 1 } of signals) values.push(...counts.slice(frame * samplesPerFrame, (frame + 1) * samplesPerFrame))
  }
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, i) => bytes.writeInt16LE(value, i * 2))
  writeFileSync(join(folder, `${name}.dat`), bytes)
  const lines = signals.map(({ label, counts, gain = '200/mV', samplesPerFrame = 1, checksum }) => {
    const sum = checksum ?? (counts.reduce((total, value) => total + value, 0) << 16) >> 16
    return `${name}.dat 16${samplesPerFrame > 1 ? `x${samplesPerFrame}` : ''} ${gain} 12 0 ${counts[0]} ${sum} 0 ${label}`
  })
  const head = `${name} ${signals.length} ${options.rateHz ?? 250} ${frames}${options.date ? ` ${options.date}` : ''}`
  writeFileSync(join(folder, `${name}.hea`), `${[head, ...lines, ...(options.comments ?? []).map((comment) => `# ${comment}`)].join('\n')}\n`)
}

/** Beats as an MIT annotation file (annot(5)): code N at these samples. */
export function writeSmallAnnotations(path: string, samples: readonly number[]): void {
  let previous = 0
  const words = samples.map((sample) => {
    const interval = sample - previous
    previous = sample
    return (1 << 10) | interval
  })
  const bytes = Buffer.alloc((words.length + 1) * 2)
  words.forEach((word, i) => bytes.writeUInt16LE(word, i * 2))
  writeFileSync(path, bytes)
}

/** A made-up ECG of counts: a narrow spike once a second on a slow wave, different for every `seed`. */
export function smallEcg(rows: number, rateHz: number, seed: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const phase = (row / rateHz + seed * 0.037) % 1
    const spike = phase < 0.04 ? 400 * Math.sin((phase / 0.04) * Math.PI) : 0
    return Math.round(spike + 30 * Math.sin((row / rateHz) * 2 + seed) + ((row * 7 + seed * 13) % 5)) || 0
  })
}

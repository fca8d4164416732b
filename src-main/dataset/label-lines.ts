import { z } from 'zod'
import { Annotator, LabelEvent } from '../contract/index.ts'
import type { Files } from './files.ts'
import { readJsonLines, type DamagedLine, type JsonLines } from './json-lines.ts'

/**
 * A line of labels.<annotator>.jsonl. Events that were saved together count down in `more` to 0, so that a crash in the middle of writing them leaves none of them
 * rather than some; an event that was saved alone has none.
 */
const more = { more: z.number().int().nonnegative().optional() }
const [basis, set, remove] = LabelEvent.options
const LabelLine = z.discriminatedUnion('type', [basis.extend(more), set.extend(more), remove.extend(more)])
export type LabelLine = z.infer<typeof LabelLine>

/** @example layerFile('anna') // 'labels.anna.jsonl' */
export const layerFile = (annotator: string): string => `labels.${annotator}.jsonl`

/** Where the beats lie that a layer started from: WFDB annotations. */
export const basisFile = (annotator: string): string => `labels.${annotator}.basis`

/** Whose layer a file of a recording's folder is; `null` for any other file. @example annotatorOf('labels.anna.jsonl') // 'anna' */
export function annotatorOf(file: string): Annotator | null {
  return Annotator.safeParse(/^labels\.(.+)\.jsonl$/.exec(file)?.[1]).data ?? null
}

export interface LabelLines {
  /** Whole events, in order. */
  readonly events: readonly LabelEvent[]
  /** Events of an append that a crash cut off. */
  readonly unfinished: number
  readonly damaged: readonly DamagedLine[]
  readonly read: Pick<JsonLines<LabelLine>, 'bytes' | 'endsWithLine'>
}

/** @throws LabError `file-read-failed`. */
export async function readLabelLines(files: Files, path: string): Promise<LabelLines> {
  const read = await readJsonLines(files, path, LabelLine)
  const events: LabelEvent[] = []
  let unfinished = 0
  let batch: LabelEvent[] = []
  let expected = -1
  for (const { more = 0, ...event } of read.entries) {
    if (batch.length > 0 && more !== expected) {
      unfinished += batch.length
      batch = []
    }
    batch.push(event)
    expected = more - 1
    if (more > 0) continue
    for (const whole of batch) events.push(whole)
    batch = []
  }
  return { events, unfinished: unfinished + batch.length, damaged: read.damaged, read }
}

/** Lines for events that are saved together. @example [a, b, c] -> more 2, 1, 0 */
export function labelLines(events: readonly LabelEvent[]): LabelLine[] {
  return events.length === 1 ? [...events] : events.map((event, i) => ({ ...event, more: events.length - 1 - i }))
}

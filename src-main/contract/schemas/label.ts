import { z } from 'zod'
import { RecordingId } from '../ids.ts'

/** Name of a layer: a person's short name, or `DETECTOR@VERSION`. Detectors' names begin with `pulseprint-`. */
export const Annotator = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}(@[0-9]{1,4})?$/, 'letters, digits, dot, dash or underscore; 1 to 32 characters')
export type Annotator = z.infer<typeof Annotator>

export const LabelKind = z.enum(['beat', 'rhythm', 'quality', 'activity', 'posture', 'marker', 'exclude', 'note'])
export type LabelKind = z.infer<typeof LabelKind>

/**
 * One thing said about a row (`toRow` null) or the rows `row`..`toRow` (half open). `value`: for `beat` a WFDB mnemonic (`N`, `V`, `Q`), for `rhythm` a WFDB rhythm
 * (`(AFIB`), for `quality` `good` | `fair` | `bad`, else free text.
 */
const said = {
  row: z.number().int().nonnegative(),
  toRow: z.number().int().positive().nullable().default(null),
  /** A lane's id, or `null` for all lanes. */
  lane: z.string().nullable().default(null),
  kind: LabelKind,
  value: z.string().max(400),
}

/** What a window sends. `id` is made there (ULID), so that sending it again after a crash changes nothing. */
export const LabelChange = z.discriminatedUnion('type', [
  z.object({ type: z.literal('set'), id: z.string().min(1).max(64), ...said, supersedes: z.string().nullable().default(null) }),
  z.object({ type: z.literal('remove'), id: z.string().min(1).max(64), supersedes: z.string() }),
])
export type LabelChange = z.infer<typeof LabelChange>
export type LabelChangeInput = z.input<typeof LabelChange>

/** One line of labels.<annotator>.jsonl: never edited, only followed by others. */
export const LabelEvent = z.discriminatedUnion('type', [
  /** The layer starts from a detector's beats (or another layer's state at that moment): `of` names it. Its beats have the ids `of:lane:row`. */
  z.object({ type: z.literal('basis'), id: z.string(), of: Annotator, annotator: Annotator, createdAt: z.iso.datetime({ offset: true }) }),
  z.object({ type: z.literal('set'), id: z.string(), ...said, supersedes: z.string().nullable(), annotator: Annotator, origin: z.string(), createdAt: z.iso.datetime({ offset: true }) }),
  z.object({ type: z.literal('remove'), id: z.string(), supersedes: z.string(), annotator: Annotator, origin: z.string(), createdAt: z.iso.datetime({ offset: true }) }),
])
export type LabelEvent = z.infer<typeof LabelEvent>

/** A label as it now stands in a layer. */
export const Label = z.object({ id: z.string(), ...said, annotator: Annotator, origin: z.string(), createdAt: z.string() })
export type Label = z.infer<typeof Label>

export const LabelLayer = z.object({
  annotator: Annotator,
  origin: z.enum(['person', 'detector', 'imported']),
  /** Detector whose beats the layer corrects, or `null`. */
  basis: Annotator.nullable(),
  beats: z.number().int(),
  labels: z.number().int(),
  updatedAt: z.string().nullable(),
})
export type LabelLayer = z.infer<typeof LabelLayer>

/**
 * The beats of one layer, sorted by row, in columns: a day of beats is a hundred thousand. `rows`: u32 little endian. `symbols[codes[i]]` is the mnemonic of beat i;
 * `lanes[laneIndexes[i]]` its lane (`null` = all). `ids`: the id of each beat that a person set, `''` for those of the basis (id = `basis:lane:row`).
 */
export const BeatTable = z.object({
  annotator: Annotator,
  basis: Annotator.nullable(),
  count: z.number().int(),
  rows: z.instanceof(Uint8Array),
  codes: z.instanceof(Uint8Array),
  laneIndexes: z.instanceof(Uint8Array),
  symbols: z.array(z.string()),
  lanes: z.array(z.string().nullable()),
  ids: z.array(z.string()),
})
export type BeatTable = z.infer<typeof BeatTable>

/** Cohen's kappa of one kind, over the rows (spans) or the matched beats (values). `null` where it is not defined. */
export const KappaResult = z.object({ kind: LabelKind, kappa: z.number().nullable(), observed: z.number(), expected: z.number(), items: z.number().int() })
export const AgreementReport = z.object({
  annotators: z.tuple([Annotator, Annotator]),
  recordings: z.number().int(),
  beats: z.object({ first: z.number().int(), second: z.number().int(), matched: z.number().int(), f1: z.number().nullable(), windowSeconds: z.number() }),
  kappas: z.array(KappaResult),
})
export type AgreementReport = z.infer<typeof AgreementReport>

/** One place where two layers differ; `first` or `second` is `null` where that annotator said nothing. */
export const Disagreement = z.object({
  recording: RecordingId,
  kind: LabelKind,
  row: z.number().int(),
  toRow: z.number().int().nullable(),
  lane: z.string().nullable(),
  first: Label.nullable(),
  second: Label.nullable(),
})
export type Disagreement = z.infer<typeof Disagreement>

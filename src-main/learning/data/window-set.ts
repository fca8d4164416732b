import type { SplitRole } from '../../contract/index.ts'

/** Windows of a split, cut and normalised, as plain columns: what training and evaluation read. All arrays have one entry per window unless said otherwise. */
export interface WindowSet {
  readonly rateHz: number
  /** Samples per window and channel. */
  readonly length: number
  readonly channels: number
  /** [windows, length, channels], row-major. */
  readonly samples: Float32Array
  /** Index into `subjects`. */
  readonly subject: Int32Array
  /** Index into `recordings`. */
  readonly recording: Int32Array
  /** Index into `roles`. */
  readonly role: Uint8Array
  /** Row, in the recording, of the R peak (of a group's first beat) or of the first sample. */
  readonly row: Float64Array
  readonly subjects: readonly string[]
  /** `session`: the day or visit; `subject`: index into `subjects`; `rowRateHz`: rows a second. */
  readonly recordings: readonly { readonly id: string; readonly session: string; readonly subject: number; readonly startedAt: string; readonly rowRateHz: number }[]
  readonly roles: readonly SplitRole[]
  /** Of everything that the windows depend on: sources, rows, beats, preprocessing. */
  readonly contentHash: string
}

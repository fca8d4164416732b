/**
 * What every reader of a foreign file gives, whatever the format: a description, then the samples as a stream. Readers do no input or
 * output of their own; they get bytes from a `ByteSource`, so that a test can hand them anything and a gigabyte never has to fit in memory.
 */

/** One file, read where wanted. */
export interface ByteSource {
  /** As a message names it: no folder. */
  readonly name: string
  readonly bytes: number
  /** Bytes from `position`: `length` of them, fewer only where the file ends. */
  read(position: number, length: number): Promise<Uint8Array>
}

/** The folder that a header's other files lie in. */
export interface SourceFolder {
  /** `name` is a plain file name, never a path; `null` when there is no such file. */
  open(name: string): Promise<ByteSource | null>
  /** The folder `name` within this one, for records that keep their segments there; `null` when there is none. */
  folder(name: string): Promise<SourceFolder | null>
}

/** One signal as its file describes it. `physical = (count - baseline) / gainCountsPerUnit`. */
export interface SourceSignal {
  /** Without trailing separators: `PLETH`, not `PLETH, `. */
  readonly label: string
  readonly unit: string
  readonly gainCountsPerUnit: number
  readonly baseline: number
  /** The file names a gain; otherwise the format's default is assumed. */
  readonly calibrated: boolean
  readonly bits: number
  /** Converter's full range in counts. */
  readonly minimum: number
  readonly maximum: number
  readonly samplesPerFrame: number
  /** Transducer, prefilter, whatever else the file says of this signal. */
  readonly note: string
}

/** Frames `from`..`to` (half open) that the file says were never recorded; their samples are `noValue`. */
export interface SourceGap {
  readonly from: number
  readonly to: number
}

export interface SourceAnnotation {
  /** May lie between two frames. */
  readonly frame: number
  readonly durationFrames: number | null
  /** WFDB mnemonic (`N`, `V`, `+`), or `''` for formats that have text only. */
  readonly symbol: string
  readonly text: string
  /** Index of the signal, or `null` for all. */
  readonly signal: number | null
}

/** Something that is wrong with a file that can be read all the same. `code` is one of resources/errors.md. */
export interface SourceFinding {
  readonly code: string
  readonly message: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface SignalSource {
  readonly format: 'wfdb' | 'edf' | 'edf+' | 'bdf' | 'bdf+' | 'opensignals' | 'openbci' | 'delimited'
  /** Frames per second. */
  readonly rateHz: number
  readonly frames: number
  readonly signals: readonly SourceSignal[]
  /** Local wall clock of the first frame as far as the file says: `YYYY-MM-DD`, `HH:MM:SS.mmm` (to the microsecond where the file has it). */
  readonly startDate: string | null
  readonly startTime: string | null
  /** Free text of the header, in order. */
  readonly comments: readonly string[]
  /** Named facts of the header, for subject rules: `patient`, `recording`, `age`, `sex`, `birthdate`, `equipment`, `source` ... */
  readonly facts: Readonly<Record<string, string>>
  readonly gaps: readonly SourceGap[]
  /** Names of all files that were read, header first: the originals to keep. `folder/name` for those in a folder below. */
  readonly files: readonly string[]
  /**
   * Samples from the first frame to the last, in blocks of any number of whole frames: per signal `frames * samplesPerFrame` counts, `noValue` (-2^31) where
   * there is none. Blocks may reuse nothing: a consumer may keep them.
   */
  blocks(options?: { readonly signal?: AbortSignal; readonly framesPerBlock?: number }): AsyncGenerator<readonly Int32Array[], void, void>
  /** Annotations inside the file itself (EDF+, BDF+); WFDB annotators are read by `readAnnotations`. */
  annotations(): Promise<readonly SourceAnnotation[]>
  /** What is wrong, as far as known: checksums only after all blocks were read. */
  findings(): readonly SourceFinding[]
}

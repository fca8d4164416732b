import { z } from 'zod'

/**
 * Every way Pulseprint can fail, by stable code. The document for people is resources/errors.md: one heading per code.
 * A test proves that both lists are equal and that every code is thrown somewhere.
 */
export const errorCodes = [
  // use of the program
  'usage-invalid',
  'request-invalid',
  'method-unknown',
  'response-invalid',
  'connection-lost',
  'not-authorised',
  'cancelled',
  'internal-error',
  'state-conflict',
  // ports and devices
  'port-not-found',
  'port-busy',
  'port-permission-denied',
  'port-failed',
  'port-list-unavailable',
  'device-unknown',
  'device-settings-invalid',
  'device-silent',
  'device-mismatch',
  'device-not-connected',
  'device-command-failed',
  // dataset
  'dataset-not-found',
  'dataset-not-writable',
  'dataset-locked',
  'dataset-full',
  'dataset-exists',
  'dataset-format-newer',
  'dataset-invalid',
  'dataset-not-open',
  'audit-chain-broken',
  // subjects
  'subject-not-found',
  'subject-duplicate',
  'subject-code-invalid',
  'subject-consent-missing',
  'subject-erased',
  // protocols
  'protocol-not-found',
  'protocol-invalid',
  // recordings
  'recording-not-found',
  'recording-incomplete',
  'recording-checksum-mismatch',
  'recording-derivation-differs',
  'recording-in-progress',
  'checklist-not-passed',
  'journal-corrupt',
  'journal-not-found',
  'journal-write-failed',
  // formats
  'wfdb-header-invalid',
  'wfdb-signal-invalid',
  'wfdb-annotations-invalid',
  'flac-invalid',
  'edf-invalid',
  'edf-range-exceeded',
  'text-signal-invalid',
  'npz-invalid',
  'format-unknown',
  // import, export and merge
  'import-rules-invalid',
  'import-nothing-found',
  'import-path-unsafe',
  'import-duplicate',
  'import-checksum-mismatch',
  'import-leading-block',
  'import-truncated',
  'import-rates-differ',
  'import-value-rounded',
  'import-header-doubtful',
  'import-annotation-outside',
  'import-subject-unknown',
  'export-folder-not-empty',
  'export-value-changed',
  'merge-conflict',
  // labels
  'label-invalid',
  'label-not-found',
  'annotator-invalid',
  // versions and splits
  'rules-invalid',
  'version-not-found',
  'version-exists',
  'version-invalid',
  'version-empty',
  'version-content-changed',
  'split-not-found',
  'split-exists',
  'split-invalid',
  'split-impossible',
  'split-leaks',
  // learning
  'engine-unavailable',
  'engine-failed',
  'out-of-memory',
  'recipe-invalid',
  'training-impossible',
  'pairs-missing',
  'grid-invalid',
  'ablation-not-found',
  'queue-unreachable',
  'worker-mismatch',
  'training-diverged',
  'run-not-found',
  'run-invalid',
  'run-format-newer',
  'run-not-finished',
  'run-busy',
  'checkpoint-damaged',
  'trainer-ended',
  'model-not-found',
  'model-mismatch',
  'model-export-differs',
  'enrolment-impossible',
  'lane-missing',
  'template-not-found',
  'report-not-found',
  // simulation
  'fault-invalid',
  'source-invalid',
  // files
  'file-not-found',
  'file-read-failed',
  'file-write-failed',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** JSON values only: error data crosses every wire. */
export type ErrorData = Record<string, unknown>

/** What of an error crosses a wire. */
export const WireError = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  data: z.record(z.string(), z.unknown()),
})
export type WireError = z.infer<typeof WireError>

/**
 * The one error class: a stable code for programs, a message for a person, data for both.
 * @example throw new LabError('port-busy', 'Another program uses /dev/ttyUSB0.', { path: '/dev/ttyUSB0' }, { cause })
 */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: ErrorCode
  readonly data: ErrorData

  constructor(code: ErrorCode, message: string, data: ErrorData = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.data = data
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, data: this.data }
  }

  static fromWire(error: WireError): LabError {
    return new LabError(error.code, error.message, error.data)
  }

  /** Any thrown value as a LabError; what is not one already becomes `internal-error` with the original as its cause. */
  static from(thrown: unknown): LabError {
    if (thrown instanceof LabError) return thrown
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new LabError('internal-error', message, {}, { cause: thrown })
  }
}

import { errorCodes, LabError, type ErrorCode } from '../../../src-main/contract/errors.ts'

/** A run's stored error as one that has words. A code that this version does not know is an internal error with its own message. */
export function runError({ code, message }: { readonly code: string; readonly message: string }): LabError {
  const known: ErrorCode = errorCodes.find((candidate) => candidate === code) ?? 'internal-error'
  return new LabError(known, known === code ? message : `${code}: ${message}`)
}

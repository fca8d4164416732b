export interface FailureToAcquire {
  /** Recordings or beats that were offered, and those that the quality gate refused. */
  readonly attempts: number
  readonly refused: number
}

/**
 * Rates of whole transactions: who is refused a sample is rejected, and is not falsely accepted. FAR = FMR (1 - FTA), FRR = FTA + FNMR (1 - FTA).
 * Source: ISO/IEC 19795-1 (single attempt). @throws RangeError when more are refused than were offered.
 * @example FMR 0.01, FNMR 0.1, 20 of 100 refused: FAR 0.008, FRR 0.28
 */
export function transactionRates(fmr: number, fnmr: number, failure: FailureToAcquire): { far: number; frr: number } {
  const refused = failureRate(failure)
  return { far: fmr * (1 - refused), frr: refused + fnmr * (1 - refused) }
}

export function failureRate({ attempts, refused }: FailureToAcquire): number {
  if (!(refused >= 0 && refused <= attempts)) throw new RangeError(`${refused} of ${attempts} attempts cannot be refused`)
  return attempts === 0 ? 0 : refused / attempts
}

import { LabError } from '../contract/index.ts'
import { decimalText } from './edf-scale.ts'

/** How a writer cuts a recording into data records. */
export interface EdfPlan {
  readonly framesPerRecord: number
  /** Seconds, at most 8 characters. */
  readonly duration: string
  /** Frames per second that a reader computes; the wanted rate where a decimal duration of 8 characters gives it exactly. */
  readonly rateHz: number
  readonly exact: boolean
  readonly records: number
  /** Bytes of each record that annotations may use, the record's own time included; a whole number of samples. */
  readonly annotationBytes: number
}

export interface EdfPlanRequest {
  readonly rateHz: number
  readonly frames: number
  readonly bytesPerFrame: number
  readonly bytesPerSample: 2 | 3
  /** Bytes of all annotation lists together, and of the longest. */
  readonly listBytes: number
  readonly longestList: number
}

/** EDF 1992: "we recommend that the size of a data record does not exceed 61440 bytes". */
export const recommendedRecordBytes = 61_440
/** `+` and up to 10 digits, 9 decimals, two marks and the end. */
export const recordTimeBytes = 24
/** 8 characters of the header's number of records. */
const mostRecords = 99_999_999
/** Record lengths compared for a rate that no decimal duration gives; the best of them is right to about ten digits. */
const mostCompared = 8192

interface Candidate {
  readonly frames: number
  readonly duration: string
  readonly error: number
}

/**
 * Chooses the data records' duration: one second where the rate allows, else whole seconds, else the shortest exact decimal; where the rate
 * has none, the duration that comes nearest. Records stay within 61,440 bytes where their annotations leave any choice. Annotations may lie in any record,
 * so each has room for an even share and the longest one, which always suffices.
 * @throws LabError `edf-range-exceeded` when no duration of 8 characters or no number of records of 8 digits will do.
 * @example planRecords({ rateHz: 360, frames: 650000, bytesPerFrame: 4, ... }) // 360 frames in '1' s, 1806 records
 * @example planRecords({ rateHz: 62.4725, ... }) // exact only in 400 s: 24989 frames
 */
export function planRecords(request: EdfPlanRequest): EdfPlan {
  const { rateHz, frames, bytesPerFrame } = request
  if (!Number.isFinite(rateHz) || rateHz <= 0) throw exceeded('rate', rateHz)
  const mostFrames = Math.max(1, Math.floor((recommendedRecordBytes - recordTimeBytes) / bytesPerFrame))
  const planOf = ({ frames: framesPerRecord, duration, error }: Candidate): EdfPlan => {
    const records = Math.max(1, Math.ceil(frames / framesPerRecord))
    const room = recordTimeBytes + (request.listBytes === 0 ? 0 : Math.ceil(request.listBytes / records) + request.longestList)
    const annotationBytes = Math.ceil(room / request.bytesPerSample) * request.bytesPerSample
    return { framesPerRecord, duration, rateHz: error === 0 ? rateHz : framesPerRecord / Number(duration), exact: error === 0, records, annotationBytes }
  }
  const size = (plan: EdfPlan): number => plan.framesPerRecord * bytesPerFrame + plan.annotationBytes
  // Nearly every recording: no need to look at thousands of others.
  const second = Number.isInteger(rateHz) && rateHz <= mostFrames ? planOf({ frames: rateHz, duration: '1', error: 0 }) : null
  if (second && second.records <= mostRecords && size(second) <= recommendedRecordBytes) return second
  const found = exactCandidates(rateHz, mostFrames)
  const possible = (found.length > 0 ? found : nearCandidates(rateHz, Math.min(mostFrames, mostCompared))).map(planOf).filter((plan) => plan.records <= mostRecords)
  const chosen = possible.find((plan) => size(plan) <= recommendedRecordBytes) ?? possible.reduce<EdfPlan | undefined>((least, plan) => (least && size(least) <= size(plan) ? least : plan), undefined)
  if (!chosen) throw exceeded('rate', rateHz)
  return chosen
}

/** Durations in microseconds that hold a whole number of frames, the best first. */
function exactCandidates(rateHz: number, mostFrames: number): Candidate[] {
  const { digits, power } = decimalParts(rateHz)
  // duration = frames * 10^power * 10^6 / digits microseconds: whole when frames is a multiple of digits / gcd.
  const scale = 10n ** BigInt(power + 6)
  const step = digits / greatestCommonDivisor(digits, scale)
  if (step > BigInt(mostFrames)) return []
  const candidates: Candidate[] = []
  for (let frames = Number(step); frames <= mostFrames; frames += Number(step)) {
    const micro = (BigInt(frames) * scale) / digits
    const fraction = String(micro % 1_000_000n).padStart(6, '0').replace(/0+$/, '')
    const duration = `${micro / 1_000_000n}${fraction === '' ? '' : `.${fraction}`}`
    if (duration.length <= 8) candidates.push({ frames, duration, error: 0 })
  }
  // Whole seconds from 1 s up, then those with the fewest decimals, the nearest to 1 s first.
  const rank = ({ duration }: Candidate): number => (duration.includes('.') ? 1e9 * duration.split('.')[1].length + Math.abs(Math.log(Number(duration))) : Number(duration))
  return candidates.sort((a, b) => rank(a) - rank(b))
}

/** Durations of 8 characters by how little they change the rate. */
function nearCandidates(rateHz: number, mostFrames: number): Candidate[] {
  const candidates: Candidate[] = []
  for (let frames = 1; frames <= mostFrames; frames++) {
    const duration = decimalText(frames / rateHz)
    if (duration !== null && Number(duration) > 0) candidates.push({ frames, duration, error: Math.abs((Number(duration) * rateHz) / frames - 1) || Number.MIN_VALUE })
  }
  return candidates.sort((a, b) => a.error - b.error)
}

/** `value = digits / 10^power`, by its shortest decimal. */
function decimalParts(value: number): { digits: bigint; power: number } {
  const [mantissa, exponent = '0'] = String(value).split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  const power = fraction.length - Number(exponent)
  const digits = BigInt(whole + fraction)
  return power >= 0 ? { digits, power } : { digits: digits * 10n ** BigInt(-power), power: 0 }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}

function exceeded(field: string, value: number): LabError {
  return new LabError('edf-range-exceeded', `EDF cannot hold a ${field} of ${value}.`, { field, value: String(value) })
}

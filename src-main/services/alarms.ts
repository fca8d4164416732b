import type { AcquisitionStatus, Alarm, AlarmId } from '../contract/index.ts'

export type AlarmData = Alarm['data']

/** No row for this long is an alarm: product.md, "no data for 1 s". */
export const noDataMs = 1000
/** Rows lost within this many seconds keep the loss alarm active. */
export const lossWindowSeconds = 10
/** Crystals are within 100 ppm; the RC oscillators of small boards reach 1 %. More than that is the wrong profile or the wrong settings. */
export const rateTolerancePpm = 10_000
/** Boards without a counter run as fast as their loop does; only a gross difference says anything. */
export const uncountedRateTolerancePpm = 100_000
/** A fit younger than this still moves by more than its tolerance. */
export const rateSettlesSeconds = 10
/** The journal syncs once a second; three seconds behind means that the disk does not keep up. */
export const degradedLagSeconds = 3
/** Enough to finish a recording and write its derived files on an otherwise full disk. */
export const diskReserveBytes = 200e6

/**
 * The sticky alarms: one entry per cause that is active, or was active and has not been acknowledged by a person. An acknowledged alarm
 * whose cause comes back is loud again.
 */
export class AlarmBoard {
  readonly #alarms = new Map<AlarmId, Alarm>()

  /** Says whether the cause of an alarm is there (its numbers) or not (`null`). Returns true when that changed what a person sees. */
  set(id: AlarmId, cause: AlarmData | null, nowMs: number): boolean {
    const known = this.#alarms.get(id)
    if (cause) {
      if (known?.active) {
        this.#alarms.set(id, { ...known, data: cause })
        return false
      }
      this.#alarms.set(id, { id, active: true, acknowledged: false, sinceMs: nowMs, data: cause })
      return true
    }
    if (!known?.active) return false
    if (known.acknowledged) this.#alarms.delete(id)
    else this.#alarms.set(id, { ...known, active: false })
    return true
  }

  acknowledge(id: AlarmId): void {
    const known = this.#alarms.get(id)
    if (!known) return
    if (known.active) this.#alarms.set(id, { ...known, acknowledged: true })
    else this.#alarms.delete(id)
  }

  /** Oldest first. */
  list(): Alarm[] {
    return [...this.#alarms.values()].sort((a, b) => a.sinceMs - b.sinceMs)
  }

  clear(): void {
    this.#alarms.clear()
  }
}

/** What the alarms are derived from; ratios 0..1, times in ms or seconds as named. */
export interface AlarmFacts {
  readonly nowMs: number
  readonly connection: AcquisitionStatus['connection']
  /** Since the newest row, or since streaming was expected; `null` while no device is expected to deliver. */
  readonly silentMs: number | null
  readonly offLanes: readonly string[]
  readonly lostRecently: number
  readonly streamingSeconds: number
  readonly ppm: number | null
  readonly counted: boolean
  /** `null` when no dataset is open. */
  readonly freeBytes: number | null
  /** Bytes that the running recording still needs; 0 when none runs. */
  readonly neededBytes: number
  /** `null` when nothing is being recorded. */
  readonly durableLagSeconds: number | null
  readonly writerError: { readonly code: string; readonly message: string } | null
}

/** Sets every alarm from the facts. Returns true when that changed what a person sees. */
export function updateAlarms(board: AlarmBoard, facts: AlarmFacts): boolean {
  const tolerance = facts.counted ? rateTolerancePpm : uncountedRateTolerancePpm
  const rateKnown = facts.ppm !== null && facts.streamingSeconds >= rateSettlesSeconds
  const diskNeeded = facts.neededBytes + diskReserveBytes
  const causes: [AlarmId, AlarmData | null][] = [
    ['disconnected', facts.connection === 'reconnecting' || facts.connection === 'failed' ? {} : null],
    ['no-data', facts.silentMs !== null && facts.silentMs > noDataMs ? { seconds: facts.silentMs / 1000 } : null],
    ['lead-off', facts.offLanes.length > 0 ? { lanes: facts.offLanes.join(', ') } : null],
    ['loss', facts.lostRecently > 0 ? { rows: facts.lostRecently, seconds: lossWindowSeconds } : null],
    ['rate-off', rateKnown && Math.abs(facts.ppm ?? 0) > tolerance ? { ppm: facts.ppm ?? 0, tolerancePpm: tolerance } : null],
    [
      'disk-low',
      facts.freeBytes !== null && facts.freeBytes < diskNeeded ? { freeBytes: facts.freeBytes, neededBytes: diskNeeded } : null,
    ],
    [
      'writer-degraded',
      facts.durableLagSeconds !== null && facts.durableLagSeconds > degradedLagSeconds ? { lagSeconds: facts.durableLagSeconds } : null,
    ],
    ['writer-failed', facts.writerError ? { code: facts.writerError.code, message: facts.writerError.message } : null],
  ]
  let changed = false
  for (const [id, cause] of causes) changed = board.set(id, cause, facts.nowMs) || changed
  return changed
}

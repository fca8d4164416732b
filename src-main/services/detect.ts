import { LabError, type DetectionEvidence, type DeviceConfiguration, type DeviceProfile } from '../contract/index.ts'
import { scoreProfiles } from '../devices/detection.ts'
import { configureDevice } from '../devices/registry.ts'
import type { SerialDeviceLink } from '../recording/device-link.ts'

/** An Arduino that was reset by opening its port says nothing for two seconds. */
const resetSilenceMs = 2500
/** Scores this good need no look at the other rates. */
const certainScore = 0.95
/** What a driver had stored up comes in a burst, and after a change of the rate it is still of the old one: the first moments are not scored. */
const settleMs = 150
/** Then this long at a time, while bytes come faster than the line can carry them (10 bits a byte): they were stored, not sent just now. */
const drainStepMs = 50
const lineExcess = 1.2
/** A board on native USB knows no line speed: it is taken as it is after so long. */
const longestDrainMs = 1500
/** Fastest board (wide16, 5 s of it) fits; more would only cost time to score. */
const keptBytes = 4 << 20

export interface DetectOptions {
  readonly secondsPerBaud: number
  readonly signal?: AbortSignal | undefined
}

/** The rates at which any of the profiles may speak, the one most profiles share first. @example [115200, 57600, 230400, 9600] */
export function candidateBaudRates(profiles: readonly DeviceProfile[]): number[] {
  const votes = new Map<number, number>()
  for (const profile of profiles) profile.baudRates.forEach((rate, index) => votes.set(rate, (votes.get(rate) ?? 0) + (index === 0 ? 1 : 0.1)))
  return [...votes.entries()].sort((a, b) => b[1] - a[1] || b[0] - a[0]).map(([rate]) => rate)
}

/**
 * Listens to a port at each baud rate, sends nothing, and scores every profile on what was heard; best first.
 * The port is opened once and its rate changed, so that a board is reset at most once.
 * @throws LabError `port-*`, `cancelled`; `device-silent` when nothing was heard at any rate (boards that wait for a command are silent until connected).
 */
export async function detect(link: SerialDeviceLink, profiles: readonly DeviceProfile[], options: DetectOptions): Promise<DetectionEvidence[]> {
  let chunks: Uint8Array[] = []
  let bytes = 0
  let heard = false
  let wake: () => void = () => undefined
  let closed: LabError | null = null
  link.onData((chunk) => {
    heard = true
    if (bytes < keptBytes) {
      chunks.push(chunk)
      bytes += chunk.length
    }
    wake()
  })
  link.onClose((error) => {
    closed = error
    wake()
  })
  const pause = async (ms: number, until: () => boolean): Promise<void> => {
    const end = new Promise<void>((resolve) => setTimeout(resolve, ms))
    let over = false
    void end.then(() => (over = true))
    while (!over && !until()) {
      if (options.signal?.aborted) throw new LabError('cancelled', 'Detection was cancelled.')
      if (closed) throw closed
      await Promise.race([end, new Promise<void>((resolve) => (wake = resolve))])
    }
  }
  const forget = (): void => {
    chunks = []
    bytes = 0
  }
  const drain = async (baudRate: number): Promise<void> => {
    await pause(settleMs, () => false)
    for (let waited = settleMs; waited < longestDrainMs; waited += drainStepMs) {
      forget()
      await pause(drainStepMs, () => false)
      if (bytes <= (lineExcess * (baudRate / 10) * drainStepMs) / 1000) break
    }
    forget()
  }
  const abort = (): void => wake()
  options.signal?.addEventListener('abort', abort)
  await link.open()
  try {
    await pause(resetSilenceMs, () => heard)
    const evidence: DetectionEvidence[] = []
    for (const baudRate of candidateBaudRates(profiles)) {
      await link.changeBaudRate(baudRate)
      await drain(baudRate)
      await pause(options.secondsPerBaud * 1000, () => false)
      if (bytes === 0) continue
      const candidates: DeviceConfiguration[] = profiles.filter((profile) => profile.baudRates.includes(baudRate)).map((profile) => configureDevice(profile.id))
      evidence.push(...scoreProfiles(concatenate(chunks), options.secondsPerBaud, baudRate, candidates))
      if (evidence.some((one) => one.score >= certainScore)) break
    }
    if (!heard) {
      throw new LabError(
        'device-silent',
        `Nothing was heard on ${link.name}. Boards that wait for a start command are silent until they are connected: choose the board by hand.`,
        { path: link.name },
      )
    }
    return evidence.sort((a, b) => b.score - a.score || a.profile.localeCompare(b.profile, 'en'))
  } finally {
    options.signal?.removeEventListener('abort', abort)
    await link.close()
  }
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

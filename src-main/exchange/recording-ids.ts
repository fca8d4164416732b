import { incrementBase32, ulid } from 'ulid'
import { RecordingId } from '../contract/index.ts'

const timeLength = 10

/** Ids for imported recordings: they sort by the time at which each began, and those that began at the same time in the order in which they were asked for. */
export class RecordingIds {
  readonly #importedMs: number
  /** Time -> the last id of that time. */
  readonly #last = new Map<number, string>()

  /** `importedMs`: for recordings that do not say when they began. */
  constructor(importedMs: number) {
    this.#importedMs = importedMs
  }

  /** @param startedAt ISO, or `null` when it is not known; a ULID has no time before 1970 */
  next(startedAt: string | null): RecordingId {
    const ms = Math.max(0, startedAt === null ? this.#importedMs : Date.parse(startedAt))
    const last = this.#last.get(ms)
    const id = last === undefined ? ulid(ms) : `${last.slice(0, timeLength)}${incrementBase32(last.slice(timeLength))}`
    this.#last.set(ms, id)
    return RecordingId.parse(id)
  }
}

import { setImmediate as letMessagesIn } from 'node:timers/promises'

/** Called by long work after every piece of it, with how much is done, 0-1. @throws LabError `cancelled` when it is to be left. */
export type Pace = (done: number) => Promise<void>

/** Work that was done for so long without looking up may have missed a request: messages come in between two turns of the event loop only. */
const lookUpMs = 20

/**
 * A pace that lets messages in now and then, and tells `heard` of every one of these moments.
 * @param heard may throw `cancelled`
 */
export function paced(heard: (done: number) => void): Pace {
  let lookedUp = performance.now()
  return async (done) => {
    if (performance.now() - lookedUp < lookUpMs) return
    await letMessagesIn()
    lookedUp = performance.now()
    heard(done)
  }
}

/** One part of work that has several. @example partOf(pace, 0.5, 1)(0.5) // pace(0.75) */
export const partOf = (pace: Pace, from: number, to: number): Pace => (done) => pace(from + (to - from) * done)

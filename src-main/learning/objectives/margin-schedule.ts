/** Parts of training; wespeaker's VoxCeleb recipe raises the margin in epochs 20 to 40 of 150. */
const defaultRamp = { from: 0.13, to: 0.27 } as const
/** What is left of the rise at the end of the ramp, before it is scaled to end exactly (wespeaker, MarginScheduler: 1e-3). */
const remainder = 1e-3

/**
 * The margin of an angular loss as training goes on: 0, then m·(1 − r^x) / (1 − r) with r = 0.001 and x from 0 to 1 along the ramp (fast at first), then m. Starting with no margin
 * lets a network that cannot tell anybody apart yet begin to learn.
 * @param progress part of training done, 0..1
 * @param margin m, radians
 * @example marginAt(0.1, 0.2) // 0; marginAt(0.2, 0.2) // 0.1939: half way along the ramp; marginAt(0.5, 0.2) // 0.2
 */
export function marginAt(progress: number, margin: number, ramp: { readonly from: number; readonly to: number } = defaultRamp): number {
  if (!(ramp.from >= 0 && ramp.to > ramp.from)) throw new RangeError(`A margin cannot rise from ${ramp.from} to ${ramp.to} of training.`)
  const along = Math.min(1, Math.max(0, (progress - ramp.from) / (ramp.to - ramp.from)))
  return (margin * (1 - remainder ** along)) / (1 - remainder)
}

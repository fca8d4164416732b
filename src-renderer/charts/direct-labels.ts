/**
 * Heights for labels at the ends of curves: each as near as it can be to its own curve, at least `room` apart, inside [top, bottom]. Order of the answer is the order of `wanted`.
 * Clusters that touch are merged and centred on the mean of their wishes (pool adjacent violators), so that the sum of squared moves is least.
 *
 * @example spreadLabels([50, 52], 12, 0, 100) // [45, 57]
 */
export function spreadLabels(wanted: readonly number[], room: number, top: number, bottom: number): number[] {
  const order = wanted.map((_value, index) => index).sort((a, b) => wanted[a] - wanted[b] || a - b)
  const clusters: { sum: number; count: number }[] = []
  // In units where every label has height `room`: label k of the order wishes to be at wanted - k room.
  order.forEach((index, place) => {
    clusters.push({ sum: wanted[index] - place * room, count: 1 })
    for (let last = clusters.at(-1), before = clusters.at(-2); last && before && last.sum / last.count < before.sum / before.count; last = clusters.at(-1), before = clusters.at(-2)) {
      before.sum += last.sum
      before.count += last.count
      clusters.pop()
    }
  })
  const answer = new Array<number>(wanted.length)
  const lowest = Math.max(top, bottom - (order.length - 1) * room)
  let place = 0
  for (const { sum, count } of clusters) {
    const start = Math.min(lowest, Math.max(top, sum / count))
    for (let k = 0; k < count; k++, place++) answer[order[place]] = start + place * room
  }
  return answer
}

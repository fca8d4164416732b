import type { ReliabilityBin } from '../../contract/index.ts'
import { pixel } from './markup.ts'
import { curve, plot, seriesClass } from './plot.ts'
import { percentAxis } from './ticks.ts'

/** How often it is right where it is so sure: bars should end at the diagonal. The strip below is how many samples each bin has. */
export function reliabilityPlot(title: string, bins: readonly ReliabilityBin[]): string {
  const most = Math.max(1, ...bins.map(({ count }) => count))
  return plot({ title, x: percentAxis('Confidence'), y: percentAxis('Right'), width: 340, height: 320 }, (places) => [
    ...bins.flatMap(({ low, high, count, accuracy, confidence }) => {
      const [left, width] = [places.x(low), places.x(high) - places.x(low)]
      const bar = (part: number, name: string): string => `<rect class="${name}" x="${pixel(left + 1)}" y="${pixel(places.y(part))}" width="${pixel(Math.max(0, width - 2))}" height="${pixel(places.y(0) - places.y(part))}"/>`
      return [
        ...(accuracy === null ? [] : [bar(accuracy, 'bar')]),
        ...(count === 0 ? [] : [bar((0.06 * count) / most, 'count')]),
        ...(accuracy === null || confidence === null ? [] : [`<circle class="dot ${seriesClass(2)}" cx="${pixel(places.x(confidence))}" cy="${pixel(places.y(accuracy))}" r="3"/>`]),
      ]
    }),
    curve({ x: [0, 1], y: [0, 1] }, places, 'guide'),
  ].join(''))
}

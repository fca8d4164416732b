import type { ScoreHistogram } from '../../contract/index.ts'
import { pixel } from './markup.ts'
import { plot, seriesClass, type Places } from './plot.ts'
import { axisOf } from './ticks.ts'

/** Scores of genuine and impostor trials, each as parts of its own number: there are many more impostors. `threshold`: where validation had its EER. */
export function histogramPlot(title: string, { low, high, genuine, impostor }: ScoreHistogram, threshold: number | null): string {
  const parts = [genuine, impostor].map((counts) => {
    const sum = counts.reduce((total, count) => total + count, 0)
    return counts.map((count) => (sum === 0 ? 0 : count / sum))
  })
  const names = ['genuine', 'impostor'].map((name, i) => `${name} (${[genuine, impostor][i].reduce((total, count) => total + count, 0)} trials)`)
  return plot({ title, x: axisOf('Score', [low, high]), y: axisOf('Part of the trials', parts.flat(), { from: 0 }), legend: [...names, ...(threshold === null ? [] : ['threshold of validation EER'])] }, (places) => [
    ...parts.map((heights, series) => outline(heights, low, high, places, series)),
    ...(threshold === null ? [] : [`<line class="curve ${seriesClass(2)}" x1="${pixel(places.x(threshold))}" y1="0" x2="${pixel(places.x(threshold))}" y2="${pixel(places.y(0))}"/>`]),
  ].join(''))
}

function outline(heights: readonly number[], low: number, high: number, places: Places, series: number): string {
  const edge = (bin: number): string => pixel(places.x(low + (bin * (high - low)) / heights.length))
  const steps = heights.map((height, bin) => `L${edge(bin)} ${pixel(places.y(height))}L${edge(bin + 1)} ${pixel(places.y(height))}`).join('')
  return `<path class="curve area ${seriesClass(series)}" d="M${edge(0)} ${pixel(places.y(0))}${steps}L${edge(heights.length)} ${pixel(places.y(0))}"/>`
}

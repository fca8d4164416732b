import { pixel } from './markup.ts'
import { plot } from './plot.ts'
import { axisOf } from './ticks.ts'

/** One bar per epoch; an epoch without a value has none. */
export function barsPlot(title: string, label: string, bars: readonly { readonly epoch: number; readonly value: number | null }[]): string {
  const known = bars.flatMap(({ epoch, value }) => (value === null || !Number.isFinite(value) ? [] : [{ epoch, value }]))
  const epochs = known.map(({ epoch }) => epoch)
  const distances = [...epochs].sort((a, b) => a - b).flatMap((epoch, i, all) => (i === 0 ? [] : [epoch - all[i - 1]]))
  const half = 0.35 * Math.min(...distances, 4)
  const x = axisOf('Epoch', epochs.flatMap((epoch) => [epoch - half, epoch + half]), { air: 0.03 })
  const y = axisOf(label, known.map(({ value }) => value), { from: Math.min(0, ...known.map(({ value }) => value)), to: 0, air: 0.04 })
  return plot({ title, x: { ...x, ticks: x.ticks.filter(({ at }) => Number.isInteger(at)).map(({ at }) => ({ at, label: String(at) })) }, y }, (places) => known.map(({ epoch, value }) => {
    const [from, to] = [places.x(epoch - half), places.x(epoch + half)]
    const [top, bottom] = [places.y(Math.max(0, value)), places.y(Math.min(0, value))]
    return `<rect class="bar" x="${pixel(from)}" y="${pixel(top)}" width="${pixel(to - from)}" height="${pixel(bottom - top)}"/>`
  }).join(''))
}

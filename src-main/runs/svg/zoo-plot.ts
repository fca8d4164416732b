import type { SubjectScores } from '../../contract/index.ts'
import { escapeMarkup, pixel } from './markup.ts'
import { plot, seriesClass } from './plot.ts'
import { axisOf } from './ticks.ts'

const radius = 4

/** What the marks mean. */
export const zooMarks = 'Squares: goats (hard to recognise). Diamonds: lambs (easy to imitate). Triangles: wolves (imitate). There always are some: they are the quarter at an end, not something wrong.'

/** Each subject by its mean genuine score and by how well others match its template (Yager and Dunstone 2010). A subject's code is read out, and shown under the pointer. */
export function zooPlot(title: string, subjects: readonly SubjectScores[]): string {
  const known = subjects.flatMap(({ genuine, asTemplate, ...rest }) => (genuine === null || asTemplate === null ? [] : [{ ...rest, genuine, asTemplate }]))
  return plot({
    title, x: axisOf('Mean genuine score', known.map(({ genuine }) => genuine), { air: 0.06 }), y: axisOf('Mean score of others with its template', known.map(({ asTemplate }) => asTemplate), { air: 0.06 }),
  }, (places) => known.map(({ subject, genuine, asTemplate, animals }) => mark(subject, animals, places.x(genuine), places.y(asTemplate))).join(''))
}

function mark(subject: string, animals: SubjectScores['animals'], x: number, y: number): string {
  const name = `<title>${escapeMarkup(`${subject}${animals.length > 0 ? `: ${animals.join(', ')}` : ''}`)}</title>`
  const path = (corners: readonly (readonly [number, number])[], series: number): string =>
    `<path class="dot ${seriesClass(series)}" d="${corners.map(([dx, dy], i) => `${i === 0 ? 'M' : 'L'}${pixel(x + dx * radius)} ${pixel(y + dy * radius)}`).join('')}Z">${name}</path>`
  if (animals.includes('goat')) return path([[-1, -1], [1, -1], [1, 1], [-1, 1]], 0)
  if (animals.includes('lamb')) return path([[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]], 1)
  if (animals.includes('wolf')) return path([[0, -1.2], [1.2, 1], [-1.2, 1]], 2)
  return `<circle class="dot plain" cx="${pixel(x)}" cy="${pixel(y)}" r="${radius - 1}">${name}</circle>`
}

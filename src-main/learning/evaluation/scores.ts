import type { EmbeddingSet } from './embedding-set.ts'
import type { TemplateSet } from './templates.ts'

/** Every probe against every template. */
export interface ScoreMatrix {
  /** [probes, templates], row-major. Higher is more alike. */
  readonly scores: Float32Array
  /** Subject of each probe and of each template (one template per subject). A probe's subject may have none. */
  readonly probeSubject: Int32Array
  readonly templateSubject: Int32Array
}

/**
 * Cosine of every probe with every template.
 * @throws RangeError when their dimensions differ.
 * @example probe [0.6, 0.8], templates [1, 0] and [0, 1]: 0.6, 0.8
 */
export function cosineScores(probes: Pick<EmbeddingSet, 'dimension' | 'vectors' | 'subject'>, templates: Pick<TemplateSet, 'dimension' | 'vectors' | 'subject'>): ScoreMatrix {
  const { dimension } = probes
  if (templates.dimension !== dimension) throw new RangeError(`probes have ${dimension} dimensions, templates ${templates.dimension}`)
  const [rows, columns] = [probes.subject.length, templates.subject.length]
  const scores = new Float32Array(rows * columns)
  const probe = new Float64Array(dimension)
  const others = Float64Array.from(templates.vectors)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < dimension; i++) probe[i] = probes.vectors[row * dimension + i]
    let column = 0
    // Four templates at a time: in a single sum each addition would wait for the one before.
    for (; column + 3 < columns; column += 4) {
      const first = column * dimension
      const [second, third, fourth] = [first + dimension, first + 2 * dimension, first + 3 * dimension]
      let [a, b, c, d] = [0, 0, 0, 0]
      for (let i = 0; i < dimension; i++) {
        const value = probe[i]
        a += value * others[first + i]
        b += value * others[second + i]
        c += value * others[third + i]
        d += value * others[fourth + i]
      }
      const at = row * columns + column
      scores[at] = a
      scores[at + 1] = b
      scores[at + 2] = c
      scores[at + 3] = d
    }
    for (; column < columns; column++) {
      let sum = 0
      for (let i = 0; i < dimension; i++) sum += probe[i] * others[column * dimension + i]
      scores[row * columns + column] = sum
    }
  }
  return { scores, probeSubject: probes.subject, templateSubject: templates.subject }
}

/** Scores of genuine and impostor trials. */
export interface ScoreLists {
  readonly genuine: Float64Array
  readonly impostor: Float64Array
}

/** The matrix as two lists. People who are never enrolled give impostor scores only. */
export function scoreLists({ scores, probeSubject, templateSubject }: ScoreMatrix): ScoreLists {
  const columns = templateSubject.length
  const enrolled = new Set(templateSubject)
  const own = probeSubject.reduce((sum, subject) => sum + (enrolled.has(subject) ? 1 : 0), 0)
  const genuine = new Float64Array(own)
  const impostor = new Float64Array(scores.length - own)
  let [g, m] = [0, 0]
  for (let i = 0; i < scores.length; i++) {
    if (probeSubject[Math.floor(i / columns)] === templateSubject[i % columns]) genuine[g++] = scores[i]
    else impostor[m++] = scores[i]
  }
  return { genuine, impostor }
}

/**
 * The objectives again, in Float64 loops written from the formulas alone: no code, and no way of computing, is shared with the program. Rows are arrays.
 */
export type Rows = readonly (readonly number[])[]

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((value, i) => value * b[i]))
const length = (a: readonly number[]): number => Math.hypot(...a)
const unit = (a: readonly number[]): number[] => a.map((value) => (length(a) > 1e-6 ? value / length(a) : 0))
const distance = (a: readonly number[], b: readonly number[]): number => length(a.map((value, i) => value - b[i]))
const column = (rows: Rows, c: number): number[] => rows.map((row) => row[c])
const columns = (rows: Rows): number[][] => rows[0].map((_, c) => column(rows, c))
const cosine = (a: readonly number[], b: readonly number[]): number => dot(unit(a), unit(b))
const smooth = (u: number): number => (Math.abs(u) < 1 ? (u * u) / 2 : Math.abs(u) - 0.5)

export function softmax(z: readonly number[], temperature = 1): number[] {
  const powers = z.map((value) => Math.exp((value - Math.max(...z)) / temperature))
  return powers.map((power) => power / sum(powers))
}
const divergence = (p: readonly number[], q: readonly number[]): number => sum(p.map((value, i) => (value > 0 ? value * Math.log(value / q[i]) : 0)))

/** By angles, as the formula says, not by sums of products. */
export function angularMargin(embeddings: Rows, weights: Rows, labels: readonly number[], margin: number, scale: number, beyond: 'penalty' | 'easy'): number {
  return mean(
    embeddings.map((e, b) => {
      const logits = weights.map((w, j) => {
        const c = cosine(e, w)
        const theta = Math.acos(Math.min(1, Math.max(-1, c)))
        if (j !== labels[b]) return scale * c
        if (beyond === 'easy') return scale * (theta < Math.PI / 2 ? Math.cos(theta + margin) : c)
        return scale * (theta + margin < Math.PI ? Math.cos(theta + margin) : c - margin * Math.sin(Math.PI - margin))
      })
      return -Math.log(softmax(logits)[labels[b]])
    }),
  )
}

export function triplet(embeddings: Rows, labels: readonly number[], margin: number, form: 'hinge' | 'softplus'): number {
  const losses: number[] = []
  for (let a = 0; a < embeddings.length; a++) {
    let [furthest, nearest] = [-Infinity, Infinity]
    for (let o = 0; o < embeddings.length; o++) {
      const d = distance(unit(embeddings[a]), unit(embeddings[o]))
      if (o !== a && labels[o] === labels[a]) furthest = Math.max(furthest, d)
      if (labels[o] !== labels[a]) nearest = Math.min(nearest, d)
    }
    const violation = furthest - nearest + margin
    if (Number.isFinite(violation)) losses.push(form === 'hinge' ? Math.max(0, violation) : Math.log1p(Math.exp(violation)))
  }
  return losses.length > 0 ? mean(losses) : 0
}

export const softmaxDivergence = (student: Rows, teacher: Rows, temperature: number): number =>
  temperature ** 2 * mean(student.map((z, b) => divergence(softmax(teacher[b], temperature), softmax(z, temperature))))

export const hardLabel = (student: Rows, teacher: Rows): number => mean(student.map((z, b) => -Math.log(softmax(z)[teacher[b].indexOf(Math.max(...teacher[b]))])))

export const cosineDistance = (a: Rows, b: Rows): number => mean(a.map((row, i) => 1 - cosine(row, b[i])))

/** `bandwidth`: the one that a gradient holds constant. */
export function bandwidthOf(student: Rows, teacher: Rows): number {
  const joint = [...student, ...teacher].map(unit)
  let total = 0
  for (const x of joint) for (const y of joint) total += distance(x, y) ** 2
  return total / (joint.length ** 2 - joint.length)
}

export function discrepancy(student: Rows, teacher: Rows, bandwidth: number): number {
  const kernel = (x: readonly number[], y: readonly number[]): number => sum([0, 1, 2, 3, 4].map((i) => Math.exp(-(distance(unit(x), unit(y)) ** 2) / ((bandwidth / 4) * 2 ** i))))
  const average = (a: Rows, b: Rows): number => mean(a.flatMap((x) => b.map((y) => kernel(x, y))))
  return average(student, student) + average(teacher, teacher) - 2 * average(student, teacher)
}

export const similarity = (student: Rows, teacher: Rows): number =>
  mean(student.flatMap((_, i) => student.map((_, j) => (cosine(student[i], student[j]) - cosine(teacher[i], teacher[j])) ** 2)))

export function relationalDistance(student: Rows, teacher: Rows): number {
  const scaled = (x: Rows): number[] => {
    const all = x.flatMap((a) => x.map((b) => distance(a, b)))
    return all.map((d) => d / (sum(all) / (x.length * (x.length - 1))))
  }
  const t = scaled(teacher)
  return mean(scaled(student).map((d, i) => smooth(d - t[i])))
}

export function relationalAngle(student: Rows, teacher: Rows): number {
  const angles = (x: Rows): number[] =>
    x.flatMap((vertex) => x.flatMap((a) => x.map((b) => cosine(a.map((value, i) => value - vertex[i]), b.map((value, i) => value - vertex[i])))))
  const t = angles(teacher)
  return mean(angles(student).map((cos, i) => smooth(cos - t[i])))
}

export function decoupled(student: Rows, teacher: Rows, labels: readonly number[], alpha: number, beta: number, temperature: number): number {
  return (
    temperature ** 2 *
    mean(
      student.map((_, b) => {
        const [s, t] = [softmax(student[b], temperature), softmax(teacher[b], temperature)]
        const y = labels[b]
        const others = (z: readonly number[]): number[] => softmax(z.filter((_, c) => c !== y), temperature)
        return alpha * divergence([t[y], 1 - t[y]], [s[y], 1 - s[y]]) + beta * divergence(others(teacher[b]), others(student[b]))
      }),
    )
  )
}

function correlation(a: readonly number[], b: readonly number[]): number {
  return cosine(a.map((value) => value - mean(a)), b.map((value) => value - mean(b)))
}

export function pearson(student: Rows, teacher: Rows, inter: number, intra: number, temperature: number): number {
  const [s, t] = [student, teacher].map((rows) => rows.map((row) => softmax(row, temperature)))
  const apart = (a: Rows, b: Rows): number => mean(a.map((row, i) => 1 - correlation(row, b[i])))
  return temperature ** 2 * (inter * apart(s, t) + intra * apart(columns(s), columns(t)))
}

export function contrastive(teacher: Rows, student: Rows, labels: readonly number[], logScale: number): number {
  const scale = Math.min(100, Math.exp(logScale))
  const similarities = teacher.map((t) => student.map((s) => cosine(t, s) * scale))
  const oneWay = (rows: Rows): number =>
    mean(
      rows.map((row, i) => {
        const p = softmax(row)
        const positives = labels.flatMap((label, j) => (label === labels[i] ? [j] : []))
        return mean(positives.map((j) => -Math.log(p[j])))
      }),
    )
  return (oneWay(similarities) + oneWay(columns(similarities))) / 2
}

export function coral(student: Rows, teacher: Rows): number {
  const covariance = (x: Rows): number[] => {
    const centred = columns(x).map((one) => one.map((value) => value - mean(one)))
    return centred.flatMap((a) => centred.map((b) => dot(a, b) / Math.max(1, x.length - 1)))
  }
  const t = covariance(teacher)
  return sum(covariance(student).map((value, i) => (value - t[i]) ** 2)) / (4 * student[0].length ** 2)
}

/** Sinkhorn's own scaling of rows and columns, in plain numbers. */
export function transport(student: Rows, teacher: Rows, epsilon: number): number {
  const cost = student.map((s) => teacher.map((t) => 1 - cosine(s, t)))
  const kernel = cost.map((row) => row.map((c) => Math.exp(-c / epsilon)))
  let v = teacher.map(() => 1)
  let u: number[] = []
  for (let i = 0; i < 50; i++) {
    u = kernel.map((row) => 1 / student.length / dot(row, v))
    v = columns(kernel).map((col) => 1 / teacher.length / dot(col, u))
  }
  return sum(cost.map((row, i) => sum(row.map((c, j) => c * u[i] * kernel[i][j] * v[j]))))
}

export const adaptive = (student: Rows, teacher: Rows, labels: readonly number[], gamma: number): number =>
  mean(
    student.map((z, b) =>
      sum(
        softmax(z).map((p, c) => {
          const own = c === labels[b] ? 1 : 0
          return -((softmax(teacher[b])[c] + own) ** gamma - own) * Math.log(p)
        }),
      ),
    ),
  )

export interface Projection {
  readonly weight: Rows
  readonly bias: readonly number[]
  readonly gain: readonly number[]
  readonly shift: readonly number[]
}

/** tokens and map of one sample per element: [N, d] and [L, C]. */
export function fitTokens(tokens: readonly Rows[], maps: readonly Rows[], projection: Projection, form: 'smooth-l1' | 'mean-squared'): number {
  const errors = tokens.flatMap((sample, b) =>
    sample.flatMap((token, n) => {
      const projected = projection.bias.map((bias, k) => bias + dot(frameAt(maps[b], sample.length, n), column(projection.weight, k)))
      const deviation = Math.sqrt(mean(projected.map((value) => (value - mean(projected)) ** 2)) + 1e-6)
      return token.map((value, k) => value - (((projected[k] - mean(projected)) / deviation) * projection.gain[k] + projection.shift[k]))
    }),
  )
  return mean(errors.map((error) => (form === 'smooth-l1' ? smooth(error) : error * error)))
}

/** The map at the middle of the n-th of `count` equal stretches of its time. */
function frameAt(map: Rows, count: number, n: number): number[] {
  const place = ((n + 0.5) / count) * map.length - 0.5
  if (place <= 0) return [...map[0]]
  if (place >= map.length - 1) return [...map[map.length - 1]]
  const before = Math.floor(place)
  return map[before].map((value, c) => value + (place - before) * (map[before + 1][c] - value))
}

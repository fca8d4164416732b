export type Vector = readonly [x: number, y: number, z: number]

// Leads from Frank's orthogonal x (left), y (down), z (back): Dower, Machado, Osborne 1980, Clin Cardiol 3:87.
const standard: Readonly<Record<string, Vector>> = {
  I: [0.632, -0.235, 0.059],
  II: [0.235, 1.066, -0.132],
  V1: [-0.515, 0.157, -0.917],
  V2: [0.044, 0.164, -1.387],
  V3: [0.882, 0.098, -1.277],
  V4: [1.213, 0.127, -0.601],
  V5: [1.125, 0.127, -0.086],
  V6: [0.831, 0.076, 0.23],
  // Einthoven and Goldberger: III = II - I, aVR = -(I + II)/2, aVL = (I - III)/2, aVF = (II + III)/2.
  III: [-0.397, 1.301, -0.191],
  AVR: [-0.4335, -0.4155, 0.0365],
  AVL: [0.5145, -0.768, 0.125],
  AVF: [-0.081, 1.1835, -0.1615],
}

/** Order in which unnamed ECG lanes take leads: the ones a person looks at first come first. */
const order = ['II', 'I', 'V5', 'V2', 'III', 'V4', 'AVF', 'V6', 'V3', 'V1', 'AVL', 'AVR'] as const

/**
 * The lead vector of the n-th ECG lane: by its label where that names a lead (`ECG II`, `V5`), else by its position. Positions
 * beyond twelve blend two leads, as neighbouring electrodes do.
 * @example leadVector('Lead II', 0) // [0.235, 1.066, -0.132]
 */
export function leadVector(label: string, position: number): Vector {
  for (const word of label.toUpperCase().split(/[^A-Z0-9]+/)) {
    const named = standard[word === 'MLII' ? 'II' : word]
    if (named) return named
  }
  const first = standard[order[position % 12]]
  if (position < 12) return first
  const second = standard[order[(position + 5) % 12]]
  return [0.6 * first[0] + 0.4 * second[0], 0.6 * first[1] + 0.4 * second[1], 0.6 * first[2] + 0.4 * second[2]]
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/** Rotates by small angles about x, then y, then z, radians. */
export function rotate([x, y, z]: Vector, [ax, ay, az]: Vector): Vector {
  const y1 = y * Math.cos(ax) - z * Math.sin(ax)
  const z1 = y * Math.sin(ax) + z * Math.cos(ax)
  const x2 = x * Math.cos(ay) + z1 * Math.sin(ay)
  const z2 = -x * Math.sin(ay) + z1 * Math.cos(ay)
  return [x2 * Math.cos(az) - y1 * Math.sin(az), x2 * Math.sin(az) + y1 * Math.cos(az), z2]
}

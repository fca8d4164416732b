import type { SubjectScores } from '../../src-main/contract/schemas/report.ts'
import { shapes } from './series-marks.ts'

export type Animal = SubjectScores['animals'][number]
/** `several`: more than one of them. */
export type Kind = Animal | 'several' | 'sheep'

/** The rare and telling ones are drawn last, on top. */
export const kinds: readonly Kind[] = ['sheep', 'goat', 'lamb', 'wolf', 'several']

export const kindMarks: Readonly<Record<Kind, { readonly shape: string; readonly colour: string }>> = {
  sheep: { shape: 'M-2.8 0a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0-5.6 0z', colour: 'var(--ink-faint)' },
  goat: { shape: shapes.triangleDown, colour: 'var(--model-teacher)' },
  lamb: { shape: shapes.square, colour: 'var(--model-student)' },
  wolf: { shape: shapes.diamond, colour: 'var(--model-scratch)' },
  several: { shape: shapes.cross, colour: 'var(--ink)' },
}

export function kindOf({ animals }: Pick<SubjectScores, 'animals'>): Kind {
  return animals.length > 1 ? 'several' : (animals[0] ?? 'sheep')
}

/**
 * Which of these marks have room for their name: taken in order, those whose box meets none before. Pixels.
 * @example two marks on one place: the first is named, the second is not
 */
export function roomForNames(marks: readonly { readonly x: number; readonly y: number; readonly name: string }[]): boolean[] {
  const taken: { left: number; right: number; y: number }[] = []
  return marks.map(({ x, y, name }) => {
    const box = { left: x - 6, right: x + 10 + name.length * nameWidth, y }
    if (taken.some((other) => box.left < other.right && other.left < box.right && Math.abs(y - other.y) < nameHeight)) return false
    taken.push(box)
    return true
  })
}

/** Of a letter and a line at 10.5 px. */
const [nameWidth, nameHeight] = [6.4, 13]

/** Where a person stands: own score across, mean of the others' scores up (Yager and Dunstone, IEEE TPAMI 2010). `null` without both. @example genuine 0.8, others 0.1 and 0.2: { genuine: 0.8, impostor: 0.15 } */
export function zooPoint({ genuine, asTemplate, asProbe }: SubjectScores): { genuine: number; impostor: number } | null {
  const others = [asTemplate, asProbe].filter((score) => score !== null)
  if (genuine === null || others.length === 0) return null
  return { genuine, impostor: others.reduce((sum, score) => sum + score, 0) / others.length }
}

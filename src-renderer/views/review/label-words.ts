import type { LabelKind } from '../../../src-main/contract/schemas/label.ts'
import type { Strings } from '../../strings/en.ts'

/** What a label says in one line. @example labelWords({ kind: 'rhythm', value: '(AFIB' }, t) // 'Rhythm: atrial fibrillation' */
export function labelWords(label: { kind: LabelKind; value: string }, t: Strings): string {
  const value = valueWords(label, t)
  return value === '' ? t.labels.kinds[label.kind] : t.labels.kindAndValue(t.labels.kinds[label.kind], value)
}

export function valueWords({ kind, value }: { kind: LabelKind; value: string }, t: Strings): string {
  if (kind === 'rhythm') return (t.labels.rhythms as Record<string, string>)[value] ?? value
  if (kind === 'quality') return (t.labels.qualities as Record<string, string>)[value] ?? value
  if (kind === 'beat') return beatWords(value, t)
  return value
}

/** @example beatWords('V', t) // 'V · ventricular' */
export function beatWords(symbol: string, t: Strings): string {
  const name = (t.labels.beats as Record<string, string>)[symbol]
  return name === undefined ? symbol : t.labels.symbolAndName(symbol, name)
}

/** A detector by its version, a person by their name. */
export function layerWords(annotator: string, t: Strings): string {
  const detector = /^pulseprint-([a-z-]+)@(\d+)$/.exec(annotator)
  if (detector === null) return annotator
  const [, name, version] = detector
  const known = (t.labels.detectors as Record<string, string>)[name]
  return known === undefined ? annotator : t.labels.detectorVersion(known, version)
}

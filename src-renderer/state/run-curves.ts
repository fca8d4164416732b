import { matchingMeasures } from '../../src-main/contract/schemas/cross-modal-report.ts'
import type { ModelName, RunEpoch } from '../../src-main/contract/schemas/learning.ts'
import type { Point } from '../charts/line-path.ts'

/** Adds what was told of an epoch. Within one epoch the later word (more steps) takes the place of the earlier; order is by phase as met, then by epoch. */
export function mergeEpoch(epochs: readonly RunEpoch[], next: RunEpoch): RunEpoch[] {
  const at = epochs.findIndex(({ phase, epoch }) => phase === next.phase && epoch === next.epoch)
  if (at >= 0) {
    const known = epochs[at]
    const newer = next.steps > known.steps || (next.steps === known.steps && (next.validation !== null || known.validation === null))
    return newer ? epochs.map((epoch, index) => (index === at ? next : epoch)) : [...epochs]
  }
  const after = epochs.findLastIndex(({ phase, epoch }) => phase === next.phase && epoch < next.epoch)
  const first = epochs.findIndex(({ phase }) => phase === next.phase)
  const place = after >= 0 ? after + 1 : first >= 0 ? first : epochs.length
  return [...epochs.slice(0, place), next, ...epochs.slice(place)]
}

/** Two tellings of one run made one: what was read, and what came while it was read. */
export function mergeEpochs(read: readonly RunEpoch[], told: readonly RunEpoch[]): RunEpoch[] {
  return told.reduce<RunEpoch[]>((all, epoch) => mergeEpoch(all, epoch), read.reduce<RunEpoch[]>((all, epoch) => mergeEpoch(all, epoch), []))
}

export function phasesOf(epochs: readonly RunEpoch[]): ModelName[] {
  return [...new Set(epochs.map(({ phase }) => phase))]
}

/** Columns of one phase, ready to be drawn over epochs. */
export interface PhaseCurves {
  readonly phase: ModelName
  readonly epochs: number
  readonly terms: readonly { readonly name: string; readonly points: readonly Point[] }[]
  readonly accuracy: readonly Point[]
  readonly eer: readonly Point[]
  readonly rank1: readonly Point[]
  readonly rate: readonly Point[]
  readonly gradientNorm: readonly Point[]
  /** Epoch whose weights are kept so far. */
  readonly best: number | null
}

/** What matching told of an epoch is no part of its loss; the report shows it. The transmission cost is one. */
const told: ReadonlySet<string> = new Set(Object.values(matchingMeasures).filter((name) => name !== matchingMeasures.transmissionCost))

/** `total` leads, the other terms follow in the order in which they were first told. */
export function curvesOf(epochs: readonly RunEpoch[], phase: ModelName): PhaseCurves {
  const own = epochs.filter((epoch) => epoch.phase === phase)
  const names = [...new Set(own.flatMap(({ terms }) => Object.keys(terms).filter((name) => !told.has(name))))].sort((a, b) => Number(b === 'total') - Number(a === 'total'))
  const column = (value: (epoch: RunEpoch) => number | null | undefined): Point[] => own.map((epoch) => ({ x: epoch.epoch, y: value(epoch) ?? null }))
  return {
    phase,
    epochs: own.at(-1)?.epochs ?? 0,
    // A run of one term is the total itself.
    terms: names.filter((name) => name !== 'total' || names.length !== 2).map((name) => ({ name, points: column(({ terms }) => terms[name]) })),
    accuracy: column(({ trainAccuracy }) => trainAccuracy),
    eer: column(({ validation }) => validation?.eer),
    rank1: column(({ validation }) => validation?.rank1),
    rate: column(({ rate }) => rate),
    gradientNorm: column(({ gradientNorm }) => gradientNorm),
    best: own.findLast(({ best }) => best)?.epoch ?? null,
  }
}

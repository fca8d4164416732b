import { EngineChoice, RunRecord, type ModelName, type RunReport } from '../../../src-main/contract/index.ts'
import { storedDraws, type StoredDraws } from '../../../src-main/runs/draws-file.ts'
import type { SourceRow, SourceRun } from '../../../src-main/runs/ablation/table-statistics.ts'
import { smallRecipe } from '../a-small-lab.ts'

let made = 0

export interface Figures {
  readonly eer: number | null
  /** Left out: 1 - EER. */
  readonly rank1?: number
  readonly interval?: { readonly low: number; readonly high: number }
  readonly draws?: Float64Array
}

/** A finished run with these figures by model, decisions of one beat; of its report only what tables read. */
export function sourceRun(seed: number, models: Partial<Record<ModelName, Figures>>, { subjects = 60, hash = 'a'.repeat(64), name = '' } = {}): SourceRun {
  const named = Object.entries(models) as [ModelName, Figures][]
  const record = RunRecord.parse({
    formatVersion: 1, id: `01M8BQFW6G03XVTKWVTJM${String(++made).padStart(5, '0')}`, name, state: 'finished', recipe: smallRecipe(), preset: null, seed, split: { name: 's1', hash, version: 'v1', versionHash: 'b'.repeat(64), strategy: 'x' },
    engine: EngineChoice.parse({}), ran: null, environment: null, windows: null, createdAt: '2026-01-01T00:00:00.000Z', startedAt: null, endedAt: null, seconds: 0, error: null,
    models: named.map(([model]) => ({ name: model, network: 'n', parameters: model === 'student' ? 1_234_567 : 1000, macs: null, epochs: 1, bestEpoch: null, stoppedEarly: false, seconds: 10 * seed, hash: 'c'.repeat(64) })),
  })
  const systems = Object.fromEntries(
    named.map(([model, { eer, rank1 = eer === null ? undefined : 1 - eer, interval = null }]) => [
      model, { evaluation: { subjects: { tested: subjects }, byBeats: [{ beats: 1, eer: { value: eer, interval }, identification: { rank1: { value: rank1 ?? null, interval: null } } }] } },
    ]),
  )
  const drawn = named.flatMap(([model, { eer, draws }]): [ModelName, StoredDraws][] =>
    draws ? [[model, storedDraws({ seed, replicates: draws.length, subjects: Array.from({ length: subjects }, (_, i) => `S${i}`), byBeats: [{ beats: 1, eer: { value: eer, draws }, rank1: { value: null, draws: draws.map((value) => 1 - value) } }] })]] : [],
  )
  return { record, report: { systems } as unknown as RunReport, draws: drawn.length > 0 ? new Map(drawn) : null }
}

/** Rows of the same seeds, by EER; the first is the baseline. */
export function sourceRows(rows: Readonly<Record<string, readonly (number | null)[]>>): SourceRow[] {
  return Object.entries(rows).map(([name, values], place) => ({ name, kind: 'variant', model: 'student', baseline: place === 0, runs: values.map((eer, at) => sourceRun(at + 1, { student: { eer } })) }))
}

export const sourceRow = (name: string, runs: readonly SourceRun[]): SourceRow => ({ name, kind: 'variant', model: 'student', baseline: false, runs })

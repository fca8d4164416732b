import { decisionUnit, decisionWords, withoutHidden, type Estimate, type ModelName, type RunRecord, type RunReport } from '../../contract/index.ts'
import { crossModalLines } from './cross-modal-words.ts'

export const percent = (value: number | null): string => (value === null ? '-' : `${(100 * value).toFixed(1)} %`)
const withInterval = ({ value, interval }: Estimate): string => `${percent(value)}${interval ? ` [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]` : ''}`

/** One line, without characters that would move a terminal's cursor, change its colours or turn the direction of what follows: a run's folder, or a page of JSON, may come from anywhere. */
export const printable = withoutHidden

/** What a run is, for a terminal. */
export function describeRun({ id, name, state, recipe, split, seed, ran, models, seconds, error, notes = [], windows }: RunRecord): string[] {
  return [
    `${id}${name ? ` (${printable(name)})` : ''}: ${recipe.recipe} on ${split.name} (${split.strategy}), seed ${seed}: ${state}, ${Math.round(seconds)} s`,
    ...(error ? [`${error.code}: ${printable(error.message)}`] : []),
    ...notes.map(({ code, message }) => `${code}: ${printable(message)}`),
    ...(ran ? [`Engine: ${ran.engine} (${ran.version}), ${ran.threads} threads${ran.reasons.map(({ engine, reason }) => `; not ${engine}: ${reason}`).join('')}`] : []),
    ...(windows ? [`Windows: ${Object.entries(windows.byRole).map(([role, count]) => `${count} ${role}`).join(', ')}; ${windows.subjects} people, ${windows.recordings} recordings`] : []),
    ...models.map((model) => `${model.name.padEnd(9)} ${model.network}, ${model.parameters} parameters${model.epochs > 0 ? `, ${model.epochs} epochs (best: ${model.bestEpoch ?? '-'}), ${Math.round(model.seconds)} s` : ''}`),
  ]
}

/** The figures of a report, for a terminal. */
export function reportLines({ recipe }: Pick<RunRecord, 'recipe'>, { systems, comparisons, leaks, facts, crossModal }: RunReport): string[] {
  const unit = decisionUnit(recipe)
  const rows = Object.entries(systems).flatMap(([name, system]) =>
    system ? system.evaluation.byBeats.map(({ beats, eer, identification }) => `${name.padEnd(9)} ${decisionWords(beats, unit).padEnd(10)} EER ${withInterval(eer).padEnd(24)} rank-1 ${withInterval(identification.rank1)}`) : [],
  )
  const calibration = Object.entries(systems).flatMap(([name, system]) => {
    const found = system?.evaluation.calibration
    return found ? [`${name.padEnd(9)} ECE ${percent(found.before.ece)} before, ${percent(found.after?.ece ?? null)} after temperature scaling`] : []
  })
  const verdicts = comparisons
    .filter(({ measure, difference }) => measure === 'eer' && difference !== null)
    .map(({ system, reference, beats, difference, interval, adjustedP, verdict }) => `${system} - ${reference}, ${decisionWords(beats, unit)}: ${((difference ?? 0) * 100).toFixed(1)} points of EER${interval === null ? ', no interval' : ` [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]`}, p ${adjustedP === null ? '-' : adjustedP.toPrecision(2)}: ${verdict.replaceAll('-', ' ')}`)
  return [...leaks.map(({ message }) => `LEAK: ${message}`), `Protocol: ${facts.strategy}`, ...rows, ...calibration, ...verdicts, ...(crossModal ? crossModalLines(crossModal, unit) : [])]
}

/** The JSON of `train`: one object per model, with the headline figures by beats. */
export function runSummary(record: RunRecord, report: RunReport): Record<string, unknown> {
  const models = Object.entries(report.systems).map(([name, system]) => {
    const model = record.models.find((one) => one.name === (name as ModelName))
    return [name, system && {
      network: model?.network ?? null, parameters: model?.parameters ?? null, macs: model?.macs ?? null, epochs: model?.epochs ?? 0, seconds: model?.seconds ?? 0, latencyMs: system.figures?.latencyMs ?? null,
      byBeats: system.evaluation.byBeats.map(({ beats, eer, identification, probes }) => ({ beats, probes, eer, rank1: identification.rank1 })),
      ece: system.evaluation.calibration && { before: system.evaluation.calibration.before.ece, after: system.evaluation.calibration.after?.ece ?? null },
    }] as const
  })
  return { run: record.id, state: record.state, engine: record.ran, seconds: record.seconds, ...Object.fromEntries(models), comparisons: report.comparisons, leaks: report.leaks, ...(report.crossModal ? { crossModal: report.crossModal } : {}) }
}

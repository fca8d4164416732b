import { createHash } from 'node:crypto'
import { decisionUnit, type DecisionUnit, type RunEpoch, type RunRecord, type RunReport } from '../contract/index.ts'
import { crossModalParts } from './cross-modal/report-section.ts'
import { shotsParts } from './cross-modal/shots-section.ts'
import { decimal, ofRecording } from './figure-words.ts'
import { element, joined, list, markupOf, Markup, plots, table, type Content } from './html-parts.ts'
import { reportStyle } from './report-style.ts'
import { beatsOf, beatsTable, comparisonsTable, factsTable, modelsTable, reliabilityTable, subjectsTable, systemsTable, type NamedSystem } from './report-tables.ts'
import { sentenceWords } from './report-words.ts'
import { cmcPlot } from './svg/cmc-plot.ts'
import { detPlot } from './svg/det-plot.ts'
import { epochsPlot } from './svg/epochs-plot.ts'
import { histogramPlot } from './svg/histogram-plot.ts'
import { escapeMarkup } from './svg/markup.ts'
import { reliabilityPlot } from './svg/reliability-plot.ts'
import { zooMarks, zooPlot } from './svg/zoo-plot.ts'

/** Nothing may be loaded or run, and only this style sheet applies: the page is as harmless as its bytes. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(reportStyle).digest('base64')}'; base-uri 'none'; form-action 'none'`

/**
 * A run's report as one page of HTML: no scripts, no other file, for light and dark screens and for paper. Every figure of `report` is in it, in words, tables or plots; all text is escaped.
 * `epochs`: for the curves of training.
 */
export function reportPage(record: RunRecord, report: RunReport, epochs: readonly RunEpoch[]): string {
  const systems: NamedSystem[] = Object.entries(report.systems)
  const name = record.name === '' ? record.id : record.name
  const title = `${name}: report`
  const unit = decisionUnit(record.recipe)
  const parts: Content[] = [
    element('h1', name),
    element('p', `Pulseprint run ${record.id}, evaluated ${report.facts.evaluatedAt}. Percentages in brackets are 95 % intervals over drawn subjects.`, 'soft'),
    ...(record.containsWithdrawn ? [element('p', 'A person whose recordings were learnt has withdrawn consent since. Retrain without them.', 'bad')] : []),
    list(report.sentences.map((sentence) => (sentence.code === 'leak-found' || sentence.code === 'permutation-not-at-chance' ? element('span', sentenceWords(sentence, unit), 'bad') : sentenceWords(sentence, unit)))),
    section('Side by side', beatsOf(systems).flatMap((beats) => [element('h3', `Decisions from ${ofRecording(beats, unit)}`), beatsTable(systems, beats)])),
    section('Comparisons', comparisonsTable(report, unit)),
    section('Curves', [
      ...beatsOf(systems).map((beats) => errorPlots(systems, beats, unit)),
      element('p', 'DET: in normal-deviate axes, further down and left is better; the dotted line is where both errors are equal. CMC: ranks on a logarithmic axis.', 'soft'),
    ]),
    section('Calibration, cost, and what the figures rest on', [systemsTable(systems), ...systems.flatMap((system) => calibrationParts(system))]),
    section('Across modalities', report.crossModal ? crossModalParts(report.crossModal, unit) : []),
    section('Enrolment with few windows', shotsParts(systems, unit)),
    section('Training', trainingParts(record, epochs)),
    section('Subjects', systems.flatMap(([name, { evaluation }]) => (evaluation.perSubject.length === 0 ? [] : [element('h3', name), plots([zooPlot(`Subjects: ${name}`, evaluation.perSubject)]), element('p', zooMarks, 'soft'), subjectsTable(evaluation)]))),
    section('Leak checks', [
      report.leaks.length === 0 ? element('p', 'None of the checks found a leak.') : table(['Check', 'Severity', 'What', 'Recordings', 'Subjects', 'Data'], report.leaks.map((leak) => [
        leak.check, leak.severity, leak.message, leak.recordings.join(', '), leak.subjects.join(', '), JSON.stringify(leak.data),
      ])),
    ]),
    section('Facts', [factsTable(record, report), element('h3', 'Recipe'), element('pre', JSON.stringify(record.recipe, null, 1))]),
  ]
  return [
    '<!DOCTYPE html>', '<html lang="en">', '<head>', '<meta charset="utf-8"/>', `<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>', '<meta name="color-scheme" content="light dark"/>', '<meta name="referrer" content="no-referrer"/>',
    `<title>${escapeMarkup(title)}</title>`, `<style>${reportStyle}</style>`, '</head>', '<body>', ...parts.map(markupOf), '</body>', '</html>', '',
  ].join('\n')
}

const section = (title: string, parts: readonly Content[]): Markup => (parts.every((part) => markupOf(part) === '') ? new Markup('') : element('section', [element('h2', title), joined(parts)]))

/** All systems in one DET and one CMC; score histograms one by one. */
function errorPlots(systems: readonly NamedSystem[], beats: number, unit: DecisionUnit): Markup {
  const probes = systems.flatMap(([name, { evaluation }]) => evaluation.byBeats.filter((each) => each.beats === beats).map((probe) => ({ name, probe })))
  const words = ofRecording(beats, unit)
  return plots([
    detPlot(`DET, ${words}`, probes.map(({ name, probe }) => ({ name, det: probe.det }))),
    cmcPlot(`CMC, ${words}`, probes.map(({ name, probe }) => ({ name, cmc: probe.identification.cmc }))),
    ...probes.flatMap(({ name, probe }) => (probe.histogram ? [histogramPlot(`Scores: ${name}, ${words}`, probe.histogram, probe.operatingPoints.find(({ rule }) => rule === 'validation-eer')?.threshold ?? null)] : [])),
  ])
}

function calibrationParts([name, { evaluation }]: NamedSystem): Content[] {
  const { calibration } = evaluation
  if (!calibration) return []
  return [
    element('h3', `Reliability: ${name}`),
    plots([reliabilityPlot(`Before: ${name}`, calibration.before.reliability), ...(calibration.after ? [reliabilityPlot(`After: ${name}`, calibration.after.reliability)] : [])]),
    element('p', 'Bars: part that is right. Dots: mean confidence. Grey: how many samples.', 'soft'),
    reliabilityTable(evaluation),
  ]
}

/** Loss by term of every network, and what validation said after each epoch. */
function trainingParts(record: RunRecord, epochs: readonly RunEpoch[]): Content[] {
  const phases = [...new Set(epochs.map(({ phase }) => phase))]
  const of = (phase: string): RunEpoch[] => epochs.filter((epoch) => epoch.phase === phase).sort((a, b) => a.epoch - b.epoch)
  const losses = phases.map((phase) => {
    const own = of(phase)
    const terms = [...new Set(own.flatMap((epoch) => Object.keys(epoch.terms)))]
    return epochsPlot(`Loss: ${phase}`, 'Loss', terms.map((term) => ({ name: term, points: own.map((epoch) => ({ epoch: epoch.epoch, value: epoch.terms[term] ?? null })) })))
  })
  const validated = (title: string, measure: 'eer' | 'rank1'): string =>
    epochsPlot(title, 'Rate', phases.map((phase) => ({ name: phase, points: of(phase).flatMap(({ epoch, validation }) => (validation ? [{ epoch, value: validation[measure] }] : [])) })), 0)
  const best = epochs.filter((epoch) => epoch.best).map(({ phase, epoch, validation }) => `${phase} ${epoch} (EER ${decimal(validation?.eer ?? null)})`)
  return [
    modelsTable(record),
    ...(epochs.length === 0 ? [] : [plots([...losses, validated('Validation EER', 'eer'), validated('Validation rank-1', 'rank1')])]),
    ...(best.length === 0 ? [] : [element('p', `Better than every epoch before: ${best.join(', ')}.`, 'soft')]),
  ]
}

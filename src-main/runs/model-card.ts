import { decisionUnit, type ModelExport, type ModelName, type RunRecord, type RunReport, type SystemEvaluation } from '../contract/index.ts'
import { presets } from '../learning/networks/presets.ts'
import { decimal, ofRecording, duration, noFigure, percent, percentEstimate, plainEstimate, whole } from './figure-words.ts'
import { intendedUse, licenceNote } from './model-metadata.ts'
import { preprocessingOf, preprocessingWords } from './preprocessing.ts'
import { sentenceWords } from './report-words.ts'

export interface CardFacts {
  readonly record: RunRecord
  /** `null`: the run was not evaluated. */
  readonly report: RunReport | null
  readonly model: ModelName
  /** The file beside the card, where there is one. */
  readonly exported: ModelExport | null
  readonly synthetic: boolean | null
  readonly program: string
}

/** A lab with fewer subjects cannot rank variants of a model: recognition.md B5. */
const fewSubjects = 50
/** Worse than this across sessions, nothing may be unlocked: recognition.md C5. */
const unlockEer = 0.01

/**
 * A model card in Markdown (Mitchell et al., Model Cards for Model Reporting, 2019), with the YAML front matter that Hugging Face reads (model-index: one result per number of beats).
 * Figures that do not exist are said to be missing.
 */
export function modelCard(facts: CardFacts): string {
  return [
    frontMatter(facts),
    `# ${inline(nameOf(facts.record))}: ${facts.model}`,
    section('Model details', details(facts)),
    section('Intended use', [intendedUse]),
    section('Out of scope', outOfScope(facts)),
    section('Training data', trainingData(facts)),
    section('Metrics', metrics(facts), metricsTable(facts)),
    section('Calibration', calibration(facts)),
    section('Cost', cost(facts)),
    section('Exported files', files(facts)),
    section('Limitations', limitations(facts)),
    section('Training time', time(facts)),
  ].filter((part) => part !== '').join('\n\n') + '\n'
}

const section = (title: string, lines: readonly string[], table = ''): string => (lines.length === 0 ? '' : `## ${title}\n\n${table}${lines.map((line) => `- ${line}`).join('\n')}`)

/** Text of people in Markdown: on one line, and nothing in it is markup. */
function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|~&]/g, (character) => `\\${character}`)
}

/** JSON strings are YAML strings. */
const quoted = (text: string): string => JSON.stringify(text)

function evaluationOf({ report, model }: CardFacts): SystemEvaluation | null {
  return report?.systems[model]?.evaluation ?? null
}

function frontMatter(facts: CardFacts): string {
  const { record, model } = facts
  const unit = decisionUnit(record.recipe)
  const evaluation = evaluationOf(facts)
  const results = (evaluation?.byBeats ?? []).flatMap((probe) => [
    ...metric('equal_error_rate', `EER, ${ofRecording(probe.beats, unit)}`, probe.eer.value), ...metric('rank_1', `Rank-1, ${ofRecording(probe.beats, unit)}`, probe.identification.rank1.value),
  ])
  return [
    '---',
    'license: other',
    'license_name: none',
    'library_name: onnx',
    'tags:',
    ...['biometrics', record.recipe.windows.lane, 'person-recognition', 'pulseprint'].map((tag) => `  - ${tag}`),
    ...(results.length === 0
      ? []
      : [
          'model-index:', `  - name: ${quoted(`${nameOf(record)}: ${model}`)}`, '    results:', '      - task:', '          type: person-verification', '        dataset:',
          `          name: ${quoted(`${record.split.version} / ${record.split.name}`)}`, '          type: private', `          revision: ${quoted(record.split.hash)}`, '        metrics:', ...results,
        ]),
    '---',
  ].join('\n')
}

/** A run need not have a name. */
const nameOf = ({ name, id }: RunRecord): string => (name === '' ? id : name)

const metric = (type: string, name: string, value: number | null): string[] => (value === null ? [] : [`          - type: ${type}`, `            name: ${quoted(name)}`, `            value: ${value}`])

function details({ record, model, program }: CardFacts): string[] {
  const made = record.models.find(({ name }) => name === model)
  const options = networkOptions(record, model)
  return [
    `Recipe ${record.recipe.recipe}, model ${model}${made ? `: ${inline(made.network)}` : ''}${options ? ` (${presets[options.preset].description})` : ''}.`,
    ...(options ? [`Embedding: ${options.embedding} dimensions, length 1; embeddings are compared by their cosine, and only with embeddings of this model.`] : ['Embeddings are compared by their cosine.']),
    ...(record.windows ? [`Input: ${preprocessingWords(preprocessingOf({ ...record.windows, windows: record.recipe.windows }))}`] : []),
    ...(made ? [`Weights: SHA-256 \`${made.hash}\`, of epoch ${made.bestEpoch ?? 'n/a'} of ${made.epochs}${made.stoppedEarly ? ', stopped early' : ''}.`] : []),
    `Run \`${record.id}\`, seed ${record.seed}, made by Pulseprint ${inline(record.environment?.program ?? program)}.`,
    `License: ${licenceNote}`,
  ]
}

function networkOptions({ recipe }: RunRecord, model: ModelName) {
  if (model === 'teacher') return 'teacher' in recipe ? recipe.teacher.network : null
  return (model === 'student' || model === 'scratch') && 'student' in recipe ? recipe.student.network : null
}

function outOfScope(facts: CardFacts): string[] {
  const headline = evaluationOf(facts)?.byBeats[0]
  const measured = headline?.eer.value == null ? 'The EER of this model was not measured.' : `The EER of this model is ${percentEstimate(headline.eer)} deciding by ${ofRecording(headline.beats, decisionUnit(facts.record.recipe))} (split strategy ${facts.record.split.strategy}).`
  return [
    'No medical diagnosis: nothing was learnt about health, and nothing was tested.',
    `No unlocking of devices, doors or records at a cross-session EER above ${percent(unlockEer, 0)}. ${measured}`,
    'No identification of people who did not consent, and no monitoring of people at work or at school.',
  ]
}

function trainingData({ record, synthetic }: CardFacts): string[] {
  const { split, windows } = record
  return [
    ...(synthetic === true ? ['The people are synthetic: every signal was generated. Nothing about real people follows from any figure here.'] : []),
    `Version ${inline(split.version)} (hash \`${split.versionHash}\`), split ${inline(split.name)} (strategy ${split.strategy}, hash \`${split.hash}\`). The data are not published with the model.`,
    ...(windows
      ? [
          `${whole(windows.subjects)} people, ${whole(windows.recordings)} recordings; windows ${Object.entries(windows.byRole).map(([role, count]) => `${role} ${whole(count)}`).join(', ')}.`,
          `Left out: ${Object.entries(windows.dropped).map(([why, count]) => `${why} ${whole(count)}`).join(', ')}. Hash of the windows \`${windows.contentHash}\`.`,
        ]
      : []),
  ]
}

function metricsTable(facts: CardFacts): string {
  const evaluation = evaluationOf(facts)
  if (!evaluation) return ''
  const rows = evaluation.byBeats.map((probe) => {
    const at1 = probe.fnmrAtFmr.find(({ fmr }) => fmr === 0.01)
    const costs = probe.minDcf.map(({ prior, cost }) => `${plainEstimate(cost)} at prior ${decimal(prior)}`).join('; ')
    return [
      ofRecording(probe.beats, decisionUnit(facts.record.recipe)), percentEstimate(probe.eer), at1 ? percentEstimate(at1.fnmr) : noFigure, costs, percentEstimate(probe.identification.rank1), `${whole(probe.genuineTrials)} / ${whole(probe.impostorTrials)}`,
    ]
  })
  const heads = ['Decision by', 'EER', 'FNMR at FMR 1 %', 'minDCF', 'Rank-1', 'Genuine / impostor trials']
  return `${[heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n`
}

function metrics(facts: CardFacts): string[] {
  const evaluation = evaluationOf(facts)
  if (!evaluation) return ['Not evaluated.']
  const { subjects, bootstrap, failureToAcquire, permutation, normalisation } = evaluation
  return [
    `In brackets: 95 % intervals from ${whole(bootstrap.replicates)} draws of ${bootstrap.subjects} subjects. Rates are of comparisons on the test part; no threshold was chosen on it.`,
    `${subjects.enrolled} people enrolled, ${subjects.tested} tested, ${subjects.neverEnrolled} of them never enrolled. Score normalisation: ${normalisation.kind}${normalisation.off ? `, off (${normalisation.off})` : ''}.`,
    ...(permutation ? [`With labels at random the EER is ${percent(permutation.eer)}: ${permutation.atChance ? 'at chance, as it must be' : 'NOT at chance, the evaluation is broken'}.`] : []),
    ...(failureToAcquire ? [`${failureToAcquire.refused} of ${failureToAcquire.attempts} attempts (${percent(failureToAcquire.rate)}) gave nothing to decide by.`] : []),
  ]
}

function calibration(facts: CardFacts): string[] {
  const found = evaluationOf(facts)?.calibration
  if (!found) return ['Not measured.']
  const { before, after, temperature, samples, validationSamples, classes } = found
  const measures = ({ ece, brier, nll }: typeof before): string => `ECE ${percent(ece)} (15 bins), Brier ${decimal(brier)}, NLL ${decimal(nll)}`
  return [
    `Confidence over ${classes} people (${found.source === 'head' ? 'classifier' : 'enrolled templates'}), ${whole(samples)} windows: ${measures(before)}.`,
    after && temperature ? `After temperature scaling (T = ${decimal(temperature.value)}${temperature.atLimit ? ', at its limit' : ''}, fitted on ${whole(validationSamples)} validation windows): ${measures(after)}.` : 'No validation part: no temperature was fitted.',
  ]
}

function cost({ record, report, model, exported }: CardFacts): string[] {
  const figures = report?.systems[model]?.figures
  const made = record.models.find(({ name }) => name === model)
  const parameters = exported?.parameters ?? figures?.parameters ?? made?.parameters ?? null
  const macs = figures?.macs ?? made?.macs ?? null
  const latency = figures?.latencyMs
  return [
    `${whole(parameters)} parameters; ${whole(macs)} multiply-accumulates per window.`,
    report && latency
      ? `One window takes ${decimal(latency.p50)} ms (median; 95th percentile ${decimal(latency.p95)} ms) on ${inline(report.facts.processor)}, ${report.facts.engine.engine} (${inline(report.facts.engine.version)}), ${report.facts.engine.provider}, ${report.facts.engine.threads} threads.`
      : 'Latency was not measured.',
  ]
}

function files({ exported }: CardFacts): string[] {
  if (!exported) return []
  const { quantised } = exported
  return [
    `ONNX, ${whole(exported.bytes)} bytes: input \`windows\` [batch, time, channels] float32, output \`embedding\` [batch, dimensions]. The classifier, whose rows are people's centres, is not in it.`,
    `Run by ONNX Runtime on ${exported.windows} windows in batches of 1, 3 and 64 before it was kept: no element of an embedding differs from the trainer's by more than ${exported.largestDifference.toExponential(1)}.`,
    ...(quantised
      ? [
          `8-bit weights (${whole(quantised.bytes)} bytes): mean cosine to the float embeddings ${quantised.meanCosine.toFixed(4)}, EER on validation ${percent(quantised.eerBefore)} before and ${percent(quantised.eerAfter)} after. ${
            quantised.kept ? 'Kept; an embedding depends a little on what else is in its batch, and thresholds have to be set anew.' : 'Not kept: it costs too much.'
          }`,
        ]
      : []),
  ]
}

function limitations(facts: CardFacts): string[] {
  const { record, report } = facts
  const evaluation = evaluationOf(facts)
  const subjects = evaluation?.bootstrap.subjects ?? record.windows?.subjects ?? null
  return [
    ...(record.containsWithdrawn ? ['A person whose recordings were learnt has withdrawn consent since: retrain without them before any further use.'] : []),
    ...(subjects !== null && subjects < fewSubjects ? [`${subjects} people were tested: fewer than ${fewSubjects} cannot rank variants of a model, and intervals are wide.`] : []),
    ...(report?.leaks ?? []).map(({ check, severity, message }) => `Leak check ${check} (${severity}): ${inline(message)}`),
    ...(report?.sentences ?? []).filter(({ code, data }) => data.system === facts.model && ['better', 'worse', 'no-significant-difference', 'too-few-subjects-to-rank'].includes(code)).map((sentence) => inline(sentenceWords(sentence, decisionUnit(facts.record.recipe)))),
    'Heart rate, posture, drugs, illness, electrodes and the years between two recordings change a heartbeat; only what the split holds apart was tested.',
    'Embeddings of a heartbeat are personal data: whoever has them can compare them with others.',
    'Presentation attacks (replayed or synthesised signals) were not tested.',
  ]
}

function time({ record, model }: CardFacts): string[] {
  const made = record.models.find(({ name }) => name === model)
  const { environment, ran } = record
  return [
    `${made ? `This model: ${duration(made.seconds)}. ` : ''}The whole run: ${duration(record.seconds)}${ran ? ` on ${ran.engine} (${inline(ran.version)}), ${ran.provider}, ${ran.threads} threads` : ''}.`,
    ...(environment ? [`Machine: ${inline(environment.processor)}, ${inline(environment.platform)}, ${decimal(environment.memoryBytes / 2 ** 30)} GiB. Energy and carbon were not measured.`] : []),
  ]
}

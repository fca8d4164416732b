import type { DatasetInfo, ExportOptions, ExportReport, Subject } from '../contract/index.ts'
import { groupBy } from '../curation/order.ts'
import { isSubjectDisjoint } from '../curation/split-roles.ts'
import { counted, countsText, type ExportFacts } from './export-facts.ts'
import type { ExportPlan } from './export-plan.ts'
import { windowSamples } from './window-stretch.ts'
import { ruleWords } from './rule-words.ts'

/** All that the papers say something about. */
export interface PaperFacts {
  readonly info: DatasetInfo
  readonly plan: ExportPlan
  readonly options: ExportOptions
  readonly facts: ExportFacts
  readonly people: readonly Subject[]
  readonly changed: ExportReport['changed']
  readonly trials: number
}

/** Fewer people than this are not described by counts: a count of one describes somebody. */
const fewPeople = 5
/** Notes about changed values that a person reads; the report has all. */
const shownChanges = 100

/** datasheet.md, in the sections of Gebru et al., Datasheets for Datasets (2021), filled from what was exported. */
export function datasheet(paper: PaperFacts): string {
  const { info, plan } = paper
  return [
    `# Datasheet: ${info.name}, version ${plan.version.name}`,
    `Written by Pulseprint with the export. Version hash: \`${plan.version.hash}\`. Frozen: ${plan.version.createdAt.slice(0, 10)}.`,
    section('Motivation', motivation(paper)),
    section('Composition', composition(paper)),
    section('Collection process', collection(paper)),
    section('Preprocessing, cleaning, labelling', preprocessing(paper)),
    section('Uses', uses(paper)),
    section('Distribution', distribution(paper)),
    section('Maintenance', maintenance(paper)),
    section('Files of this export', formatNotes(paper)),
    section('Known limits', limits(paper)),
  ].join('\n\n') + '\n'
}

const section = (title: string, lines: readonly string[]): string => `## ${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}`

function motivation({ info }: PaperFacts): string[] {
  return [
    'Purpose: research on recognising people by their electrocardiogram and photoplethysmogram, and on how far that can be trusted.',
    ...(info.synthetic ? ['The people are synthetic: every signal was generated. Nothing about real people follows from it.'] : []),
    'Who made it, and who paid for it, is not recorded in the dataset.',
  ]
}

function composition({ plan, facts, people, options }: PaperFacts): string[] {
  const own = [...groupBy(plan.entries, ({ entry }) => entry.subject as string).values()]
  const sessions = own.map((items) => new Set(items.map(({ session }) => session)).size)
  const days = plan.entries.flatMap(({ day }) => day ?? [])
  const unknownDays = plan.entries.length - days.length
  return [
    `${counted(own.length, 'subject')}, ${counted(plan.entries.length, 'recording')}, ${hours(facts.seconds)} of kept signal.`,
    `Sessions per subject: ${spread(sessions)}. Recordings per subject: ${spread(own.map((items) => items.length))}.`,
    `Longest time between a subject's first and last recording: ${days.length === 0 ? 'not known' : `${days.reduce((most, day) => Math.max(most, day), 0)} days`}.${unknownDays > 0 ? ` The date is not known of ${counted(unknownDays, 'recording')}: no order in time is claimed there.` : ''}`,
    `Lanes: ${countsText(facts.lanes)}. Sampling rates: ${countsText(facts.rates)}.`,
    `Beats: ${facts.beats}; other labels: ${facts.labels}.`,
    people.length >= fewPeople ? `Sex: ${countsText(tally(people.map(({ sex }) => sex)))}; year of birth known of ${people.filter(({ birthYear }) => birthYear !== null).length}.` : `Sex and age are not described: there are fewer than ${fewPeople} subjects.`,
    `Missing by loss while recording: ${facts.lostRows} rows. Lost samples are missing values, never interpolated.`,
    `Findings and warnings, by recordings: ${countsText(facts.findings)}.`,
    ...(plan.split ? [splitText(plan, options)] : ['No split is given: nothing says which recordings may train and which test.']),
    'ECG and PPG identify the person they come from, and are health data. The codes are pseudonyms; the signals are personal data all the same.',
  ]
}

function splitText({ split, entries }: ExportPlan, options: ExportOptions): string {
  if (!split) return ''
  const counts = tally(entries.flatMap(({ roles }) => [...new Set((roles ?? []).map(({ role }) => role as string))]))
  const outside = entries.filter(({ roles }) => roles?.length === 0).length
  const left = outside === 0 ? '' : ` Without a role${options.format === 'npz' || options.format === 'parquet' ? ', and without windows' : ''}: ${counted(outside, 'recording')}.`
  const kind = isSubjectDisjoint(split.options) ? 'training and test share no subject' : 'training and test share subjects'
  const leaky = split.options.strategy === 'diagnostic-leaky' ? ' This split leaks by design and proves nothing.' : ''
  return `Split "${split.name}": ${split.options.strategy}, seed ${split.options.seed}; ${kind}; recordings by role: ${countsText(counts)}.${left}${leaky}`
}

function collection({ facts, people }: PaperFacts): string[] {
  return [
    `Devices: ${countsText(facts.devices)}.`,
    `Origin: ${countsText(facts.sources)}. State: ${countsText(facts.states)}.`,
    `Consent of the subjects, as registered: ${countsText(tally(people.map(({ consent }) => consent)))}. Public data carries its own licence; its subjects are registered as it says.`,
    'Electrode sites, posture and activity are known only where labels or protocol steps say so.',
  ]
}

function preprocessing(paper: PaperFacts): string[] {
  const { plan, facts, options } = paper
  const { version, missing, withdrawn } = plan
  const layer = options.annotator === null ? `detectors: ${[...facts.detectors].sort().join(', ') || 'none ran'}` : 'a layer that a person or an imported file wrote'
  return [
    'Stored samples are the converter\'s counts, unfiltered.',
    version.rules.length === 0 ? 'No rules: every recording with samples was taken.' : `Rules, in order: ${version.rules.map((rule, i) => `(${i + 1}) ${ruleWords(rule, options.keepDates)}`).join(' ')}`,
    `Excluded: ${counted(version.excluded.length, 'recording')}; a person's word went before the rules ${counted(version.overrides.length, 'time')}. ${facts.secondsLeftOut.toFixed(1)} s of the exported recordings are left out.`,
    ...(missing.length > 0 ? [`Of the version ${counted(missing.length, 'recording')} are not in this export: ${withdrawn} because the subject refused or withdrew since, the others because they are gone.`] : []),
    `Beats come from ${layer}; ${facts.layers} of ${facts.recordings} recordings have them.`,
    `Free text is left out: notes and technicians' markers (${facts.leftOut}) stayed in the dataset; labels "exclude" have lost their reasons.`,
    ...windowText(paper),
  ]
}

function windowText({ options, facts }: PaperFacts): string[] {
  if (options.format !== 'npz' && options.format !== 'parquet') return []
  const { mode, lane, rateHz, seconds, strideSeconds, beatsPerGroup, filtered } = options.window
  const { before, length } = windowSamples(options.window)
  const shape = `${length} samples at ${rateHz} Hz`
  const how = mode === 'fixed'
    ? `windows of ${seconds} s every ${strideSeconds} s, ${shape}`
    : mode === 'beat'
      ? `one window per beat, ${shape}, the beat on sample ${before} (from 0)`
      : `summary beats: of every ${beatsPerGroup} beats in a row the mean of the 5 that are nearest (L2) to the mean of all, ${shape}, the beat on sample ${before}`
  return [
    `Windows: ${how}; from the ${lane} lane with the most usable seconds. ${counted(facts.windows, 'window')}; without such a lane: ${counted(facts.noLane, 'recording')}.`,
    filtered
      ? `Filter: Butterworth ${lane === 'ecg' ? '0.5-40' : '0.5-8'} Hz, order 4, forwards and backwards (no delay), on every stretch of kept rows of one role by itself: no sample of another role or of what was left out gets into a window.`
      : 'No filter, but against aliasing.',
    'Resampled without delay by a windowed sinc (flat to 0.42 of the lower rate, 80 dB down from half of it); a beat lies on its sample to half a sample. Windows lie in kept rows of one role as a whole; those that would miss a sample are dropped. Values are in the lane\'s unit; they are NOT normalised (z-score them per window).',
  ]
}

function uses({ info }: PaperFacts): string[] {
  return [
    'Meant for: comparing recognition methods, with results per protocol, with intervals over subjects, and split by subject, session or recording, never by beat.',
    'Not meant for: medical diagnosis; unlocking devices or doors; identifying people who did not agree to it.',
    `Ethics: ${info.ethics === '' ? 'not stated' : info.ethics}`,
  ]
}

function distribution({ info, facts }: PaperFacts): string[] {
  const imported = [...facts.licences].sort()
  return [
    `Licence: ${info.licence === '' ? 'not stated: without one nobody may pass this on' : info.licence}`,
    ...(imported.length > 0 ? [`Licences of imported recordings: ${imported.join('; ')}`] : []),
    'Treat it as personal data of a special category (GDPR, Art. 9), whoever holds the list of codes.',
    'MANIFEST.sha256 has the hash of every file: `sha256sum -c MANIFEST.sha256`.',
  ]
}

function maintenance({ plan }: PaperFacts): string[] {
  return [
    `The version never changes, except that people who are erased leave it${plan.version.erasures.length > 0 ? ` (so far ${counted(plan.version.erasures.length, 'time')})` : ''}. The same version and options give the same bytes.`,
    'Whoever holds a copy must remove a subject that withdraws: its code names all that is to go.',
  ]
}

function formatNotes({ options, changed, plan, trials }: PaperFacts): string[] {
  const dates = options.keepDates
    ? 'Dates and times are the recordings\' own.'
    : 'Dates are days since the subject\'s first recording in the version (day 0 is written as 1 January 1985 where a format needs a date); times of day are minutes that say only the place within the day. Recordings are r001 ... and sessions s1 ... in each subject\'s order.'
  const notes = {
    wfdb: 'WFDB: SUBJECT/RECORDING/signals.hea and .dat; signals.qrs are detected beats, signals.atr beats and labels of a layer. Rows that were left out hold the invalid code, so that every other keeps its time.',
    edf: 'EDF+: SUBJECT/RECORDING.edf, digital values are the counts; a value beyond the converter\'s range (NA= in a signal\'s reserved field) is a missing sample; rows that were lost or left out are annotated "Missing".',
    bdf: 'BDF+: SUBJECT/RECORDING.bdf, 24-bit digital values are the counts; a value beyond the converter\'s range (NA= in a signal\'s reserved field) is a missing sample; rows that were lost or left out are annotated "Missing".',
    csv: 'CSV: SUBJECT/RECORDING.csv, time in seconds from the first row and every lane in its unit; rows that were left out are not there. beats.csv and labels.csv hold all recordings\'.',
    npz: 'NPZ: `windows` float32 [n, samples]; `subject`, `recording`, `session`, `role` count in the tables of the same name in the plural (-1: none), `day` is -1 where it is not known, `row` counts rows of the recording.',
    parquet: 'Parquet: windows.parquet, one row per window with its samples as a list of float32.',
  } as const
  return [
    notes[options.format],
    'recordings.csv and subjects.csv say what is whose; version.json what was frozen; croissant.json describes it all for programs.',
    ...(plan.split ? [`split.json says who is where${trials > 0 ? `; trials.txt has ${counted(trials, 'trial')} (1 same person, 0 another; enrolled, probe)` : ''}.`] : []),
    dates,
    ...(changed.length === 0 ? ['Nothing was changed to fit the format.'] : changed.slice(0, shownChanges).map(({ file, message }) => `${file}: ${message}`)),
    ...(changed.length > shownChanges ? [`... and ${changed.length - shownChanges} more changes of this kind.`] : []),
  ]
}

function limits({ plan, facts }: PaperFacts): string[] {
  const sessions = [...groupBy(plan.entries, ({ entry }) => entry.subject as string).values()].map((items) => new Set(items.map(({ session }) => session)).size)
  const single = sessions.filter((count) => count === 1).length
  return [
    ...(single > 0 ? [`${single} of ${counted(sessions.length, 'subject')} have one session only: what works within a day says little about another day.`] : []),
    ...(facts.devices.size > 1 ? ['There is more than one device: a model may learn the device instead of the person where they go together.'] : []),
    ...(facts.rates.size > 1 ? ['There is more than one sampling rate, with the same danger.'] : []),
    `${counted(sessions.length, 'subject')} bound what can be shown: no error in N independent comparisons means at most 3/N (95 %), and comparisons of one person are not independent.`,
    'Lanes that are slower than their recording have values on some rows only.',
  ]
}

function hours(seconds: number): string {
  return seconds >= 3600 ? `${(seconds / 3600).toFixed(2)} h` : `${(seconds / 60).toFixed(1)} min`
}

/** @example spread([1, 2, 5]) // '1 to 5, median 2' */
function spread(counts: readonly number[]): string {
  const sorted = [...counts].sort((a, b) => a - b)
  if (sorted.length === 0) return 'none'
  return sorted[0] === sorted[sorted.length - 1] ? String(sorted[0]) : `${sorted[0]} to ${sorted[sorted.length - 1]}, median ${sorted[Math.floor((sorted.length - 1) / 2)]}`
}

function tally(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

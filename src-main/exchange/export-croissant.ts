import type { ExportFormat } from '../contract/index.ts'
import { recordingColumns, subjectColumns } from './export-tables.ts'
import type { ExportedFile } from './export-folder.ts'
import { counted, countsText } from './export-facts.ts'
import type { PaperFacts } from './export-datasheet.ts'
import { parquetColumns } from './export-parquet.ts'

/** JSON-LD context of Croissant 1.1 (appendix 1 of its specification): short names for its terms. */
const plainTerms = [
  'annotation', 'arrayShape', 'citeAs', 'column', 'containedIn', 'equivalentProperty', 'excludes', 'extract', 'field', 'fileProperty', 'fileObject', 'fileSet', 'format', 'includes', 'isArray',
  'isLiveDataset', 'jsonPath', 'key', 'md5', 'parentField', 'recordSet', 'references', 'regex', 'readLines', 'sdVersion', 'separator', 'source', 'subField', 'transform', 'unArchive', 'value',
] as const
const context = {
  '@language': 'en',
  '@vocab': 'http://schema.org/',
  sc: 'http://schema.org/',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  dct: 'http://purl.org/dc/terms/',
  conformsTo: 'dct:conformsTo',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  examples: { '@id': 'cr:examples', '@type': '@json' },
  ...Object.fromEntries(plainTerms.map((term) => [term, `cr:${term}`])),
}

const mediaTypes: Record<string, string> = {
  csv: 'text/csv', json: 'application/json', md: 'text/markdown', txt: 'text/plain', npz: 'application/x-npz', parquet: 'application/vnd.apache.parquet', hea: 'text/plain', dat: 'application/octet-stream',
  qrs: 'application/octet-stream', atr: 'application/octet-stream', edf: 'application/edf', bdf: 'application/octet-stream',
}
/** Files of one kind, one or more per recording. */
const sets: Partial<Record<ExportFormat, readonly string[]>> = { wfdb: ['*/*/signals.hea', '*/*/signals.dat', '*/*/signals.qrs', '*/*/signals.atr'], edf: ['*/*.edf'], bdf: ['*/*.bdf'], csv: ['*/*.csv'] }

const integers: ReadonlySet<string> = new Set(['day', 'order', 'rows', 'beats', 'subject_index', 'sessions', 'recordings', 'row'])
const floats: ReadonlySet<string> = new Set(['rate_hz', 'kept_seconds', 'start_s'])
const words: Record<string, string> = {
  subject: 'Pseudonymous code of the subject.',
  session: 'Day or visit of the subject.',
  recording: 'Name of the recording within its subject.',
  day: "Days since the subject's first recording; empty where the date is not known.",
  order: "Place among the subject's recordings of that day, from 0.",
  role: 'Role in the split: train, validation, enrol, test; several joined by + where rows are divided; empty for none.',
  path: 'Where the signals lie.',
  kept_rows: 'Rows that were kept, half open: from-to;from-to.',
  samples: "Samples of the window in the lane's unit.",
}

/**
 * croissant.json: the export for programs that load data sets, as Croissant 1.1 (2026-01-29) with the terms of its RAI vocabulary 1.0. Files at the top have their hashes here, those of the
 * recordings in MANIFEST.sha256.
 * @param files all that was written so far
 */
export function croissant(paper: PaperFacts, files: readonly ExportedFile[]): string {
  const { info, plan, options } = paper
  const top = files.filter(({ name }) => !name.includes('/')).sort((a, b) => (a.name < b.name ? -1 : 1))
  const content = {
    '@context': context,
    '@type': 'sc:Dataset',
    conformsTo: ['http://mlcommons.org/croissant/1.1', 'http://mlcommons.org/croissant/RAI/1.0'],
    name: `${info.name} ${plan.version.name}`,
    description: `Version ${plan.version.name} of the dataset ${info.name}: ${counted(new Set(plan.entries.map(({ entry }) => entry.subject)).size, 'subject')}, ${counted(plan.entries.length, 'recording')} of ${lanesText(paper)}, exported as ${options.format}.`,
    license: licences(paper),
    url: `urn:uuid:${info.id}`,
    creator: { '@type': 'sc:Organization', name: info.name },
    datePublished: plan.version.createdAt.slice(0, 10),
    dateCreated: plan.version.createdAt.slice(0, 10),
    version: plan.version.hash.slice(0, 12),
    isLiveDataset: false,
    keywords: ['electrocardiogram', 'photoplethysmogram', 'biometrics', ...(info.synthetic ? ['synthetic'] : [])],
    ...responsible(paper),
    distribution: [...top.map(fileObject), ...fileSets(options.format, files)],
    recordSet: recordSets(paper, top),
  }
  return `${JSON.stringify(content, null, 1)}\n`
}

function lanesText({ facts }: PaperFacts): string {
  return [...new Set([...facts.lanes.keys()].map((lane) => lane.split(',')[0]))].sort().join(', ') || 'no lanes'
}

function licences({ info, facts }: PaperFacts): string | string[] {
  const all = [...new Set([info.licence, ...[...facts.licences].sort()])].filter((licence) => licence !== '')
  return all.length === 0 ? 'not stated' : all.length === 1 ? all[0] : all
}

function responsible({ info, plan, facts, people, options }: PaperFacts): Record<string, unknown> {
  const consents = new Map<string, number>()
  for (const { consent } of people) consents.set(consent, (consents.get(consent) ?? 0) + 1)
  const layer = options.annotator === null ? [...facts.detectors].sort() : []
  return {
    'rai:dataCollection': `Devices: ${countsText(facts.devices)}. Origin: ${countsText(facts.sources)}. Consent of the subjects: ${countsText(consents)}.`,
    'rai:dataCollectionType': ['Physical data collection', ...(info.synthetic ? ['Software Collection'] : [])],
    'rai:dataCollectionMissingData': `${facts.lostRows} rows were lost while recording; they are missing values, never interpolated.`,
    'rai:dataPreprocessingProtocol': [`${counted(plan.version.rules.length, 'curation rule')}, listed in version.json with words.`, 'datasheet.md says how signals and windows were made.'],
    'rai:dataAnnotationProtocol': layer.length > 0 ? `Beats were found by ${layer.join(', ')}.` : options.annotator === null ? 'No beats.' : 'Beats and labels of one layer that a person or an imported file wrote.',
    ...(layer.length > 0 && { 'rai:machineAnnotationTools': layer }),
    'rai:personalSensitiveInformation': ['Biometric data: signals identify the person. Health data: electrocardiogram and photoplethysmogram. Codes are pseudonyms; dates are ' + (options.keepDates ? 'true' : 'relative to the subject\'s first recording') + '.'],
    'rai:dataBiases': [`${counted(people.length, 'subject')}; devices: ${countsText(facts.devices)}; sampling rates: ${countsText(facts.rates)}.`],
    'rai:dataLimitations': ['Not for medical diagnosis, nor for unlocking devices. Results within a day say little about another day. See datasheet.md.'],
    'rai:dataUseCases': ['Comparing methods that recognise people by ECG or PPG, split by subject, session or recording.'],
    'rai:dataReleaseMaintenancePlan': 'The version never changes, except that subjects who are erased leave it; copies must follow.',
  }
}

function fileObject({ name, bytes, sha256 }: ExportedFile): Record<string, unknown> {
  return { '@type': 'cr:FileObject', '@id': name, name, contentUrl: name, contentSize: `${bytes} B`, encodingFormat: mediaType(name), sha256 }
}

function fileSets(format: ExportFormat, files: readonly ExportedFile[]): Record<string, unknown>[] {
  return (sets[format] ?? []).flatMap((glob) => {
    const ending = glob.slice(glob.lastIndexOf('.') + 1)
    const count = files.filter(({ name }) => name.includes('/') && name.endsWith(`.${ending}`)).length
    if (count === 0) return []
    return [{ '@type': 'cr:FileSet', '@id': `${ending}-files`, name: `${ending}-files`, description: `${counted(count, 'file')}; hashes are in MANIFEST.sha256.`, encodingFormat: mediaType(glob), includes: glob }]
  })
}

function recordSets({ options }: PaperFacts, top: readonly ExportedFile[]): Record<string, unknown>[] {
  const sets = [
    recordSet('subjects', 'subjects.csv', subjectColumns, ['subject'], {}),
    recordSet('recordings', 'recordings.csv', recordingColumns, ['subject', 'recording'], { subject: 'subjects/subject' }),
  ]
  const parquet = top.find(({ name }) => name === 'windows.parquet')
  if (options.format === 'parquet' && parquet) sets.push(recordSet('windows', parquet.name, parquetColumns.map(({ name }) => name), [], { subject: 'subjects/subject' }))
  return sets
}

function recordSet(id: string, file: string, columns: readonly string[], key: readonly string[], references: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    '@type': 'cr:RecordSet',
    '@id': id,
    name: id,
    ...(key.length > 0 && { key: key.map((column) => ({ '@id': `${id}/${column}` })) }),
    field: columns.map((column) => ({
      '@type': 'cr:Field',
      '@id': `${id}/${column}`,
      name: column,
      description: words[column] ?? column.replaceAll('_', ' '),
      dataType: column === 'role' ? ['sc:Text', 'cr:Split'] : typeOf(column),
      ...(column === 'samples' && { isArray: true, arrayShape: '-1' }),
      ...(references[column] !== undefined && { references: { '@id': references[column] } }),
      source: { fileObject: { '@id': file }, extract: { column } },
    })),
  }
}

function typeOf(column: string): string {
  if (integers.has(column)) return 'sc:Integer'
  if (column === 'enrolled') return 'sc:Boolean'
  return floats.has(column) || column === 'samples' ? 'sc:Float' : 'sc:Text'
}

function mediaType(name: string): string {
  return mediaTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
}

import { ImportRules, type ImportPreset, type ImportRulesInput } from '../contract/index.ts'

/** Published with consent or as surrogate records; the licences forbid nothing that a dataset does. */
const published = { consent: 'granted' as const }
const openData = 'Open Data Commons Attribution License 1.0 (PhysioNet)'

const inputs: Record<ImportPreset, ImportRulesInput> = {
  /** Person_01/rec_1.hea; `# ECG date: 07.12.2004`. Signals are named `ECG I` and `ECG I filtered`. */
  'ecg-id': { subject: { from: 'path', pattern: '(Person_\\d+)' }, session: { kind: 'date' }, licence: openData, timeZone: 'Europe/Moscow', ...published },
  /** patient001/s0010_re.hea; `# ECG date: 01/10/1990`. */
  ptb: { subject: { from: 'path', pattern: '(patient\\d+)' }, session: { kind: 'date' }, licence: openData, timeZone: 'Europe/Berlin', ...published },
  /** bidmc01.hea; several records are pieces of one patient's stay: `<source>: .../matched/s01182/ <data segment>: 2688-03-25-23-14`. */
  bidmc: {
    subject: { from: 'file', pattern: '(bidmc\\d+)' },
    identity: { from: 'comments', pattern: '<source>:?\\s*\\S*?(s\\d{4,})' },
    session: { kind: 'pattern', from: 'comments', pattern: '<data segment>:?\\s*([0-9-]+)' },
    licence: openData,
    timeZone: 'America/New_York',
    ...published,
  },
  /** 100.hea; 201 and 202 are one person (database directory of MIT-BIH), so both have the value 20. */
  'mit-bih': {
    subject: { from: 'file', pattern: '(\\d{3})' },
    identity: { from: 'file', pattern: '^(20(?=[12]$)|\\d{3}$)' },
    session: { kind: 'single' },
    licence: openData,
    timeZone: 'America/New_York',
    ...published,
  },
  'folder-per-subject': { subject: { from: 'path', pattern: '^([^/]+)/' }, session: { kind: 'date' } },
  /** sub-01/ses-02/sub-01_ses-02_ecg.edf */
  bids: { subject: { from: 'path', pattern: 'sub-([^/_]+)' }, session: { kind: 'pattern', from: 'path', pattern: 'ses-([^/_]+)' } },
  'file-per-subject': { subject: { from: 'file', pattern: '^(.+)$' }, session: { kind: 'date' } },
}

/** The rules of a preset, to be used as they are or edited. */
export function presetRules(preset: ImportPreset): ImportRules {
  return ImportRules.parse({ ...inputs[preset], preset })
}

export const importPresets = Object.keys(inputs) as ImportPreset[]

/** How the files of the well-known archives are named. */
const signatures: readonly { readonly preset: ImportPreset; readonly pattern: RegExp }[] = [
  { preset: 'ecg-id', pattern: /(^|\/)Person_\d+\/rec_\d+\.hea$/ },
  { preset: 'ptb', pattern: /(^|\/)patient\d+\/s\d+[a-z_]*\.hea$/ },
  { preset: 'bidmc', pattern: /(^|\/)bidmc\d+\.hea$/ },
  { preset: 'mit-bih', pattern: /(^|\/)[12]\d\d\.hea$/ },
  { preset: 'bids', pattern: /(^|\/)sub-[^/_]+[/_].*\.(hea|edf|bdf|tsv(\.gz)?|txt|csv)$/ },
]
/** A few other files do not hide what an archive is. */
const enough = 0.6

/** The preset that fits the leading files best. @param files relative paths of files that may lead a record */
export function bestPreset(files: readonly string[]): ImportPreset {
  for (const { preset, pattern } of signatures) {
    if (files.length > 0 && files.filter((file) => pattern.test(file)).length >= enough * files.length) return preset
  }
  const folders = new Set(files.map((file) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '')))
  return folders.size > 1 && !folders.has('') ? 'folder-per-subject' : 'file-per-subject'
}

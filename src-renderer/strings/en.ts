import { dataset, library, picker, review, subjects } from './en/curation.ts'
import { curate, exporting, splits } from './en/curate.ts'
import { errors } from './en/errors.ts'
import { importing } from './en/import.ts'
import { labels } from './en/labels.ts'
import { connect, detect, quality, record, summary, view } from './en/recording.ts'
import { alarms, checks, warnings } from './en/safety.ts'
import { close, common, counts, facts, help, lanes, shell, status } from './en/shell.ts'

/**
 * Every word on screen, in English. Its type is the catalogue: another language has the same keys with the same parameters, or the
 * program does not compile.
 */
export const en = {
  alarms,
  checks,
  close,
  common,
  connect,
  counts,
  curate,
  dataset,
  detect,
  errors,
  exporting,
  facts,
  help,
  importing,
  labels,
  lanes,
  library,
  picker,
  quality,
  record,
  review,
  shell,
  splits,
  status,
  subjects,
  summary,
  view,
  warnings,
}

export type Strings = typeof en

import { ablation } from './en/ablation.ts'
import { crossModal } from './en/cross-modal.ts'
import { dataset, library, picker, review, subjects } from './en/curation.ts'
import { curate, exporting, splits } from './en/curate.ts'
import { errors } from './en/errors.ts'
import { identify } from './en/identify.ts'
import { importing } from './en/import.ts'
import { labels } from './en/labels.ts'
import { connect, detect, quality, record, summary, view } from './en/recording.ts'
import { report } from './en/report.ts'
import { runs } from './en/runs.ts'
import { alarms, checks, warnings } from './en/safety.ts'
import { close, common, counts, facts, help, lanes, shell, status } from './en/shell.ts'
import { charts, training } from './en/training.ts'

/**
 * Every word on screen, in English. Its type is the catalogue: another language has the same keys with the same parameters, or the
 * program does not compile.
 */
export const en = {
  ablation,
  alarms,
  charts,
  checks,
  close,
  common,
  connect,
  counts,
  crossModal,
  curate,
  dataset,
  detect,
  errors,
  exporting,
  facts,
  help,
  identify,
  importing,
  labels,
  lanes,
  library,
  picker,
  quality,
  record,
  report,
  review,
  runs,
  shell,
  splits,
  status,
  subjects,
  summary,
  training,
  view,
  warnings,
}

export type Strings = typeof en

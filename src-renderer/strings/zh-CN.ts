import type { Strings } from './en.ts'
import { ablation } from './zh-CN/ablation.ts'
import { crossModal } from './zh-CN/cross-modal.ts'
import { dataset, library, picker, review, subjects } from './zh-CN/curation.ts'
import { curate, exporting, splits } from './zh-CN/curate.ts'
import { errors } from './zh-CN/errors.ts'
import { identify } from './zh-CN/identify.ts'
import { importing } from './zh-CN/import.ts'
import { labels } from './zh-CN/labels.ts'
import { connect, detect, quality, record, summary, view } from './zh-CN/recording.ts'
import { report } from './zh-CN/report.ts'
import { runs } from './zh-CN/runs.ts'
import { alarms, checks, warnings } from './zh-CN/safety.ts'
import { close, common, counts, facts, help, lanes, shell, status } from './zh-CN/shell.ts'
import { charts, training } from './zh-CN/training.ts'

/** Every word on screen, in Simplified Chinese. */
export const zhCN = {
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
} satisfies Strings

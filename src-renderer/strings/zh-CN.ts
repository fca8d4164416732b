import type { Strings } from './en.ts'
import { dataset, library, picker, review, subjects } from './zh-CN/curation.ts'
import { curate, exporting, splits } from './zh-CN/curate.ts'
import { errors } from './zh-CN/errors.ts'
import { importing } from './zh-CN/import.ts'
import { labels } from './zh-CN/labels.ts'
import { connect, detect, quality, record, summary, view } from './zh-CN/recording.ts'
import { alarms, checks, warnings } from './zh-CN/safety.ts'
import { close, common, counts, facts, help, lanes, shell, status } from './zh-CN/shell.ts'

/** Every word on screen, in Simplified Chinese. */
export const zhCN = {
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
} satisfies Strings

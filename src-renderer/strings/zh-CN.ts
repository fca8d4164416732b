import type { Strings } from './en.ts'
import { dataset, library, picker, review, subjects } from './zh-CN/curation.ts'
import { errors } from './zh-CN/errors.ts'
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
  dataset,
  detect,
  errors,
  facts,
  help,
  lanes,
  library,
  picker,
  quality,
  record,
  review,
  shell,
  status,
  subjects,
  summary,
  view,
  warnings,
} satisfies Strings

import type { ExportReport, Recording } from '../contract/index.ts'
import type { StoredSignals } from '../dataset/stored-signals.ts'
import type { WfdbWriteFormat } from '../formats/wfdb-signal.ts'
import type { ExportFolder } from './export-folder.ts'
import type { ExportLabels } from './export-labels.ts'
import type { ExportEntry } from './export-plan.ts'

/** One recording on its way out. */
export interface RecordingExport {
  readonly out: ExportFolder
  readonly item: ExportEntry
  readonly recording: Recording
  readonly stored: StoredSignals
  /** Of signals.dat: an imported file's samples may need more bits than its lanes claim. */
  readonly format: WfdbWriteFormat
  readonly labels: ExportLabels
  readonly keepDates: boolean
  readonly signal?: AbortSignal
  /** Values that the format cannot hold as they are. */
  readonly changed: ExportReport['changed']
}

/** What a header's comments say: nothing about the person but the code. */
export function plainFacts({ item, recording, keepDates }: Pick<RecordingExport, 'item' | 'recording' | 'keepDates'>): string[] {
  const { entry, name, session, day, order } = item
  const whole = entry.spans.length === 1 && entry.spans[0].from === 0 && entry.spans[0].to === recording.rows
  return [
    `subject: ${entry.subject}`,
    `session: ${session}`,
    `recording: ${name}`,
    `day: ${day ?? 'unknown'}${day === null ? '' : ` (since the subject's first recording), place ${order} of that day`}`,
    ...(keepDates || day === null ? [] : ['dates: day 0 is written as 1 January 1985, and the place within the day as minutes; the true ones are not given']),
    `device: ${recording.device.profile} (${recording.device.protocol})`,
    `rows kept: ${whole ? 'all' : item.entry.spans.map(({ from, to }) => `${from}-${to}`).join(' ')}${whole ? '' : '; the others hold the invalid code'}`,
  ]
}
